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

/* Takes what came, and notes since when nothing has been left behind. */
static bool recv(struct sonde_drive *l)
{
	enum { READINGS = 1024 }; /* a socket holds less, unless more comes than anybody can take */
	sonde_ns now = sonde_clock_now();
	bool more = sonde_sockets_recv(l->sockets, hear, l);

	l->behind = more ? l->behind + 1 : 0;
	if (!more || l->behind > READINGS)
		l->caught_up = now;
	return more;
}

/* The engine's time. No probe is given up for lost while its answer may wait in a socket, not after
 * we were stopped, nor behind a slow reader of ours: meanwhile its time stands still. */
static sonde_ns time_of(struct sonde_drive *l)
{
	sonde_ns now = sonde_clock_now();

	if (now > l->caught_up + CATCH_UP_EVERY)
		recv(l);
	if (!l->behind || l->caught_up >= now)
		l->time = now;
	else if (l->caught_up > l->time)
		l->time = l->caught_up;
	return l->time;
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

static void take_report(struct sonde_drive *l)
{
	if (l->lock)
		sonde_crew_lock(l->lock);
}

static void leave_report(struct sonde_drive *l)
{
	if (l->lock)
		sonde_crew_unlock(l->lock);
}

static void tell(struct sonde_drive *l, const void *record)
{
	take_report(l);
	l->told(l->arg, record);
	leave_report(l);
}

static int failed(struct sonde_drive *l)
{
	int r;

	if (l->stop)
		return __atomic_load_n(l->stop, __ATOMIC_RELAXED);
	take_report(l);
	r = l->failed(l->arg);
	leave_report(l);
	return r;
}

/* Returns when to look again. */
static sonde_ns look(struct sonde_drive *l)
{
	sonde_ns now = sonde_clock_now(), again = now + GLANCE;

	if (l->stop)
		return again;
	take_report(l);
	again = l->look(l->arg, now);
	leave_report(l);
	return again;
}

static void pause_report(struct sonde_drive *l)
{
	if (l->stop)
		return;
	take_report(l);
	l->pause(l->arg);
	leave_report(l);
}

/* Nothing is to be done before this time. */
static void rest(struct sonde_drive *l, sonde_ns until)
{
	sonde_ns again = look(l);

	if (recv(l) || l->news || sonde_sleep_signal() || failed(l))
		return;
	pause_report(l);
	wait_until(l, until < again ? until : again);
	recv(l);
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
		sonde_ns now = time_of(l);
		struct sonde_step s = l->engine.step(l->engine.of, now);

		sonde_keep_step(l->keep, now, &s);
		if (s.is == SONDE_STEP_SEND) {
			send(l, &s);
			if (++sent % SONDE_PROBER_BATCH)
				continue;
			recv(l); /* or there is no room for long */
		} else if (s.is == SONDE_STEP_TELL) {
			tell(l, s.record);
		} else if (s.is == SONDE_STEP_DONE) {
			return failed(l);
		} else {
			l->news = false;
			sonde_sockets_flush(l->sockets, hear, l);
			rest(l, s.until);
		}
		if (sonde_sleep_signal() || failed(l))
			sonde_keep_stop(l->keep, &l->engine, now);
	}
}
