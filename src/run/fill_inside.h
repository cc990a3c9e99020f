#ifndef SONDE_RUN_FILL_INSIDE_H
#define SONDE_RUN_FILL_INSIDE_H

/* The inside of run/fill.h: a packet that is being filled in. */

#include "run/fill.h"

struct sonde_filling {
	struct sonde_craft *c;
	const struct sonde_fill_plan *plan;
	struct sonde_fill *f;
	struct sonde_draft d; /* the first packet */
	uint8_t *room;
	uint64_t random;
	int ip, arp; /* the outermost header of IP, of addresses of ARP; -1: there is none */
	unsigned n;  /* headers up to the first that quotes */
};

static inline enum sonde_shape sonde_filling_layer(const struct sonde_filling *g, int i)
{
	return i < 0 ? SONDE_NONE : sonde_craft_layer(g->c, (unsigned)i);
}

static inline bool sonde_filling_says(const struct sonde_filling *g, int i, enum sonde_row_id row)
{
	return sonde_craft_says(g->c, (unsigned)i, row);
}

static inline void sonde_filling_say(struct sonde_filling *g, int i, enum sonde_row_id row,
				     sonde_wide value)
{
	if (!sonde_filling_says(g, i, row))
		sonde_craft_say(g->c, (unsigned)i, row, value);
}

/* ---- fill_chance.c: what nobody needs to be asked for, from the seed ---- */

/* Numbers that tell this run's packets from others'. */
void sonde_filling_numbers(struct sonde_filling *g);

/* Source ports; the outermost is kept from others, where the address is ours. */
void sonde_filling_ports(struct sonde_filling *g);

/* The row of the source port of that header; ret_protocol: IPPROTO_ number, 0 where no socket can
 * hold it. False: it has no ports. */
bool sonde_filling_port(enum sonde_shape shape, enum sonde_row_id *ret_row, int *ret_protocol);

/* ---- fill_socket.c: which socket sends it just so ---- */

/* Why a raw socket would not; static. NULL: it would. */
const char *sonde_filling_needs_link(const struct sonde_filling *g);
extern const char sonde_filling_together[]; /* one of them */

/* Whether this machine drops what comes to it from itself by that socket. */
bool sonde_filling_is_deaf(const struct sonde_fill *f);

#endif
