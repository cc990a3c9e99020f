#include "run/shares.h"

#include <errno.h>
#include <stdlib.h>

#include "sys/crew.h"

#define GLANCE (50 * SONDE_MILLISECOND) /* how late an end is noticed that was asked for */

struct share {
	struct sonde_sockets sockets;
	struct sonde_method_look look[2];
	struct sonde_secret secret;
	struct sonde_ping ping;
	struct sonde_drive drive;
	bool begun, late; /* late: there is no thread for it */
};

struct sonde_shares {
	struct share share[SONDE_CREW_MOST];
	unsigned n; /* further ones */
	struct sonde_crew crew;
	struct sonde_crew_lock lock;
	bool stop;
};

int sonde_shares_open(struct sonde_shares **ret, const struct sonde_prober_plan *plan,
		      uint16_t family, const struct sonde_method_look look[static 2])
{
	unsigned n = sonde_crew_processors() - 1;
	struct sonde_shares *s;
	int r = 0;

	*ret = NULL;
	if (!n)
		return 0;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	for (n = n < SONDE_CREW_MOST ? n : SONDE_CREW_MOST; !r && s->n < n; s->n++) {
		struct share *one = &s->share[s->n];

		one->look[0] = look[0];
		one->look[1] = look[1];
		r = sonde_sockets_open(&one->sockets, plan, family, one->look, &one->secret);
	}
	if (r)
		sonde_shares_close(s);
	else
		*ret = s;
	return r;
}

struct sonde_shares *sonde_shares_close(struct sonde_shares *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->n; i++) {
		sonde_sockets_close(&s->share[i].sockets);
		if (s->share[i].begun)
			sonde_ping_close(&s->share[i].ping);
	}
	free(s);
	return NULL;
}

/* ---- the run ---- */

static void work(void *arg)
{
	struct share *one = arg;

	sonde_drive_run(&one->drive);
}

static void open_share(struct share *one, const struct sonde_ping *first,
		       const struct sonde_shares_begin *b)
{
	struct sonde_ping_plan plan = first->plan;

	plan.look[0] = one->look[0];
	plan.look[1] = one->look[1];
	plan.secret = one->secret;
	sonde_ping_open(&one->ping, &plan, b->given, first->survey.n, b->now, b->real);
	one->begun = true;
}

void sonde_shares_begin(struct sonde_shares *s, struct sonde_ping *first, struct sonde_drive *l,
			const struct sonde_shares_begin *b)
{
	uint32_t n = first->survey.n, each = n / (s->n + 1);

	l->lock = &s->lock;
	for (unsigned i = 0; i < s->n; i++) {
		struct share *one = &s->share[i];

		open_share(one, first, b);
		sonde_ping_share(&one->ping, each * i, each * (i + 1));
		one->drive = *l;
		one->drive.engine = sonde_ping_engine(&one->ping);
		one->drive.sockets = &one->sockets;
		one->drive.stop = &s->stop;
		one->late = sonde_crew_add(&s->crew, work, one);
	}
	sonde_ping_share(first, each * s->n, n);
}

uint64_t sonde_shares_join(struct sonde_shares *s, struct sonde_ping *first)
{
	uint64_t dropped = 0;

	__atomic_store_n(&s->stop, first->survey.ending, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < s->n; i++)
		if (s->share[i].late)
			work(&s->share[i]);
	sonde_crew_join(&s->crew);
	for (unsigned i = 0; i < s->n; i++) {
		sonde_ping_take(first, &s->share[i].ping);
		dropped += sonde_sockets_dropped(&s->share[i].sockets);
	}
	return dropped;
}
