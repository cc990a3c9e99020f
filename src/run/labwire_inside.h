#ifndef SONDE_RUN_LABWIRE_INSIDE_H
#define SONDE_RUN_LABWIRE_INSIDE_H

/* What the files of labwire share: labwire.c makes the cables, labwire_carry.c says what becomes
 * of frames, labwire_control.c changes links and reads the truth. */

#include "lab/fate.h"
#include "lab/sim.h"
#include "run/labwire.h"
#include "sys/relay.h"

/* One end of a link that is carried here. */
struct sonde_labwire_end {
	int port;		/* in the relay; SONDE_RELAY_INSIDE: a sim's */
	struct sonde_sim *sim;	/* or NULL */
	struct sonde_fate fate; /* of what enters here */
};

struct sonde_labwire_line {
	struct sonde_labwire_end end[2];
	bool carried, told; /* told: its packets are in the truth */
	bool precise;
};

/* Where a port is. */
struct sonde_labwire_place {
	unsigned link, end;
};

struct sonde_labwire {
	struct sonde_arena arena;
	const struct sonde_lab *lab;
	struct sonde_labwire_line *line;   /* for each link of the lab */
	struct sonde_labwire_place *place; /* for each port */
	struct sonde_relay *relay;
	struct sonde_relay_hooks hooks;
	struct sonde_truth_ring *truth; /* or NULL */
	int netns;			/* of the far sides; -1 */
};

/* A frame came, was missed, left: hooks of the relay. */
void sonde_labwire_came(void *arg, int port, sonde_ns at, uint8_t *frame, uint32_t len);
void sonde_labwire_missed(void *arg, uint64_t n);
void sonde_labwire_left(void *arg, const void *note, sonde_ns out, int err, uint8_t *frame,
			uint32_t len);

/* Tells the relay whether all links make packets wait; after each change. */
void sonde_labwire_rest(struct sonde_labwire *w);

/* Somebody asks for a change: 0, or SONDE_LABWIRE_ENDED: nobody can ask any more. */
enum { SONDE_LABWIRE_ENDED = 1 };
int sonde_labwire_asked(void *arg, int control);

#endif
