#include "base/text.h"
#include "probe/rewrite.h"

enum sonde_rewrite_grade sonde_rewrite_of(const struct sonde_rewrite *w, enum sonde_row_id row)
{
	unsigned shape = sonde_rows[row].shape;

	for (unsigned i = 0; i < w->n; i++)
		if (w->finding[i].is == SONDE_REWRITE_FIELD && w->finding[i].row == row)
			return (enum sonde_rewrite_grade)w->finding[i].grade;
	for (unsigned d = 0; d < w->layers; d++)
		if (w->shape[d] == shape)
			return w->seen[d] >> (row - sonde_shapes[shape].row) % 32 & 1
				       ? SONDE_REWRITE_SAME
				       : SONDE_REWRITE_NONE;
	return SONDE_REWRITE_NONE;
}

static const uint16_t translated[] = {
	SONDE_ROW_ip_src,	SONDE_ROW_ip_dst,	  SONDE_ROW_ipv6_src,  SONDE_ROW_ipv6_dst,
	SONDE_ROW_udp_sport,	SONDE_ROW_udp_dport,	  SONDE_ROW_tcp_sport, SONDE_ROW_tcp_dport,
	SONDE_ROW_icmp_echo_id, SONDE_ROW_icmpv6_echo_id,
};

enum sonde_rewrite_nat sonde_rewrite_nat(const struct sonde_rewrite *w)
{
	enum sonde_rewrite_nat is = w->sum == SONDE_REWRITE_SUM_UNEXPLAINED
					    ? SONDE_REWRITE_NAT_INFERRED
					    : SONDE_REWRITE_NAT_UNKNOWN;

	for (unsigned i = 0; i < sizeof translated / sizeof *translated; i++) {
		enum sonde_rewrite_grade g = sonde_rewrite_of(w, translated[i]);

		if (g == SONDE_REWRITE_CERTAIN)
			return SONDE_REWRITE_NAT_CERTAIN;
		if (g == SONDE_REWRITE_SAME && is == SONDE_REWRITE_NAT_UNKNOWN)
			is = SONDE_REWRITE_NAT_NONE;
	}
	return is;
}

const char *sonde_rewrite_name(const struct sonde_rewrite_finding *f, char *buf, size_t cap)
{
	char text[sizeof "option 255" + SONDE_TEXT_SLACK], *o = text;

	switch (f->is) {
	case SONDE_REWRITE_FIELD: return sonde_rows[f->row].name;
	case SONDE_REWRITE_OPTIONS: return "options";
	case SONDE_REWRITE_PAYLOAD: return "payload";
	case SONDE_REWRITE_UNSEEN: return "not quoted";
	}
	if (f->shape != SONDE_NONE)
		return sonde_shapes[f->shape].title;
	if (!cap)
		return "";
	o = sonde_put_dec(SONDE_PUT_LIT(o, "option "), f->kind);
	*o = 0;
	memcpy(buf, text, (size_t)(o - text) < cap ? (size_t)(o - text) + 1 : cap);
	buf[cap - 1] = 0;
	return buf;
}

/* clang-format off */
const char *sonde_rewrite_grade_text(enum sonde_rewrite_grade grade)
{
	switch (grade) {
	case SONDE_REWRITE_NONE: return "not quoted";
	case SONDE_REWRITE_SAME: return "same";
	case SONDE_REWRITE_SWAPPED: return "byte order";
	case SONDE_REWRITE_INFERRED: return "inferred";
	case SONDE_REWRITE_CERTAIN: return "certain";
	}
	return "";
}

const char *sonde_rewrite_nat_text(enum sonde_rewrite_nat nat)
{
	switch (nat) {
	case SONDE_REWRITE_NAT_UNKNOWN: return "neither addresses nor ports are quoted";
	case SONDE_REWRITE_NAT_NONE: return "none seen; a good NAT hides itself";
	case SONDE_REWRITE_NAT_INFERRED: return "only the checksum tells of one";
	case SONDE_REWRITE_NAT_CERTAIN: return "an address, a port or an identifier was changed";
	}
	return "";
}
/* clang-format on */

const char *sonde_rewrite_ttl_text(int16_t ttl)
{
	return ttl == -1 || ttl == 1 ? NULL
	       : ttl		     ? "quoted before it was counted down, or from inside a tunnel"
				     : "zero-TTL forwarding: the router before passed it on with 0";
}
