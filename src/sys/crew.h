#ifndef SONDE_SYS_CREW_H
#define SONDE_SYS_CREW_H

/* Work beside the main thread, where one processor is too slow. Signals go to the main thread
 * alone. */

#include <stddef.h>

enum { SONDE_CREW_MOST = 16 };

struct sonde_crew {
	unsigned long thread[SONDE_CREW_MOST];
	unsigned n;
};

/* How many processors this process may use, at least 1. */
unsigned sonde_crew_processors(void);

/* One more thread that does work(arg) and ends. 0 or -errno. */
int sonde_crew_add(struct sonde_crew *c, void (*work)(void *arg), void *arg);

/* Waits until all have ended. */
void sonde_crew_join(struct sonde_crew *c);

/* A lock that is free where it is zero. */
struct sonde_crew_lock {
	_Alignas(16) unsigned char room[64];
};
void sonde_crew_lock(struct sonde_crew_lock *l);
void sonde_crew_unlock(struct sonde_crew_lock *l);

#endif
