#include "packet/line.h"
#include "packet/option.h"

static char *cookie(char *o, const uint8_t *at, uint32_t len)
{
	if (!len)
		return sonde_line_say(o, " cookiereq");
	o = sonde_line_say(o, " cookie ");
	for (uint32_t i = 0; i < len; i++, o += 2)
		memcpy(o, &sonde_text_tables.hex2[2 * at[i]], 2);
	return o;
}

/* Options that have a name and no fields here: RFC 2385, RFC 5925, RFC 8684 section 3, RFC 7413
 * section 4.1.1 and its experiment, RFC 6994. Any other has its number. */
static char *rare_option(char *o, const struct sonde_option *opt)
{
	enum { MD5 = 19, AO = 29, MPTCP = 30, TFO = 34, EXPERIMENT = 254, TFO_MAGIC = 0xf989 };
	static const char *const mptcp[] = { " capable",  " join",	 " dss",
					     " add-addr", " rem-addr",	 " prio",
					     " fail",	  " fast-close", " tcprst" };
	const uint8_t *h = opt->at;

	if (opt->kind == MD5 && opt->len == 18)
		return sonde_line_say(o, "md5");
	if (opt->kind == AO && opt->len >= 4)
		return sonde_line_number(sonde_line_number(o, "tcp-ao keyid ", h[2]),
					 " rnextkeyid ", h[3]);
	if (opt->kind == MPTCP && opt->len > 2 && h[2] >> 4 < 9)
		return sonde_line_say(sonde_line_number(o, "mptcp ", opt->len), mptcp[h[2] >> 4]);
	if (opt->kind == TFO)
		return cookie(sonde_line_say(o, "tfo"), h + 2, opt->len - 2);
	if (opt->kind == EXPERIMENT && opt->len >= 4 && sonde_load(h + 2, 2) == TFO_MAGIC)
		return cookie(sonde_line_say(o, "exp-tfo"), h + 4, opt->len - 4);
	return sonde_line_number(o, "unknown-", opt->kind);
}

/* ack: what the blocks of a sack option count from. */
static char *tcp_option(char *o, const struct sonde_option *opt, uint32_t ack)
{
	enum sonde_shape shape = sonde_option_shape(SONDE_FAMILY_tcpopt, opt->kind);
	const void *h = opt->at;

	if (opt->kind == 1)
		return sonde_line_say(o, "nop");
	if (shape == SONDE_NONE || opt->len < sonde_shapes[shape].bytes)
		return rare_option(o, opt);
	switch (shape) {
	case SONDE_tcp_mss: return sonde_line_number(o, "mss ", sonde_tcp_mss_val(h));
	case SONDE_tcp_wscale: return sonde_line_number(o, "wscale ", sonde_tcp_wscale_shift(h));
	case SONDE_tcp_sackok: return sonde_line_say(o, "sackOK");
	case SONDE_tcp_ts:
		o = sonde_line_number(o, "TS val ", sonde_tcp_ts_val(h));
		return sonde_line_number(o, " ecr ", sonde_tcp_ts_ecr(h));
	default: break;
	}
	o = sonde_line_number(o, "sack ", (opt->len - 2) / SONDE_BYTES_tcp_sack_block);
	*o++ = ' ';
	for (uint32_t at = 2; at + SONDE_BYTES_tcp_sack_block <= opt->len;
	     at += SONDE_BYTES_tcp_sack_block) {
		const void *b = opt->at + at;

		o = sonde_line_number(o, "{", sonde_tcp_sack_block_left(b) - ack);
		o = sonde_line_number(o, ":", sonde_tcp_sack_block_right(b) - ack);
		*o++ = '}';
	}
	return o;
}

static char *tcp_options(char *o, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_tcp, h + p->layer[d].head };
	struct sonde_option opt;

	o = sonde_line_say(o, ", options [");
	while (sonde_option_next(&w, SONDE_FAMILY_tcpopt, &opt)) {
		o = tcp_option(o, &opt, p->start.ack);
		*o++ = ',';
	}
	if (w.at < w.to)
		o = *w.at ? sonde_line_say(o, "bad,") : sonde_line_say(o, "eol,");
	o[-1] = ']';
	return o;
}

/* The letters of the low and of the high four flags, in every combination. */
static const char low_flags[16][5] = { "",  "F",  "S",	"FS",  "R",  "FR",  "SR",  "FSR",
				       "P", "FP", "SP", "FSP", "RP", "FRP", "SRP", "FSRP" };
static const char high_flags[16][5] = { "",  ".",  "U",	 ".U",	"E",  ".E",  "UE",  ".UE",
					"W", ".W", "UW", ".UW", "EW", ".EW", "UEW", ".UEW" };

/* What a segment carries whose options are not all captured: its header says how long they are. */
static uint32_t cut_body(const struct sonde_packet *p, unsigned d, uint32_t len)
{
	uint32_t head = sonde_tcp_doff(sonde_header(p, d, tcp)) * 4u;

	return d + 1 == p->n && head > p->layer[d].head && head <= sonde_line_total(p, d)
		       ? sonde_line_total(p, d) - head
		       : len;
}

char *sonde_line_tcp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_tcp *tcp = sonde_header(p, d, tcp);
	uint32_t len = sonde_line_body(p, d), seq = sonde_tcp_seq(tcp) - p->start.seq;
	uint32_t flags = sonde_tcp_flags(tcp);
	uint8_t flag = (uint8_t)flags;
	bool ae = flags & 0x100; /* accurate ECN, RFC 9768 section 3.1 */

	if (__builtin_expect(p->stop == SONDE_STOP_TRUNCATED, 0))
		len = cut_body(p, d, len);
	o = sonde_line_say(o, "Flags [");
	o = sonde_line_say(o, flag || ae ? low_flags[flag & 15] : "none");
	o = sonde_line_say(o, high_flags[flag >> 4]);
	if (ae)
		*o++ = 'e';
	*o++ = ']';
	if (len || flag & 7) { /* SYN, FIN, RST */
		o = sonde_line_number(o, ", seq ", seq);
		if (len)
			o = sonde_line_number(o, ":", seq + len);
	}
	if (sonde_tcp_ack(tcp))
		o = sonde_line_number(o, ", ack ", sonde_tcp_ackseq(tcp) - p->start.ack);
	o = sonde_line_number(o, ", win ", sonde_tcp_win(tcp));
	if (sonde_tcp_urg(tcp))
		o = sonde_line_number(o, ", urg ", sonde_tcp_urp(tcp));
	if (p->layer[d].head > SONDE_BYTES_tcp)
		o = tcp_options(o, p, d);
	o = sonde_line_number(o, ", length ", len);
	return d + 1 < p->n ? sonde_line_app(o, p, d + 1) : o;
}
