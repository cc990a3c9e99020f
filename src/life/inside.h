#ifndef SONDE_LIFE_INSIDE_H
#define SONDE_LIFE_INSIDE_H

/* What the files of the engine share among themselves; nobody else includes it. */

#include "life/index.h"
#include "life/life.h"

struct sonde_fds;
struct sonde_segment;

struct sonde_endpoint_inside {
	struct sonde_endpoint *next; /* others with the same hash in the tuple index */
	uint64_t key;		     /* its place there, 0: none */
};

struct sonde_life_inside {
	struct sonde_index cookie, ino; /* to struct sonde_endpoint */
	struct sonde_index tuple;	/* hash of netns, protocol and addresses to the newest endpoint */
	struct sonde_heard *heard;	/* of the item at hand */
	uint32_t *released;		/* by it */
	size_t released_n, released_room;
};

/* Room for one more in a growing array. */
#define SONDE_GROW(arena, array, n, room)                                                          \
	do {                                                                                       \
		if ((n) == (room)) {                                                               \
			size_t more_ = (room) ? (room) : 4;                                        \
			(array) = sonde_arena_grow(arena, array, n, more_, sizeof *(array));       \
			(room) += more_;                                                           \
		}                                                                                  \
	} while (0)

/* endpoint.c */
struct sonde_endpoint *sonde_endpoint_make(struct sonde_life *l, const struct sonde_event *e);
/* By cookie, else by ino; *ret_how says by which. NULL: not known. */
struct sonde_endpoint *sonde_endpoint_find(struct sonde_life *l, uint64_t cookie, uint64_t ino,
					   uint8_t *ret_how);
/* Takes over what the event knows of its socket and p did not. */
void sonde_endpoint_learn(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e);
void sonde_endpoint_step(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			 unsigned state, bool inferred);
unsigned sonde_endpoint_kind_of(unsigned family, unsigned type, unsigned protocol);

#endif
