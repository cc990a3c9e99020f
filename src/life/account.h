#ifndef SONDE_LIFE_ACCOUNT_H
#define SONDE_LIFE_ACCOUNT_H

/* What the stream says of the run itself, beside the sockets: when, what command, by which backend,
 * what it could not see, what was lost, how it ended. */

#include "base/arena.h"
#include "base/event.h"
#include "base/record.h"

struct sonde_account {
	struct sonde_arena *arena;
	const char *started; /* RFC 3339 in UTC with nanoseconds, or NULL */
	const char *command; /* its words, escaped, a space between them; NULL: none */
	uint8_t backend;     /* enum sonde_backend */
	const char **blind;  /* sentences */
	size_t blinds, blind_room;
	struct sonde_count *lost; /* events by source */
	size_t losts, lost_room;
	uint64_t lost_all;
	bool ended, had_command;
	int status;		  /* of the command, as in wait(2) */
	const char *left_running; /* pids, or NULL */
};

/* arena outlives a. */
void sonde_account_init(struct sonde_account *a, struct sonde_arena *arena);
void sonde_account_hear(struct sonde_account *a, const struct sonde_event *e);

/* Words with a NUL after each as one escaped line; NULL where there are none. */
const char *sonde_account_command(struct sonde_arena *a, struct sonde_bytes words);

/* "bpf", "ptrace", "diag"; NULL for none. Static. */
const char *sonde_backend_name(unsigned backend);

#endif
