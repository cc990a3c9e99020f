#ifndef SONDE_RUN_RESEND_H
#define SONDE_RUN_RESEND_H

/* sonde craft --replay: captured packets are sent again, with their spacing, at a rate or as fast
 * as they go, some of their fields set anew.
 *
 * The whole file is read and judged before the first packet leaves, so that what cannot be sent is
 * known by its number, and either nothing is sent or it is left out and counted. With an interface
 * that has frames of Ethernet, frames leave as they are, and packets of IP without a link (raw, or
 * cooked, whose header is taken off) get a header of Ethernet, by the route and the neighbour of
 * each. Without one, packets of IP leave by a raw socket as the routes have it, which writes length
 * and checksum of IPv4 itself: packets where these are wrong are left to an interface. */

#include "base/record.h"
#include "base/time.h"

enum sonde_resend_direction {
	SONDE_RESEND_BOTH,
	SONDE_RESEND_IN,  /* only what the capture says came in */
	SONDE_RESEND_OUT, /* only what it says went out */
};

struct sonde_resend_plan {
	const char *file;	/* "-": standard input */
	const char *device;	/* NULL: as the routes have it, by a raw socket */
	const char *const *set; /* FIELD=VALUE, see packet/alter.h */
	unsigned sets;
	const char *match; /* display filter, of packets as they are in the file; NULL: all */
	enum sonde_resend_direction direction;
	unsigned rate; /* packets a second; 0: with their spacing */
	bool flood;    /* as fast as they go */
	bool xdp;      /* by AF_XDP */
	uint64_t
		loops; /* how often; 0: until somebody asks for the end. Between two rounds is as
			* much time as between two packets in the mean, after a lone one a second */
	uint64_t seed; /* of values that are random */
	bool skip;     /* what cannot be sent is left out; else nothing is sent */
	bool dry;      /* says what would be sent, packet by packet */
	bool meant;    /* --i-mean-it: also spoofed sources and floods to strangers */
	bool json, quiet;
	int out;
};

struct sonde_resend_end {
	char doing[300]; /* while it failed */
	char why[400];	 /* a sentence where the code alone does not say it; else "" */
	bool met;	 /* all that was asked for was sent */
};

enum { SONDE_RESEND_MOST = 1 << 30 }; /* bytes of packets that are kept */

/* clang-format off */
#define SONDE_RESEND_COLUMNS(C, x) \
	C(x, file, TEXT, "", "that is sent again") \
	C(x, by, TEXT, "", "raw socket, packet socket or AF_XDP") \
	C(x, interface, TEXT, "", "by which it leaves; absent: as the routes have it") \
	C(x, packets, UINT, "", "of the file that are sent in each round") \
	C(x, passed, UINT, "", "of the file that match and direction leave out") \
	C(x, cut, UINT, "", "that cannot be sent: fewer bytes were captured than there were") \
	C(x, foreign, UINT, "", "that cannot be sent: of a link that is none of this interface") \
	C(x, large, UINT, "", "that cannot be sent: longer than the link allows") \
	C(x, wayless, UINT, "", "that cannot be sent: no route, or no neighbour") \
	C(x, mended, UINT, "", "that cannot be sent so: a raw socket would write other bytes") \
	C(x, renumbered, UINT, "", "whose identification of 0 the raw socket writes anew") \
	C(x, altered, UINT, "", "of the file that have a field that is set") \
	C(x, rounds, UINT, "", "absent: until it is ended") \
	C(x, sent, UINT, "", "packets") \
	C(x, bytes, UINT, "bytes", "of all packets that were sent") \
	C(x, refused, UINT, "", "packets that this machine did not send") \
	C(x, refusal, TEXT, "", "why it did not send the first of them") \
	C(x, duration_ns, UINT, "ns", "of the sending")
/* clang-format on */

struct sonde_resend_record {
	SONDE_RESEND_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_resend_schema; /* `replay` */

/* 0, and end->met says whether all of the file was sent. -EINVAL: end->why says what is wrong with
 * an option, or with which packet; SONDE_NOT_CAPTURE, SONDE_CUT and the others of a reader; -EPERM,
 * SONDE_NO_PRIVILEGE; -ENODEV, -ENETDOWN: end->doing is the interface; or -errno. Privileges are
 * given up before the file is read, CAP_NET_ADMIN, where neighbours are to be found, behind it. */
int sonde_resend_run(const struct sonde_resend_plan *plan, struct sonde_resend_end *end);

#endif
