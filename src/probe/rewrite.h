#ifndef SONDE_PROBE_REWRITE_H
#define SONDE_PROBE_REWRITE_H

/* What was changed on the way: a probe as it was sent, held against what an ICMP error quotes of
 * it, field by field. What should differ is no finding: time to live and hop limit, which each hop
 * counts down (told as ttl), the checksum of the IPv4 header, and what an old BSD quotes in its own
 * byte order, which is named as such.
 *
 * A good NAT hides itself: it changes the quote back before it passes the error on. So a quote
 * without findings says that nothing was seen, not that nothing was changed.
 */

#include "packet/packet.h"

enum { SONDE_REWRITE_MOST = 48 };

enum sonde_rewrite_is {
	SONDE_REWRITE_FIELD,   /* row; sent, quoted */
	SONDE_REWRITE_CHANGED, /* an option: kind; its bytes */
	SONDE_REWRITE_REMOVED, /* kind; sent alone */
	SONDE_REWRITE_ADDED,   /* kind; quoted alone */
	SONDE_REWRITE_OPTIONS, /* all of a header together, which say the same in another way, or
				* nonsense */
	SONDE_REWRITE_PAYLOAD, /* behind the headers: at; sent and quoted are its first other byte
				*/
	SONDE_REWRITE_UNSEEN,  /* something that is not quoted, or was changed back: the quoted
				* checksum was made for other bytes. row is the checksum's; sent is
				* what it would have to be, quoted what it is */
};

enum sonde_rewrite_grade {
	SONDE_REWRITE_NONE,	/* not quoted: nothing is known */
	SONDE_REWRITE_SAME,	/* quoted, and as it was sent */
	SONDE_REWRITE_SWAPPED,	/* quoted in the other byte order, and so not changed */
	SONDE_REWRITE_INFERRED, /* only a checksum tells */
	SONDE_REWRITE_CERTAIN,	/* quoted, and different */
};

struct sonde_rewrite_finding {
	uint8_t is;	       /* enum sonde_rewrite_is */
	uint8_t grade;	       /* enum sonde_rewrite_grade, from SWAPPED on */
	uint8_t shape;	       /* of the header it is in */
	uint8_t kind;	       /* of an option */
	uint16_t row;	       /* enum sonde_row_id; its form says how a number is shown */
	uint32_t at;	       /* PAYLOAD: bytes from its start */
	uint64_t sent, quoted; /* as they are shown: bytes for SONDE_FORM_X4 */
	struct sonde_bytes sent_bytes, quoted_bytes; /* of rows that are octets, and of options;
						      * borrowed from what was compared */
};

/* What the checksum of the transport says. */
enum sonde_rewrite_sum {
	SONDE_REWRITE_SUM_UNKNOWN,     /* not quoted, none, or not right when it was sent */
	SONDE_REWRITE_SUM_KEPT,	       /* as it was sent, and what it covers too */
	SONDE_REWRITE_SUM_STALE,       /* as it was sent, though what it covers was changed */
	SONDE_REWRITE_SUM_MADE,	       /* made anew, and it fits what is quoted */
	SONDE_REWRITE_SUM_UNEXPLAINED, /* made anew, for something else than is quoted */
};

struct sonde_rewrite {
	struct sonde_rewrite_finding finding[SONDE_REWRITE_MOST];
	uint8_t n;
	bool more;	/* there were more findings than that */
	uint8_t sum;	/* enum sonde_rewrite_sum */
	int16_t ttl;	/* or hop limit, as the quoting router had it; -1: not quoted */
	uint8_t layers; /* of the probe that were compared */
	uint8_t shape[SONDE_LAYERS];
	uint32_t seen[SONDE_LAYERS]; /* the rows of each that are wholly quoted, as in
				      * sonde_verdict */
};

/* sent is the whole IP packet as it left, with what the kernel filled in; quote what came back of
 * it, from its IP header on, cut anywhere. padded: zeros at its end may be filling and are not
 * taken for quoted (RFC 4884 section 5.1). Both are borrowed as long as *ret is used. Never fails:
 * what is no IP packet has no findings. RFC 792 page 4, RFC 4443 section 3. */
void sonde_rewrite_find(struct sonde_rewrite *ret, struct sonde_bytes sent,
			struct sonde_bytes quote, bool padded);

/* What is known of a field of the probe. A row that is in several of its headers: of the outermost
 * of them. */
enum sonde_rewrite_grade sonde_rewrite_of(const struct sonde_rewrite *w, enum sonde_row_id row);

enum sonde_rewrite_nat {
	SONDE_REWRITE_NAT_UNKNOWN,  /* neither addresses nor ports are quoted */
	SONDE_REWRITE_NAT_NONE,	    /* none seen */
	SONDE_REWRITE_NAT_INFERRED, /* only the checksum tells */
	SONDE_REWRITE_NAT_CERTAIN,  /* an address, a port or an ICMP identifier is another */
};
enum sonde_rewrite_nat sonde_rewrite_nat(const struct sonde_rewrite *w);

/* "ip.dsfield.dscp", "mss", "option 253", "payload", "not quoted". buf is of cap bytes and is used
 * where nothing static says it. */
const char *sonde_rewrite_name(const struct sonde_rewrite_finding *f, char *buf, size_t cap);

/* Phrases. Static, never NULL but the last, which is NULL for the 1 that each router should see
 * when it answers that time was exceeded, and for -1. */
const char *sonde_rewrite_grade_text(enum sonde_rewrite_grade grade);
const char *sonde_rewrite_nat_text(enum sonde_rewrite_nat nat);
const char *sonde_rewrite_ttl_text(int16_t ttl);

#endif
