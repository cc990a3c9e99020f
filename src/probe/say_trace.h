#ifndef SONDE_PROBE_SAY_TRACE_H
#define SONDE_PROBE_SAY_TRACE_H

/* A path as lines for people, in the form that traceroute(8) has, and as a table as of mtr(8).
 * Names are escaped. */

#include "base/cell.h"
#include "base/text.h"
#include "probe/trace.h"

struct sonde_say_path_look {
	/* The name of an address, borrowed until the next call; NULL: there is none. */
	const char *(*name)(void *arg, const struct sonde_address *a);
	/* "AS64500", likewise. */
	const char *(*as)(void *arg, const struct sonde_address *a);
	void *arg;
	const char *const *palette; /* sonde_palette, or NULL */
};

/* "traceroute to www.example.org (192.0.2.7), 30 hops max, 60 byte packets" */
void sonde_say_path_head(struct sonde_text *t, const struct sonde_trace *p, uint32_t host);

/* "r3.example (10.0.0.3) [AS64500]", or the address alone. */
void sonde_say_path_who(struct sonde_text *t, const struct sonde_address *a,
			const struct sonde_say_path_look *look);

/* " 3  r3.example (10.0.0.3)  1.203 ms  1.190 ms *": the queries of the last round. */
void sonde_say_path_hop(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			unsigned ttl, const struct sonde_say_path_look *look);

/* What there is to be said of hops that never answered, from this one on. */
void sonde_say_path_rest(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			 unsigned ttl);

/* Below a path, a line for each thing that is worth to be known and that the lines above do not
 * say: answers withheld, loss, changes on the way, what hops say of themselves, ways back. v: of
 * all its hops. */
void sonde_say_path_notes(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			  const struct sonde_trace_verdict *v);

/* Likewise what was found of the MTU, and that itself in the last line; nothing where nobody asked.
 */
void sonde_say_path_mtu(struct sonde_text *t, const struct sonde_trace *p, uint32_t host);

/* A row of the table for each hop; the grid begins with sonde_say_path_table. */
void sonde_say_path_table(struct sonde_grid *g, struct sonde_arena *a);
/* Its cell of the host alone: of the arena. */
const char *sonde_say_path_host(struct sonde_arena *a, const struct sonde_hop_record *r,
				const char *name);
void sonde_say_path_row(struct sonde_grid *g, const struct sonde_hop_record *r, const char *name);

#endif
