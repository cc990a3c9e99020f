#ifndef SONDE_TESTS_MATCH_BESIDE_H
#define SONDE_TESTS_MATCH_BESIDE_H

/* A record beside a packet, a column of each kind that an expression may ask for. */

#include "packet/match.h"

struct beside {
	uint64_t number, pid;
	uint8_t late;
	const char *comment;
	struct sonde_list names;
};
#define COLUMN(name, member, kind)                                                                 \
	{                                                                                          \
		name, "", "", offsetof(struct beside, member), SONDE_COLUMN_##kind                 \
	}
static const struct sonde_column columns[] = {
	COLUMN("frame.number", number, UINT), COLUMN("frame.pid", pid, UINT),
	COLUMN("frame.late", late, BOOL),     COLUMN("frame.comment", comment, TEXT),
	COLUMN("frame.names", names, LIST),
};
static const struct sonde_schema schema = { "beside", columns, 5 };
static const char *const names[] = { "curl", "nginx" };
static const struct beside beside = { .number = 7,
				      .pid = SONDE_ABSENT,
				      .late = 0,
				      .comment = "a \"late\" one",
				      .names = { names, 2 } };

#endif
