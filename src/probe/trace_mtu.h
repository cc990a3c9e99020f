#ifndef SONDE_PROBE_TRACE_MTU_H
#define SONDE_PROBE_TRACE_MTU_H

/* The largest packet that reaches each hop of a path: what is known of it, and what to ask next.
 * Sizes are those of whole packets of IP, in bytes.
 *
 * What is known are two numbers a hop: the largest size that got there, and the smallest that did
 * not. An answer from a hop is knowledge about all before it, a packet that was stopped about all
 * behind. Routers that say what the next link takes (RFC 1191, RFC 8201) are followed, not
 * believed: the size must arrive, and the next larger one must not. Where a size vanishes, while a
 * small packet to the same hop is answered, the search goes on without being told (RFC 4821, RFC
 * 8899): from the end of the path, whose MTU it is about, back to the hop behind which packets are
 * lost, and on to the hops before that.
 *
 *	ask = sonde_trace_mtu_next(m, now);		one probe is out at a time
 *	sonde_trace_mtu_reached(m, ttl, size, ...);	or _stopped, _refused, _lost: what came of
 *it mtu = sonde_trace_mtu_path(m);
 */

#include "base/address.h"
#include "base/time.h"

enum {
	SONDE_TRACE_MTU_HOPS = 64,
	SONDE_TRACE_MTU_TOP = 65535, /* the longest packet of IP */
	SONDE_TRACE_MTU_PROBES = 256,
};

/* No search takes longer than that, nor more probes. */
#define SONDE_TRACE_MTU_TIME (60 * SONDE_SECOND)

enum sonde_trace_mtu_why {			 /* a size does not get to a hop */
			   SONDE_TRACE_MTU_LINK, /* it does not fit into our own first link, or was
						    not tried */
			   SONDE_TRACE_MTU_TOLD, /* a router said so */
			   SONDE_TRACE_MTU_VANISH, /* nobody said so */
};

enum sonde_trace_mtu_doubt { /* why what a router says of its next link is not believed */
			     SONDE_TRACE_MTU_BELIEVED,
			     SONDE_TRACE_MTU_ZERO, /* it is 0, as from routers older than RFC 1191
						    */
			     SONDE_TRACE_MTU_NO_LESS, /* than what it refuses */
			     SONDE_TRACE_MTU_LEAST,  /* less than every link must take: 68, RFC 791,
							or 1280, RFC 8200 */
			     SONDE_TRACE_MTU_PASSES, /* more than that passes */
};

struct sonde_trace_mtu_hop {
	uint32_t passed;  /* the largest size known to get here; base - 1: none */
	uint32_t stopped; /* the smallest known not to */
	uint8_t why;	  /* enum sonde_trace_mtu_why, of stopped */
	uint8_t teller;	  /* TOLD: the hop that said so; 0: one that is not known */
	/* What the hop itself says of its next link. */
	bool tells;
	uint8_t doubt;	      /* enum sonde_trace_mtu_doubt */
	uint32_t told, about; /* so much, of a packet of that size */
	struct sonde_address from;
};

struct sonde_trace_mtu {
	struct sonde_trace_mtu_hop *hop; /* from 0: who is not known as a hop; to end */
	uint8_t end;			 /* the hop that the path is known to */
	uint64_t answering;		 /* hops that answer, by hop - 1 */
	uint32_t base, least; /* a small packet, which passes; what every link must take */
	uint32_t link;	      /* what our own first link takes; 0: not known */
	sonde_ns until, pause;
	unsigned probes;

	/* What is being asked. size 0: nothing. */
	uint32_t size, want; /* want: what was told, to be tried next */
	uint8_t ttl, tries, blanks;
	bool control, out; /* control: a small packet in its place */

	/* Of the end. */
	uint32_t checked; /* a size that vanished, asked again in the end */
	uint8_t passes;	  /* of hop[end].passed */
	uint8_t changes;  /* times that answers did not agree with earlier ones */
	bool mute;	  /* it answers too seldom for a search */
	bool done;
};

/* Begins. hop: room for end + 1 of them, zero, as long as m. answering: by hop - 1, with the end.
 * six: of IPv6. end 0: there is nothing to be asked. */
void sonde_trace_mtu_begin(struct sonde_trace_mtu *m, struct sonde_trace_mtu_hop *hop, unsigned end,
			   uint64_t answering, uint32_t base, bool six, sonde_ns now);

struct sonde_trace_mtu_ask {
	uint32_t size; /* to be sent now, with so many hops; 0: nothing */
	uint8_t ttl;
	sonde_ns until; /* nothing: not before that time; UINT64_MAX: not before an answer */
};

/* What to do at this moment. Once m->done is true there is nothing left. */
struct sonde_trace_mtu_ask sonde_trace_mtu_next(struct sonde_trace_mtu *m, sonde_ns now);

/* What came of a probe of this size: the hop that it was for has answered. first: this is the one
 * that is out; else it was given up for lost before. */
void sonde_trace_mtu_reached(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, bool first);

/* Somebody says that it was too big: which hop it is, or 0; mtu: what it says, 0: nothing. */
void sonde_trace_mtu_stopped(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, bool first,
			     unsigned hop, const struct sonde_address *from, uint32_t mtu);

/* It did not leave, since our first link takes no more than that; 0: it is not known how much. */
void sonde_trace_mtu_refused(struct sonde_trace_mtu *m, uint32_t mtu);

/* It was waited for in vain, or did not leave for another reason. */
void sonde_trace_mtu_lost(struct sonde_trace_mtu *m, sonde_ns now);

/* The MTU of the path to its end; 0: it could not be found, hop[end].passed gets there. */
uint32_t sonde_trace_mtu_path(const struct sonde_trace_mtu *m);

/* Whether it passed twice, and the next larger one did not, as RFC 8899 section 5 wants it. */
bool sonde_trace_mtu_is_confirmed(const struct sonde_trace_mtu *m);

/* Where packets vanish that are too big for this hop: behind the hop that is returned, 0: behind
 * ourselves; *ret_before: the first hop that they are known not to reach. -1: they do not vanish.
 */
int sonde_trace_mtu_hole(const struct sonde_trace_mtu *m, unsigned ttl, unsigned *ret_before);

/* "it does not say how much", or what is to be said of that doubt; NULL: it is believed. Static. */
const char *sonde_trace_mtu_doubt(uint8_t doubt);

#endif
