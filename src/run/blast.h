#ifndef SONDE_RUN_BLAST_H
#define SONDE_RUN_BLAST_H

/* Packets one after the other, as many as are asked for, at the rate that is asked for: from a spec
 * or from whoever has them, such as a file. The loop behind sonde craft. */

#include <poll.h>

#include "base/bytes.h"
#include "base/record.h"
#include "base/time.h"
#include "packet/craft.h"
#include "sys/sender.h"

/* The n-th packet, from 0, borrowed until the next is asked for. *ret_due is 0 and may be set: when
 * it is to leave, since the first one, where the plan has neither interval nor rate. 1; 0: there
 * are no more; or why the run ends. */
typedef int (*sonde_blast_source)(void *arg, uint64_t n, struct sonde_bytes *ret,
				  sonde_ns *ret_due);

struct sonde_blast_plan {
	const struct sonde_craft *craft; /* what is sent, turn by turn; NULL: */
	sonde_blast_source source;	 /* ... from there */
	uint64_t seed;
	const struct sonde_craft_vars *vars; /* of the craft; NULL */
	uint64_t first;			     /* turn, of the craft */
	uint64_t count;			     /* turns, or packets of a source; 0: without end */
	sonde_ns interval;		     /* from one to the next; 0: */
	double rate; /* ... so many a second; 0: as fast as can be, or when a source says */
	/* What else is waited for between packets: heard is called when one of fds is ready, and
	 * again and again in a run that never waits. Below 0: the run ends, and returns that. */
	struct pollfd *fds;
	unsigned n;
	int (*heard)(void *arg);
	/* Told of each packet in the order in which it goes, when it is about to: turn, bytes,
	 * CLOCK_MONOTONIC. Makes each packet a system call of its own. May be NULL. */
	void (*told)(void *arg, uint64_t turn, struct sonde_bytes packet, sonde_ns now);
	void *arg;
};

/* clang-format off */
#define SONDE_BLAST_COLUMNS(C, x) \
	C(x, sockets, TEXT, "", "what was sent by: raw socket, packet socket or AF_XDP") \
	C(x, sent, UINT, "", "packets that the kernel took") \
	C(x, bytes, UINT, "bytes", "of these") \
	C(x, refused, UINT, "", "packets that it did not take") \
	C(x, error, TEXT, "", "why the first of these was refused") \
	C(x, waits, UINT, "", "how often the kernel had no room at first") \
	C(x, duration_ns, UINT, "ns", "from the first packet until the last one was sent") \
	C(x, rate, UINT, "", "packets a second, between the first and the last")
/* clang-format on */

struct sonde_blast_record {
	SONDE_BLAST_COLUMNS(SONDE_MEMBER, )
};
extern const struct sonde_schema sonde_blast_schema;

struct sonde_blast_end {
	struct sonde_blast_record record;
	uint64_t turns; /* that were encoded; of a spec with fragments there are more packets */
	int refused;	/* the first -errno of what was refused; 0: nothing was */
	bool molded;	/* by the fast way, packet/mold.h */
};

/* Sends until the count is reached, the source has no more, or a signal asks for the end
 * (sys/sleep.h, which the caller has begun). 0, or why it ended before that: what source or heard
 * returned; as sonde_craft_encode; -ENETDOWN, -ENODEV, -ENXIO, -EPERM: the interface or the right
 * is gone. ret is set in any case. */
int sonde_blast_run(const struct sonde_blast_plan *plan, struct sonde_sender *s,
		    struct sonde_blast_end *ret);

#endif
