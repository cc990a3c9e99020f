#include "packet/line.h"
#include "packet/option.h"

enum { CHUNKS_MOST = 16 }; /* that a line shows */

static char *data(char *o, const struct sonde_sctp_data *h)
{
	uint8_t flags = sonde_sctp_data_flags(h);

	o = sonde_line_say(o, flags & 4 ? " (U)" : " ");
	o = sonde_line_say(o, flags & 2 ? "(B)" : "");
	o = sonde_line_say(o, flags & 1 ? "(E)" : "");
	o = sonde_line_number(o, " [TSN: ", sonde_sctp_data_tsn(h));
	o = sonde_line_number(o, "] [SID: ", sonde_sctp_data_stream(h));
	o = sonde_line_number(o, "] [SSEQ ", sonde_sctp_data_ssn(h));
	o = sonde_put_hex(sonde_line_say(o, "] [PPID 0x"), sonde_sctp_data_ppid(h));
	return sonde_line_say(o, "]");
}

static char *chunk(char *o, const struct sonde_option *opt)
{
	static const char *const names[] = {
		"DATA",	 "INIT",     "INIT ACK",	  "SACK",   "HB REQ",	   "HB ACK",
		"ABORT", "SHUTDOWN", "SHUTDOWN ACK",	  "OP ERR", "COOKIE ECHO", "COOKIE ACK",
		"ECNE",	 "CWR",	     "SHUTDOWN COMPLETE", "AUTH",
	};
	const void *h = opt->at;
	const struct sonde_sctp_init *init = h; /* an answer to it looks the same */
	const struct sonde_sctp_sack *sack = h;
	enum sonde_shape shape = sonde_option_shape(SONDE_FAMILY_sctpchunk, opt->kind);

	o = sonde_line_say(o, "[");
	o = opt->kind < sizeof names / sizeof *names
		    ? sonde_line_say(o, names[opt->kind])
		    : sonde_put_hex(sonde_line_say(o, "Unknown chunk type: 0x"), opt->kind);
	o = sonde_line_say(o, "]");
	if (shape == SONDE_NONE || opt->len < sonde_shapes[shape].bytes)
		return o;
	switch (shape) {
	case SONDE_sctp_data: return data(o, h);
	case SONDE_sctp_sack:
		o = sonde_line_number(o, " [cum ack ", sonde_sctp_sack_tsn(sack));
		o = sonde_line_number(o, "] [a_rwnd ", sonde_sctp_sack_rwnd(sack));
		o = sonde_line_number(o, "] [#gap acks ", sonde_sctp_sack_gaps(sack));
		o = sonde_line_number(o, "] [#dup tsns ", sonde_sctp_sack_dups(sack));
		break;
	default:
		o = sonde_line_number(o, " [init tag: ", sonde_sctp_init_tag(init));
		o = sonde_line_number(o, "] [rwnd: ", sonde_sctp_init_rwnd(init));
		o = sonde_line_number(o, "] [OS: ", sonde_sctp_init_out(init));
		o = sonde_line_number(o, "] [MIS: ", sonde_sctp_init_in(init));
		o = sonde_line_number(o, "] [init TSN: ", sonde_sctp_init_tsn(init));
	}
	return sonde_line_say(o, "]");
}

char *sonde_line_sctp(char *o, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_sctp, h + p->layer[d].head };
	struct sonde_option opt;
	uint32_t n = 0;

	o = sonde_line_say(o, "sctp");
	while (n < CHUNKS_MOST && sonde_option_next(&w, SONDE_FAMILY_sctpchunk, &opt)) {
		o = sonde_line_number(o, " (", ++n);
		o = chunk(sonde_line_say(o, ") "), &opt);
	}
	return w.at < w.to && n == CHUNKS_MOST ? sonde_line_say(o, " ...") : o;
}
