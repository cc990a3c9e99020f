#ifndef SONDE_PROBE_SCRIPT_PARSE_H
#define SONDE_PROBE_SCRIPT_PARSE_H

/* What the files script_parse.c, script_line.c and script_packet.c share. */

#include "probe/script_inside.h"

enum { SONDE_SCRIPT_LETS = 256, SONDE_SCRIPT_LINES = 4096 };

/* What a packet is read for. */
enum sonde_script_mode {
	SONDE_SCRIPT_TO_NAME,
	SONDE_SCRIPT_TO_SEND,
	SONDE_SCRIPT_TO_EXPECT,
	SONDE_SCRIPT_TO_EXCLUDE,
	SONDE_SCRIPT_MODES,
};

struct sonde_script_let {
	const char *name;
	const char *from, *to;			      /* of the packet */
	struct sonde_craft *made[SONDE_SCRIPT_MODES]; /* read for each use; NULL: not yet */
};

struct sonde_script_parse {
	struct sonde_script_reader r;
	const struct sonde_script_world *world;
	const char *end; /* of the text */
	unsigned number; /* of the line */
	enum sonde_script_mode mode;
	struct sonde_script_let let[SONDE_SCRIPT_LETS];
	unsigned lets;
	unsigned open[SONDE_SCRIPT_DEPTH], depth;
	const char *open_at[SONDE_SCRIPT_DEPTH];
	uint64_t run[SONDE_SCRIPT_DEPTH + 1]; /* statements that are run at each depth */
};

/* ---- script_packet.c ---- */

/* Takes a packet, up to a word that may stand behind one or the line's end. */
bool sonde_script_read_packet(struct sonde_script_parse *p, enum sonde_script_mode mode,
			      struct sonde_craft **ret);

/* The names in a text: all of them must be known by now, or they are from now on. */
bool sonde_script_names(struct sonde_script_parse *p, const char *from, const char *to, bool known);

/* ---- script_line.c ---- */

/* Reads a statement, if there is one in the line. */
bool sonde_script_read_line(struct sonde_script_parse *p);

#endif
