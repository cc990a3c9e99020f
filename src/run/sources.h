#ifndef SONDE_RUN_SOURCES_H
#define SONDE_RUN_SOURCES_H

/* All that a live run listens to, merged: the tracer, the kernel's socket diagnosis, packets from
 * a capture where the tracer sees none, and the run itself. */

#include "capture/live.h"
#include "life/merge.h"
#include "sys/diag.h"
#include "sys/tracer.h"

struct sonde_sources {
	struct sonde_tracer *tracer;
	struct sonde_diag *diag; /* NULL: not allowed; less is known then */
	struct sonde_live *wire; /* NULL: the tracer sees packets, or nobody does */
	struct sonde_merge merge;
	uint64_t lost;		     /* told so far */
	int passed;		     /* why BPF was passed over, or 0 */
	uint8_t port[2][65536 / 8];  /* local ones of followed sockets: TCP, UDP */
	uint8_t asked[2][65536 / 8]; /* ports of listeners that were there before: IPv4, IPv6 */
	int wire_error;		     /* why there are no packets, or 0 */
};

/* Needs privilege only here. clock: realtime minus monotonic, ns. *ret_why as sonde_tracer_open. 0,
 * or the tracer's reason for which nothing can be watched. */
int sonde_sources_open(struct sonde_sources *s, struct sonde_arena *arena,
		       const struct sonde_tracer_plan *plan, int64_t clock);

/* An event of the run itself, now. text is copied; what the kind does not use is 0. */
void sonde_sources_tell(struct sonde_sources *s, const struct sonde_event *e, const void *text,
			size_t len);

/* What this run cannot see, and the names that are known. */
void sonde_sources_tell_limits(struct sonde_sources *s);

/* Takes in all that is there, without waiting. Returns the watermark: what is older than this is
 * complete. It is read before the sources are: whoever takes the processor from us makes nothing
 * late. */
sonde_ns sonde_sources_read(struct sonde_sources *s);

/* 1: the oldest item up to the watermark, borrowed until the next call; 0: none is due. */
int sonde_sources_pop(struct sonde_sources *s, sonde_ns watermark, struct sonde_item *ret);

/* Lets everybody go on unharmed. */
void sonde_sources_close(struct sonde_sources *s);

#endif
