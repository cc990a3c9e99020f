#ifndef SONDE_RUN_RESEND_INSIDE_H
#define SONDE_RUN_RESEND_INSIDE_H

/* The parts of a run that sends captured packets again. */

#include "packet/alter.h"
#include "packet/match.h"
#include "run/resend.h"
#include "sys/way.h"

enum sonde_resend_wrong { /* why a packet cannot be sent */
			  SONDE_RESEND_FINE,
			  SONDE_RESEND_CUT,
			  SONDE_RESEND_FOREIGN,
			  SONDE_RESEND_LARGE,
			  SONDE_RESEND_WAYLESS,
			  SONDE_RESEND_MENDED,
			  SONDE_RESEND_WRONGS,
};

struct sonde_resend_packet {
	uint8_t *byte; /* as it is sent; in the arena */
	uint32_t len;
	sonde_ns at;	 /* since the first, never going back */
	uint64_t number; /* in the file, from 1 */
};

struct sonde_resend_way { /* to one address, asked for once */
	struct sonde_address to;
	struct sonde_way way;
	int code; /* of sonde_way_find */
	int ours; /* of a source: sonde_way_is_ours */
};

struct sonde_resend {
	const struct sonde_resend_plan *plan;
	struct sonde_resend_end *end;
	struct sonde_arena arena;
	struct sonde_match match;
	struct sonde_alter alter;
	struct sonde_way device; /* of plan->device */
	bool link;		 /* frames leave, not packets of IP */
	struct sonde_sender *sender;

	struct sonde_resend_packet *packet;
	uint64_t n;
	sonde_ns first; /* time of the first that is sent, since 1970 */

	struct sonde_resend_way *way; /* those found, the one asked last in front */
	size_t ways;

	uint64_t wrong[SONDE_RESEND_WRONGS];
	bool stranger; /* some packet goes to an address that is neither local nor private */
	bool spoofed;  /* and some of those come from an address that is not ours */
	struct sonde_resend_record count;
};

/* resend_load.c: reads the file. 0; -EINVAL: end->why tells of the first packet that cannot be
 * sent, and none may be left out, or there is none; or as a reader has it. */
int sonde_resend_load(struct sonde_resend *r);

/* resend_way.c: makes a packet of IP ready to leave: of *len bytes at byte, before which there are
 * 14 bytes of room for a header of Ethernet; *byte and *len then have it. Why that cannot be, and
 * why is set. */
enum sonde_resend_wrong sonde_resend_dress(struct sonde_resend *r, uint8_t **byte, uint32_t *len,
					   char *why, size_t size);

/* Notes whether a packet goes to a stranger, and from whom. */
void sonde_resend_watch(struct sonde_resend *r, const struct sonde_packet *p);

#endif
