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

static char *tcp_sack(char *o, const struct sonde_option *opt, uint32_t ack)
{
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

static char *tcp_stamps(char *o, const struct sonde_tcp_ts *h)
{
	o = sonde_line_number(o, "TS val ", sonde_tcp_ts_val(h));
	return sonde_line_number(o, " ecr ", sonde_tcp_ts_ecr(h));
}

/* ack: what the blocks of a sack option count from. */
static char *tcp_option(char *o, const struct sonde_option *opt, uint32_t ack)
{
	const void *h = opt->at;

	switch (opt->kind) {
	case 1: return sonde_line_say(o, "nop");
	case SONDE_KIND_tcp_mss:
		if (opt->len < SONDE_BYTES_tcp_mss)
			break;
		return sonde_line_number(o, "mss ", sonde_tcp_mss_val(h));
	case SONDE_KIND_tcp_wscale:
		if (opt->len < SONDE_BYTES_tcp_wscale)
			break;
		return sonde_line_number(o, "wscale ", sonde_tcp_wscale_shift(h));
	case SONDE_KIND_tcp_sackok: return sonde_line_say(o, "sackOK");
	case SONDE_KIND_tcp_sack: return tcp_sack(o, opt, ack);
	case SONDE_KIND_tcp_ts:
		if (opt->len < SONDE_BYTES_tcp_ts)
			break;
		return tcp_stamps(o, h);
	}
	return rare_option(o, opt);
}

static char *tcp_options(char *o, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_tcp, h + p->layer[d].head };
	struct sonde_option opt;

	/* Nearly always, RFC 7323 appendix A: nop, nop, timestamps. */
	if (w.to - w.at == 2 + SONDE_BYTES_tcp_ts && sonde_load(w.at, 4) == 0x0101080a) {
		o = tcp_stamps(sonde_line_say(o, ", options [nop,nop,"), (const void *)(w.at + 2));
		return sonde_line_say(o, "]");
	}
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

/* The letters of the low and of the high four flags, in every combination, and how many they are.
 */
static const char low_flags[16][4] = { "",  "F",  "S",	"FS",  "R",  "FR",  "SR",  "FSR",
				       "P", "FP", "SP", "FSP", "RP", "FRP", "SRP", "FSRP" };
static const char high_flags[16][4] = { "",  ".",  "U",	 ".U",	"E",  ".E",  "UE",  ".UE",
					"W", ".W", "UW", ".UW", "EW", ".EW", "UEW", ".UEW" };
static const uint8_t flags_set[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };

static char *tcp_flags(char *o, uint8_t flag)
{
	if (!flag)
		return sonde_line_say(o, "none");
	memcpy(o, low_flags[flag & 15], 4);
	o += flags_set[flag & 15];
	memcpy(o, high_flags[flag >> 4], 4);
	return o + flags_set[flag >> 4];
}

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
	o = flag || !ae ? tcp_flags(o, flag) : o;
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
