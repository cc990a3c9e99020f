#ifndef SONDE_RUN_RIGHTS_H
#define SONDE_RUN_RIGHTS_H

/* The one table of which capabilities each program needs, for what, why and until when.
 * `make install` gives the files what stands here, `sonde doctor` holds the machine against it,
 * and tests/e2e/test_rights.py tries every row: with these capabilities it works, and with any of
 * them taken away it does what `without` says. */

#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

enum { SONDE_RIGHT_CAPS = 4 };

/* Who is given the row by `make install`, as capabilities of the program's file. */
enum sonde_right_given {
	SONDE_RIGHT_ALL,   /* whoever runs it: it shows nothing of what others do */
	SONDE_RIGHT_GROUP, /* one group alone: it shows, or forges, the traffic of others */
	SONDE_RIGHT_ROOT,  /* nobody: for root, it is as good as root */
};

/* What does as well where the capabilities are missing. */
enum sonde_right_or {
	SONDE_RIGHT_OR_NOTHING,
	SONDE_RIGHT_OR_PING_GROUP,
	SONDE_RIGHT_OR_USERNS,	/* the program enters a user namespace by itself */
	SONDE_RIGHT_OR_UNSHARE, /* it works inside one that is made for it */
};

struct sonde_right {
	const char *program; /* "ping" is sonde-ping */
	const char *mode;    /* what is asked of it */
	uint8_t cap[SONDE_RIGHT_CAPS];
	uint8_t n;     /* of cap; 0: it needs none */
	uint8_t given; /* enum sonde_right_given */
	uint8_t or ;   /* enum sonde_right_or */
	const char *why, *until;
	const char
		*without; /* what it does then; NULL: it says which is missing, and exits with 77 */
};

/* Ends with a row whose program is NULL. */
extern const struct sonde_right sonde_rights[];

/* The capabilities of the row as bits. */
uint64_t sonde_right_mask(const struct sonde_right *r);

/* The union of what `make install` gives to the program's file, as bits. */
uint64_t sonde_right_of_file(const char *program);

/* A row as it is printed. */
struct sonde_right_record {
	const char *program, *given;
	struct sonde_list capabilities;
	const char *instead, *mode, *why, *until, *without;
	const char *at[SONDE_RIGHT_CAPS]; /* what capabilities points to, and that to: */
	char name[SONDE_RIGHT_CAPS][32];
};
extern const struct sonde_schema sonde_right_schema;

/* Borrows from r and from itself: it may not be moved. */
void sonde_right_tell(struct sonde_right_record *ret, const struct sonde_right *r);

#endif
