#ifndef SONDE_PROBE_SAY_H
#define SONDE_PROBE_SAY_H

/* Records of a ping as lines for people, in the form that ping(8) of iputils has. Names are
 * escaped.
 */

#include "base/cell.h"
#include "base/text.h"
#include "base/time.h"
#include "probe/ping.h"

struct sonde_say_look {
	bool several;		    /* each line says which target it is about */
	bool numeric;		    /* no name beside the address of who answers */
	bool split;		    /* behind the time, what it was before and after */
	bool stamp;		    /* [seconds since 1970] in front */
	int64_t wall;		    /* since 1970 at the run's start, ns */
	const char *const *palette; /* sonde_palette, or NULL */
};

/* "PING localhost (127.0.0.1) 56(84) bytes of data." */
void sonde_say_head(struct sonde_text *t, const struct sonde_ping *p);

/* What happened to a probe; nothing for one that is lost, as ping has it, unless told_lost. */
void sonde_say_probe(struct sonde_text *t, const struct sonde_probe_record *r,
		     const struct sonde_say_look *look, bool told_lost);

/* The statistics of one target: those of ping, and below them what it does not tell. took: ns. */
void sonde_say_target(struct sonde_text *t, const struct sonde_target_record *r, sonde_ns took);

/* "3/5 packets, 40% loss, min/avg/max = ...", for a glance in between. */
void sonde_say_glance(struct sonde_text *t, const struct sonde_target_record *r);

/* A row of the table of many targets; the grid begins with sonde_say_table. */
void sonde_say_table(struct sonde_grid *g, struct sonde_arena *a);
void sonde_say_row(struct sonde_grid *g, const struct sonde_target_record *r);

/* Round trips in bars, from the least to the greatest, in at most `rows` lines of `width` columns.
 */
void sonde_say_histogram(struct sonde_text *t, const struct sonde_stats *s, unsigned rows,
			 unsigned width);

#endif
