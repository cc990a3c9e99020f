#include "run/labhold.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/labcell.h"
#include "sys/clock.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum {
	LISTENER,
	KEEPER,
	FIRST, /* of those who are connected */
	PLACES = 1024,
	PATIENCE = 2000, /* ms for commands to end */
};

struct hold {
	const struct sonde_labhold_plan *plan;
	struct sonde_labcell cell;
	struct sonde_control_message in, out;
	struct pollfd at[PLACES];
	bool inside[PLACES]; /* it entered */
	unsigned n;
	sonde_ns began;
	int asked_down; /* a connection; -1: none */
};

__attribute__((format(printf, 3, 4))) static void answer(struct hold *h, int code, const char *fmt,
							 ...)
{
	va_list args;

	h->out.code = code;
	va_start(args, fmt);
	vsnprintf(h->out.text, sizeof h->out.text, fmt, args);
	va_end(args);
}

static int find_node(struct hold *h, const char *name)
{
	const struct sonde_lab *lab = &h->plan->file->lab;
	int i = sonde_lab_find(lab, name);

	if (i < 0)
		answer(h, -EINVAL, "there is no node '%s'", name);
	else if (lab->node[i].kind == SONDE_LAB_SIM)
		answer(h, -EINVAL, "%s is a sim, in which nothing can run", name);
	else
		return i;
	return -1;
}

static void enter(struct hold *h, unsigned place, const char *name)
{
	int i = find_node(h, name);

	if (i < 0)
		return;
	answer(h, 0, "%s", h->plan->file->lab.node[i].name);
	h->out.fd[0] = h->plan->site->netns[i];
	h->out.fd[1] = h->plan->site->hosts;
	h->out.fd[2] = h->plan->userns;
	h->inside[place] = true;
}

static int find_link(struct hold *h, const char *name, unsigned *ret_end)
{
	int i = sonde_lab_find_link(&h->plan->file->lab, name, ret_end);

	if (i < 0)
		answer(h, -EINVAL, "there is no link '%s'", name);
	return i;
}

/* A sim has no namespace: its links are looked at from the other end. */
static void tell_link(struct hold *h, const char *name)
{
	const struct sonde_lab *lab = &h->plan->file->lab;
	const struct sonde_lab_end *e;
	unsigned end = 0;
	int i = find_link(h, name, &end);

	if (i < 0)
		return;
	e = &lab->link[i].end[end];
	if (h->plan->site->netns[e->node] < 0)
		e = &lab->link[i].end[!end];
	if (h->plan->site->netns[e->node] < 0) {
		answer(h, -EINVAL, "link '%s' is between two sims", name);
		return;
	}
	answer(h, 0, "%s %s", e->name, lab->node[e->node].name);
	h->out.fd[0] = h->plan->site->netns[e->node];
	h->out.fd[1] = h->plan->userns;
}

static void set(struct hold *h, char *name)
{
	struct sonde_arena arena = { 0 };
	struct sonde_lab_error e;
	struct sonde_lab_link changed;
	char *words = strchr(name, ' ');
	unsigned end;
	int i, r;

	if (words)
		*words++ = 0;
	i = find_link(h, name, &end);
	if (i < 0)
		return;
	changed = h->plan->file->lab.link[i];
	r = sonde_lab_impair_parse(&changed, &arena, words ? words : "", strlen(words ? words : ""),
				   &e);
	if (r) {
		answer(h, r, "%s", e.text);
	} else if (h->cell.control < 0 ||
		   (r = sonde_labwire_set(h->cell.control, (unsigned)i, &changed)) == -EOPNOTSUPP) {
		answer(h, -EINVAL,
		       "link '%s' is a plain cable; with 'delay=0' in the description it is not",
		       name);
	} else {
		answer(h, r, "%s", "");
		if (!r)
			h->plan->file->lab.link[i] = changed;
	}
	sonde_arena_done(&arena);
}

static void tell_truth(struct hold *h)
{
	answer(h, h->plan->site->truth < 0 ? -EINVAL : 0, "%s",
	       h->plan->site->truth < 0 ? "no link does anything to packets" : "");
	h->out.fd[0] = h->plan->site->truth;
	if (h->plan->site->truth >= 0)
		h->out.fd[1] = h->plan->file->source;
}

static void tell_about(struct hold *h)
{
	const struct sonde_lab *lab = &h->plan->file->lab;
	unsigned commands = 0;

	for (unsigned i = FIRST; i < h->n; i++)
		commands += h->inside[i];
	answer(h, 0, "%d %u %u %u %llu %s", (int)getpid(), lab->nodes, lab->links, commands,
	       (unsigned long long)((sonde_clock_now() - h->began) / SONDE_SECOND), h->plan->path);
}

static void hear(struct hold *h, unsigned place)
{
	char *word = h->in.text, *rest = strchr(word, ' ');

	if (rest)
		*rest++ = 0;
	rest = rest ? rest : word + strlen(word);
	memset(h->out.fd, -1, sizeof h->out.fd);
	if (!strcmp(word, "enter"))
		enter(h, place, rest);
	else if (!strcmp(word, "link"))
		tell_link(h, rest);
	else if (!strcmp(word, "set"))
		set(h, rest);
	else if (!strcmp(word, "truth"))
		tell_truth(h);
	else if (!strcmp(word, "about"))
		tell_about(h);
	else if (!strcmp(word, "down"))
		h->asked_down = h->at[place].fd;
	else
		answer(h, -EINVAL, "this lab was made by another version of sonde");
	if (h->asked_down < 0)
		sonde_control_send(h->at[place].fd, &h->out);
}

static void drop(struct hold *h, unsigned place)
{
	close(h->at[place].fd);
	h->n--;
	h->at[place] = h->at[h->n];
	h->inside[place] = h->inside[h->n];
}

static void hear_all(struct hold *h)
{
	for (unsigned i = h->n; i-- > FIRST && h->asked_down < 0;) {
		if (!h->at[i].revents)
			continue;
		if (sonde_control_recv(h->at[i].fd, &h->in) <= 0) {
			drop(h, i);
			continue;
		}
		for (unsigned k = 0; k < SONDE_CONTROL_FDS && h->in.fd[k] >= 0; k++)
			close(h->in.fd[k]); /* nobody asked for any */
		hear(h, i);
	}
}

static void take_new(struct hold *h)
{
	int fd = sonde_control_accept(h->plan->listener);

	if (fd < 0)
		return;
	if (h->n == PLACES) {
		close(fd);
		return;
	}
	h->inside[h->n] = false;
	h->at[h->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void watch(struct hold *h)
{
	while (!sonde_sleep_signal() && h->asked_down < 0 && !h->at[KEEPER].revents) {
		if (sonde_sleep(h->at, h->n, -1) < 0)
			return;
		hear_all(h);
		if (h->at[LISTENER].revents)
			take_new(h);
	}
}

/* Commands end when they hear that the lab does; then their connections are closed. */
static void send_away(struct hold *h)
{
	sonde_ns until = sonde_clock_now() + PATIENCE * SONDE_MILLISECOND, now;

	for (unsigned i = FIRST; i < h->n; i++)
		if (h->at[i].fd != h->asked_down)
			shutdown(h->at[i].fd, SHUT_WR);
	for (unsigned i = FIRST; i < h->n;) {
		if (h->at[i].fd == h->asked_down) {
			i++;
			continue;
		}
		now = sonde_clock_now();
		if (now >= until ||
		    poll(&h->at[i], 1, (int)((until - now) / SONDE_MILLISECOND)) <= 0)
			return;
		while (sonde_control_recv(h->at[i].fd, &h->in) > 0)
			;
		drop(h, i);
	}
}

int sonde_labhold_run(const struct sonde_labhold_plan *plan)
{
	struct sonde_labcell_plan cell = { .site = plan->site, .lifeline = -1 };
	struct hold *h = calloc(1, sizeof *h);
	bool told;
	int r;

	if (!h)
		abort();
	h->plan = plan;
	h->began = sonde_clock_now();
	h->asked_down = -1;
	sonde_sleep_init();
	r = sonde_labcell_start(&h->cell, &cell);
	told = write(plan->ready, &r, sizeof r) == sizeof r; /* else who asked for us is gone */
	close(plan->ready);
	if (!r) {
		sonde_privilege_drop(-1);
		h->at[LISTENER] = (struct pollfd){ .fd = plan->listener, .events = POLLIN };
		h->at[KEEPER] = (struct pollfd){ .fd = h->cell.verdict[0], .events = POLLIN };
		h->n = FIRST;
		if (told)
			watch(h);
	}
	close(plan->listener);
	send_away(h);
	sonde_labcell_done(&h->cell);
	sonde_labsite_close(plan->site);
	if (h->asked_down >= 0) {
		memset(h->out.fd, -1, sizeof h->out.fd);
		answer(h, 0, "%s", "");
		sonde_control_send(h->asked_down, &h->out);
	}
	sonde_sleep_done();
	free(h);
	return r;
}

int sonde_labhold_ask(uid_t uid, const char *name, const char *question,
		      struct sonde_control_message *ret)
{
	struct sonde_control_message *m = calloc(1, sizeof *m);
	int fd = sonde_control_connect(uid, name), r;

	if (!m)
		abort();
	memset(m->fd, -1, sizeof m->fd);
	snprintf(m->text, sizeof m->text, "%s", question);
	r = fd < 0 ? fd : sonde_control_send(fd, m);
	free(m);
	if (r >= 0)
		r = sonde_control_recv(fd, ret);
	if (r > 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return r ? r : -EPIPE;
}
