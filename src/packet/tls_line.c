#include "packet/tls.h"

#include "packet/field.h"
#include "packet/line_app.h"

struct hearing {
	struct sonde_line *l;
	unsigned depth, protocols;
	bool said;
	uint32_t version, suite; /* of a hello */
};

static void put_words(struct sonde_line *l, enum sonde_row_id row, uint32_t v)
{
	const char *words = sonde_words(row, v);

	sonde_line_put(l, " ");
	if (words)
		sonde_line_put(l, words);
	else
		l->o = sonde_put_hex(sonde_put_str(l->o, "0x"), v);
}

static void hear_value(struct hearing *x, const struct sonde_field *f)
{
	switch (f->row) {
	case SONDE_ROW_tls_handshake_version:
	case SONDE_ROW_tls_extension_version: x->version = (uint32_t)f->number; break;
	case SONDE_ROW_tls_handshake_suite: x->suite = (uint32_t)f->number; break;
	case SONDE_ROW_tls_extension_sni:
		sonde_line_put(x->l, " ");
		sonde_line_text(x->l, f->octets, f->octets_len);
		break;
	case SONDE_ROW_tls_protocol_name:
		sonde_line_put(x->l, x->protocols++ ? "," : " ");
		sonde_line_text(x->l, f->octets, f->octets_len);
		break;
	case SONDE_ROW_tls_alert_level:
		sonde_line_put(x->l, x->said ? ", TLS Alert" : ": TLS Alert");
		x->said = true;
		break;
	case SONDE_ROW_tls_alert_desc: put_words(x->l, f->row, (uint32_t)f->number); break;
	}
}

static void hear(void *arg, const struct sonde_field *f)
{
	struct hearing *x = arg;

	if (f->is == SONDE_FIELD_VALUE) {
		hear_value(x, f);
	} else if (f->is == SONDE_FIELD_OPEN) {
		x->depth++;
		if (f->shape != SONDE_tls_handshake)
			return;
		sonde_line_put(x->l, x->said ? ", TLS " : ": TLS ");
		sonde_line_put(x->l, f->name);
		x->said = true;
		x->suite = x->protocols = 0;
	} else if (x->depth-- == 2 && x->suite) { /* a ServerHello ends */
		put_words(x->l, SONDE_ROW_tls_version_version, x->version);
		put_words(x->l, SONDE_ROW_tls_suite_suite, x->suite);
		x->suite = 0;
	}
}

void sonde_line_tls(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	struct hearing x = { .l = l };

	if (p->byte[p->layer[d].at] != SONDE_TLS_DATA &&
	    sonde_field_each(p, d, hear, &x) == SONDE_STOP_MALFORMED)
		sonde_line_put(l, " [malformed]");
}
