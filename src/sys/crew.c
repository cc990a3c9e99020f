#include "sys/crew.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

/* Static initialisation of a mutex is all zeros. */
_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct sonde_crew_lock), "a mutex has room");
_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "a thread is a number");

struct job {
	void (*work)(void *arg);
	void *arg;
};

unsigned sonde_crew_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static void *begin(void *arg)
{
	struct job job = *(struct job *)arg;

	free(arg);
	job.work(job.arg);
	return NULL;
}

int sonde_crew_add(struct sonde_crew *c, void (*work)(void *arg), void *arg)
{
	struct job *job = malloc(sizeof *job);
	sigset_t all, before;
	pthread_t thread;
	int r;

	if (!job || c->n == SONDE_CREW_MOST) {
		free(job);
		return job ? -EAGAIN : -ENOMEM;
	}
	*job = (struct job){ work, arg };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, begin, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(job);
		return -r;
	}
	c->thread[c->n++] = thread;
	return 0;
}

void sonde_crew_join(struct sonde_crew *c)
{
	while (c->n)
		pthread_join(c->thread[--c->n], NULL);
}

void sonde_crew_lock(struct sonde_crew_lock *l)
{
	pthread_mutex_lock((pthread_mutex_t *)(void *)l);
}

void sonde_crew_unlock(struct sonde_crew_lock *l)
{
	pthread_mutex_unlock((pthread_mutex_t *)(void *)l);
}
