#ifndef SONDE_RUN_CRAFT_INSIDE_H
#define SONDE_RUN_CRAFT_INSIDE_H

/* The parts of a run of sonde craft. */

#include "packet/craft.h"
#include "run/craft.h"
#include "run/craft_say.h"
#include "run/fill.h"
#include "sys/crew.h"

enum { SONDE_CRAFTING_ROOM = 1 << 17 };

struct sonde_crafting {
	const struct sonde_craft_plan *plan;
	struct sonde_craft_end *end;
	struct sonde_arena arena;
	struct sonde_craft *craft;
	struct sonde_fill fill;
	struct sonde_craft_say say;
	uint64_t count;		     /* packets; UINT64_MAX: no end */
	sonde_ns gap;		     /* between two of them */
	uint64_t at;		     /* of the packet that is shown */
	sonde_ns when;		     /* and when it left */
	struct sonde_sender *sender; /* NULL: nothing is sent */
	struct sonde_sender
		*beside[SONDE_CREW_MOST]; /* of a flood, one for each further processor */
	unsigned besides;
	struct sonde_guard *guard; /* NULL: the kernel resets what it does not know */
	struct sonde_live *tap;	   /* NULL: nobody listens */
};

/* The packet of that turn, whole, into room for SONDE_CRAFTING_ROOM bytes. Its length, or as
 * sonde_craft_encode. */
int sonde_crafting_make(const struct sonde_crafting *r, uint64_t n, uint8_t *room,
			struct sonde_draft *d);

/* Tells of it, as it is sent: each fragment. when: since the run began. */
int sonde_crafting_show(struct sonde_crafting *r, uint64_t n, sonde_ns when,
			const struct sonde_draft *d);

/* craft_file.c: all of it into plan->write. */
int sonde_crafting_write(struct sonde_crafting *r);

/* craft_door.c: the tap, then what is sent by; what needs a privilege, which is given up then. As
 * sonde_live_open and sonde_sender_open. */
int sonde_crafting_open(struct sonde_crafting *r);
const char *sonde_crafting_mode(const struct sonde_crafting *r); /* "raw socket"; static */
void sonde_crafting_close(struct sonde_crafting *r);

/* craft_blast.c: many, whose answers nobody looks for. */
int sonde_crafting_blast(struct sonde_crafting *r);

/* craft_talk.c: one after the other, and what comes back. */
int sonde_crafting_talk(struct sonde_crafting *r);

#endif
