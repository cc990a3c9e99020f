#include "packet/value.h"

#include "base/date.h"

enum { ROOM = 64 };

/* With as many digits as the field can hold. */
static char *hex(char *o, uint64_t v, unsigned bits)
{
	unsigned digits = bits ? (bits + 3) / 4 : 1;

	o = sonde_put_str(o, "0x");
	while (digits < 16 && v >> 4 * digits)
		digits++;
	while (digits--)
		*o++ = "0123456789abcdef"[v >> 4 * digits & 15];
	return o;
}

static void octets(struct sonde_text *t, const uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		char *o = sonde_text_room(t, 4);

		if (i)
			*o++ = ':';
		memcpy(o, sonde_text_tables.hex2 + 2 * at[i], 2);
		sonde_text_end(t, o + 2);
	}
}

void sonde_value_print(struct sonde_text *t, const struct sonde_field *f)
{
	const struct sonde_row *r = &sonde_rows[f->row];
	char *o = sonde_text_room(t, ROOM);
	uint8_t ip[4];

	switch ((enum sonde_form)r->form) {
	case SONDE_FORM_DEC:
	case SONDE_FORM_X4: o = sonde_put_dec(o, f->number); break;
	case SONDE_FORM_HEX: o = hex(o, f->number, r->bits); break;
	case SONDE_FORM_FLAG: o = sonde_put_str(o, f->number ? "true" : "false"); break;
	case SONDE_FORM_IP4:
		sonde_store(ip, 4, f->number);
		o = sonde_put_ip4(o, ip);
		break;
	case SONDE_FORM_IP6: o = sonde_put_ip6(o, f->octets); break;
	case SONDE_FORM_TIME: o = sonde_date_put(o, (int64_t)f->number); break;
	case SONDE_FORM_TEXT: sonde_text_escape(t, f->octets, f->octets_len); return;
	default: octets(t, f->octets, f->octets_len); return;
	}
	sonde_text_end(t, o);
}
