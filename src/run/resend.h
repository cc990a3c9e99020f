#ifndef SONDE_RUN_RESEND_H
#define SONDE_RUN_RESEND_H

/* sonde craft --replay: captured packets are sent again, with their spacing, at a rate or as fast
 *as they go, some of their fields set anew.
 *
 *	sonde_resend_open	reads the file, finds the way, makes every packet ready to go
 *	sonde_resend_run	sends them, or says what would be sent
 *	sonde_resend_close
 *
 * The whole file is read and judged before the first packet leaves, so that a packet that cannot be
 * sent is known then, by its number. Frames of Ethernet leave as they are by a packet socket; IP
 * without a link (raw, or cooked, whose header is taken off) gets a header of Ethernet where the
 * interface has such, else goes without. */

#include "base/text.h"
#include "run/targets.h"

enum sonde_resend_direction {
	SONDE_RESEND_BOTH,
	SONDE_RESEND_IN,  /* only what the capture says came in */
	SONDE_RESEND_OUT, /* only what it says went out */
};

struct sonde_resend_plan {
	const char *file;   /* "-": standard input */
	const char *device; /* -I; NULL: by the route to each destination, IP only */
	const char *const *set;
	unsigned sets;	    /* --set, each FIELD=VALUE */
	const char *filter; /* display filter; NULL: all */
	enum sonde_resend_direction direction;
	double rate;	  /* packets a second; 0: with their spacing */
	bool flood;	  /* as fast as they go */
	bool xdp;	  /* by AF_XDP, where that can be had */
	uint64_t loops;	  /* how often the file is sent; 0: until somebody asks for the end */
	uint64_t seed;	  /* of values that are random */
	bool skip;	  /* what cannot be sent is left out and counted; else nothing is sent */
	bool dry;	  /* --dry-run: says what would be sent, packet by packet */
	bool meant;	  /* --i-mean-it: spoofed sources, and floods to public addresses */
	bool json, quiet; /* the report as a record; none at all */
	unsigned width;
	int out;
};

struct sonde_resend;

/* Reads and judges. 0, and what will be done is known: sonde_resend_say. -EINVAL: end says what is
 * wrong with an option or with which packet; SONDE_NOT_CAPTURE, SONDE_CUT ... of the file;
 * -EPERM: a capability is missing; -ENODEV, -ENETDOWN, -ENETUNREACH, -EHOSTUNREACH and the others
 * of sonde_way_find; -errno. */
int sonde_resend_open(struct sonde_resend **ret, const struct sonde_resend_plan *plan,
		      struct sonde_measure_end *end);

/* A sentence of what run will do: "sends 12 packets of cap.pcap, 1,024 bytes, in 2.5 s, by packet
 * socket on veth0". */
void sonde_resend_say(const struct sonde_resend *r, struct sonde_text *t);

/* Sends and reports. 0: all was sent; 1: some was not - skipped, refused by the kernel, or the file
 * was cut - and the report counts it; below 0: why nothing went, or the report could not be
 * written.
 */
int sonde_resend_run(struct sonde_resend *r, struct sonde_measure_end *end);

/* NULL is fine; returns NULL. */
struct sonde_resend *sonde_resend_close(struct sonde_resend *r);

#endif
