#include "packet/line_app.h"

void sonde_line_text(struct sonde_line *l, const void *at, size_t len)
{
	const uint8_t *s = at;

	while (len) {
		uint32_t c = *s;
		unsigned n = 1;

		if (l->o >= l->stop) {
			sonde_line_put(l, "...");
			return;
		}
		if (c - ' ' < 0x7f - ' ' && c != '\\') {
			*l->o++ = (char)c;
		} else if ((n = sonde_text_char(s, len, &c)) && c != '\\' &&
			   sonde_text_harmless(c)) {
			memcpy(l->o, s, n);
			l->o += n;
		} else {
			n = n ? n : 1;
			for (unsigned i = 0; i < n; i++) {
				l->o = SONDE_PUT_LIT(l->o, "\\x");
				memcpy(l->o, &sonde_text_tables.hex2[2 * s[i]], 2);
				l->o += 2;
			}
		}
		s += n;
		len -= n;
	}
}

char *sonde_line_app(char *o, const struct sonde_packet *p, unsigned d)
{
	struct sonde_line l = { o, o + SONDE_LINE_APP_MAX };
	bool tcp = d && p->layer[d - 1].shape == SONDE_tcp;

	switch (p->layer[d].shape) {
	case SONDE_dns_tcp:
		if (d + 1 == p->n)
			break;
		d++;
		tcp = true; /* fall through */
	case SONDE_dns:
		sonde_line_put(&l, tcp ? " " : ": ");
		sonde_line_dns(&l, p, d);
		break;
	}
	if (p->stop == SONDE_STOP_MORE)
		sonde_line_put(&l, " [continues]");
	return l.o;
}
