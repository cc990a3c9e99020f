#include "run/drive.h"

#include "sys/clock.h"
#include "sys/sleep.h"

#define FLUSH_FROM     (10 * SONDE_MILLISECOND) /* the shortest pause that the file is worth */
#define GLANCE	       (50 * SONDE_MILLISECOND) /* how late another thread ends */
#define CATCH_UP_EVERY (2 * SONDE_MILLISECOND)

static void hear(void *arg, const struct sonde_arrival *a)
{
	struct sonde_drive *l = arg;

	l->news = true;
	sonde_keep_hear(l->keep, &l->engine, a);
}

/* No probe is given up for lost while its answer may wait in a socket: not after we were stopped,
 * nor behind a slow reader of ours. Except that more comes than anybody could take. */
static void catch_up(struct sonde_drive *l, sonde_ns now)
{
	enum { READINGS = 1024 }; /* a socket holds less */

	if (now < l->caught_up + CATCH_UP_EVERY)
		return;
	l->caught_up = now;
	for (unsigned i = 0; i < READINGS && sonde_sockets_recv(l->sockets, hear, l);)
		i++;
}

/* Until this time, or something came. */
static void wait_until(struct sonde_drive *l, sonde_ns until)
{
	struct pollfd fds[SONDE_SOCKETS_FDS + SONDE_DRIVE_FDS];
	unsigned n = sonde_sockets_fds(l->sockets, fds);
	sonde_ns now = sonde_clock_now();

	if (l->fds)
		n += l->fds(l->arg, fds + n);
	if (until > now + FLUSH_FROM)
		sonde_keep_pause(l->keep);
	if (until > now && l->stop)
		sonde_sleep_aside(fds, n, until - now);
	else if (until > now)
		sonde_sleep_for(fds, n, until - now);
}

static void tell(struct sonde_drive *l, const void *record)
{
	if (l->lock)
		sonde_crew_lock(l->lock);
	l->told(l->arg, record);
	if (l->lock)
		sonde_crew_unlock(l->lock);
}

/* Whether there is no use in going on. */
static bool is_over(struct sonde_drive *l)
{
	if (sonde_sleep_signal() || (l->quit && *l->quit))
		return true;
	return l->stop ? __atomic_load_n(l->stop, __ATOMIC_RELAXED) : l->failed(l->arg) != 0;
}

/* Nothing is to be done before this time. */
static void rest(struct sonde_drive *l, sonde_ns until)
{
	sonde_ns now = sonde_clock_now();
	sonde_ns again = l->stop ? now + GLANCE : l->look(l->arg, now);

	if (sonde_sockets_recv(l->sockets, hear, l) || l->news || is_over(l))
		return;
	if (!l->stop)
		l->pause(l->arg);
	wait_until(l, until < again ? until : again);
	sonde_sockets_recv(l->sockets, hear, l);
}

static void send(struct sonde_drive *l, const struct sonde_step *s)
{
	l->sent(l->arg);
	sonde_prober_put(sonde_sockets_for(l->sockets, s->to), s, hear, l);
}

int sonde_drive_run(struct sonde_drive *l)
{
	unsigned sent = 0;

	for (;;) {
		sonde_ns now = sonde_clock_now();
		struct sonde_step s;

		catch_up(l, now);
		s = l->engine.step(l->engine.of, now);
		sonde_keep_step(l->keep, now, &s);
		if (s.is == SONDE_STEP_SEND) {
			send(l, &s);
			if (++sent % SONDE_PROBER_BATCH)
				continue;
			sonde_sockets_recv(l->sockets, hear, l); /* or there is no room for long */
		} else if (s.is == SONDE_STEP_TELL) {
			tell(l, s.record);
		} else if (s.is == SONDE_STEP_DONE) {
			return l->stop ? 0 : l->failed(l->arg);
		} else {
			l->news = false;
			sonde_sockets_flush(l->sockets, hear, l);
			rest(l, s.until);
		}
		if (is_over(l))
			sonde_keep_stop(l->keep, &l->engine, now);
	}
}
