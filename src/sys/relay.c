#include "sys/relay.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/wall.h"

#define SPIN (200 * SONDE_MICROSECOND)

enum {
	RINGS = 32 << 20,
	RING_MOST = 1 << 20,
	READ_BATCH = 256, /* frames of one port in a row */
	SEND_ROUNDS = 16, /* before we look what came */
	KEPT_PORT = 64 << 20,
	KEPT_ALL = 512 << 20,
	EVENTS = 64,
	TIMER = -2, /* in the events' data, beside the numbers of ports */
	CONTROL = -3,
};

/* A frame that waits. */
struct item {
	sonde_ns due;
	uint64_t order; /* of keeping: first come, first out where both are due */
	uint32_t len;
	int port;
	_Alignas(16) uint8_t note[SONDE_RELAY_NOTE];
	uint8_t frame[];
};

/* The earliest is first. */
struct heap {
	struct item **at;
	size_t n, room;
};

struct gate {
	struct sonde_port *port;
	sonde_ns last; /* stamp of the frame read last: none comes before it */
	size_t kept;   /* bytes that wait to leave here */
};

struct sonde_relay {
	const struct sonde_relay_hooks *hooks;
	int epoll, timer;
	uint32_t ring;
	struct gate *gate; /* the first is inside, so a port's is at its number + 1 */
	unsigned gates, room;
	struct heap heap[2]; /* of those who can wait, and of the precise */
	size_t kept;
	uint64_t order;
	struct sonde_wall wall; /* which the stamps are on */
	sonde_ns alarm;		/* that the timer is set to; 0: none */
};

static bool is_before(const struct item *a, const struct item *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static bool push(struct heap *h, struct item *new)
{
	size_t i = h->n, up;

	if (h->n == h->room) {
		size_t room = h->room ? 2 * h->room : 256;
		struct item **at = realloc(h->at, room * sizeof *at);

		if (!at)
			return false;
		h->at = at;
		h->room = room;
	}
	for (h->n++; i && is_before(new, h->at[up = (i - 1) / 2]); i = up)
		h->at[i] = h->at[up];
	h->at[i] = new;
	return true;
}

static struct item *pop(struct heap *h)
{
	struct item *first = h->at[0], *last = h->at[--h->n];
	size_t i = 0, down;

	while ((down = 2 * i + 1) < h->n) {
		if (down + 1 < h->n && is_before(h->at[down + 1], h->at[down]))
			down++;
		if (!is_before(h->at[down], last))
			break;
		h->at[i] = h->at[down];
		i = down;
	}
	h->at[i] = last;
	return first;
}

/* The heap whose first is the earliest, or NULL: nothing waits. */
static struct heap *next_heap(struct sonde_relay *r)
{
	struct heap *a = &r->heap[0], *b = &r->heap[1];

	if (!a->n || !b->n)
		return a->n ? a : b->n ? b : NULL;
	return is_before(a->at[0], b->at[0]) ? a : b;
}

static int watch(struct sonde_relay *r, int fd, int what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)(int64_t)what };

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int sonde_relay_open(struct sonde_relay **ret, unsigned ports,
		     const struct sonde_relay_hooks *hooks)
{
	struct sonde_relay *r = calloc(1, sizeof *r);
	int err = -ENOMEM;

	if (!r)
		return err;
	r->hooks = hooks;
	r->ring = ports ? RINGS / ports : 0;
	r->ring = r->ring < RING_MOST ? r->ring : RING_MOST;
	r->room = ports + 1;
	r->gates = 1;
	r->gate = calloc(r->room, sizeof *r->gate);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->gate)
		err = r->epoll < 0 || r->timer < 0 ? -errno : watch(r, r->timer, TIMER);
	if (err)
		sonde_relay_close(r);
	else
		*ret = r;
	return err;
}

int sonde_relay_port(struct sonde_relay *r, int netns, const char *name, unsigned mtu)
{
	struct gate *new = &r->gate[r->gates];
	int number = (int)r->gates - 1, err;

	if (r->gates == r->room)
		return -ENOSPC;
	err = sonde_port_open(&new->port, netns, name, mtu, r->ring);
	if (!err)
		err = watch(r, sonde_port_fd(new->port), number);
	if (err) {
		new->port = sonde_port_close(new->port);
		return err;
	}
	r->gates++;
	return number;
}

static size_t cost_of(uint32_t len)
{
	return sizeof(struct item) + len + 32; /* the allocator's and the heap's own */
}

uint8_t *sonde_relay_keep(struct sonde_relay *r, const struct sonde_relay_item *item)
{
	struct gate *g = &r->gate[item->port + 1];
	size_t cost = cost_of(item->len);
	struct item *new;

	if (g->kept + cost > KEPT_PORT || r->kept + cost > KEPT_ALL)
		return NULL;
	new = malloc(sizeof *new + item->len);
	if (!new)
		return NULL;
	new->due = item->due;
	new->order = r->order++;
	new->len = item->len;
	new->port = item->port;
	memcpy(new->note, item->note, item->note_len);
	memcpy(new->frame, item->frame, item->len);
	if (!push(&r->heap[item->precise], new)) {
		free(new);
		return NULL;
	}
	g->kept += cost;
	r->kept += cost;
	return new->frame;
}

/* It is told and forgotten. */
static void finish(struct sonde_relay *r, struct item *i, sonde_ns out, int err)
{
	size_t cost = cost_of(i->len);

	r->gate[i->port + 1].kept -= cost;
	r->kept -= cost;
	r->hooks->left(r->hooks->arg, i->note, out, err, i->frame, i->len);
	free(i);
}

/* Sends n frames of one port. */
static void send_row(struct sonde_relay *r, int port, struct item **row, unsigned n)
{
	struct sonde_port_bytes frame[SONDE_PORT_BATCH];

	for (unsigned i = 0; i < n; i++)
		frame[i] = (struct sonde_port_bytes){ row[i]->frame, row[i]->len };
	for (unsigned i = 0; i < n;) {
		sonde_ns out = sonde_clock_now();
		int sent = port == SONDE_RELAY_INSIDE
				   ? (int)n
				   : sonde_port_send(r->gate[port + 1].port, frame + i, n - i);

		if (sent <= 0)
			finish(r, row[i++], out, sent);
		for (int k = 0; k < sent; k++)
			finish(r, row[i++], out, 0);
	}
}

/* Some of what is due leaves, port by port: whether there was any. */
static bool send_due(struct sonde_relay *r)
{
	struct item *due[SONDE_PORT_BATCH], *row[SONDE_PORT_BATCH];
	sonde_ns now = sonde_clock_now();
	struct heap *h;
	unsigned n = 0;

	while (n < SONDE_PORT_BATCH && (h = next_heap(r)) && h->at[0]->due <= now) {
		due[n] = pop(h);
		/* Hearing of what stays inside may be why another one is due, before the next. */
		if (due[n++]->port == SONDE_RELAY_INSIDE)
			break;
	}
	for (unsigned i = 0; i < n; i++) {
		int port = due[i] ? due[i]->port : 0;
		unsigned same = 0;

		if (!due[i])
			continue;
		for (unsigned k = i; k < n; k++)
			if (due[k] && due[k]->port == port) {
				row[same++] = due[k];
				due[k] = NULL;
			}
		send_row(r, port, row, same);
	}
	return n;
}

static void look_at_wall(struct sonde_relay *r)
{
	int64_t offset = (int64_t)(sonde_clock_real() - sonde_clock_now());

	sonde_wall_look(&r->wall, sonde_wall_differs(&r->wall, offset) ? sonde_clock_offset()
								       : r->wall.offset);
}

static void read_port(struct sonde_relay *r, int port)
{
	struct gate *g = &r->gate[port + 1];
	struct sonde_port_frame f;

	for (unsigned i = 0; i < READ_BATCH && sonde_port_read(g->port, &f) > 0; i++) {
		if (f.missed)
			r->hooks->missed(r->hooks->arg, port, sonde_port_missed(g->port));
		g->last = sonde_wall_time(&r->wall, f.stamp, g->last, sonde_clock_now());
		r->hooks->came(r->hooks->arg, port, g->last, f.at, f.len);
		sonde_port_free(g->port);
	}
}

/* Until when to sleep: 0 for not at all, or for ever where nothing waits. */
static sonde_ns wake_time(struct sonde_relay *r)
{
	sonde_ns easy = r->heap[0].n ? r->heap[0].at[0]->due : UINT64_MAX;
	sonde_ns precise = r->heap[1].n ? r->heap[1].at[0]->due : UINT64_MAX;

	precise = precise == UINT64_MAX ? precise : precise > SPIN ? precise - SPIN : 0;
	return easy < precise ? easy : precise;
}

static void set_alarm(struct sonde_relay *r, sonde_ns when)
{
	struct itimerspec t = { 0 };

	if (when == r->alarm)
		return;
	r->alarm = when;
	if (when != UINT64_MAX)
		t.it_value = (struct timespec){ (time_t)(when / SONDE_SECOND),
						(long)(when % SONDE_SECOND) };
	timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Waits for frames, a request, or the time of what is due; reads what came. */
static int look(struct sonde_relay *r, int control, bool busy)
{
	sonde_ns when = wake_time(r);
	struct epoll_event e[EVENTS];
	uint64_t rings;
	int n, ret = 0;

	busy |= when <= sonde_clock_now();
	if (!busy)
		set_alarm(r, when);
	n = epoll_wait(r->epoll, e, EVENTS, busy ? 0 : -1);
	if (n < 0 && errno != EINTR)
		return -errno;
	look_at_wall(r);
	for (int i = 0; i < n && !ret; i++) {
		int what = (int)(int64_t)e[i].data.u64;

		if (what == TIMER && read(r->timer, &rings, sizeof rings) > 0) {
			r->alarm = 0;
		} else if (what == CONTROL) {
			ret = r->hooks->asked(r->hooks->arg, control);
		} else if (what >= 0) {
			if (e[i].events & EPOLLERR)
				sonde_port_error(r->gate[what + 1].port);
			read_port(r, what);
		}
	}
	return ret;
}

int sonde_relay_run(struct sonde_relay *r, int control)
{
	int err = watch(r, control, CONTROL);
	bool busy = false;

	r->wall.offset = sonde_clock_offset();
	while (!err) {
		err = look(r, control, busy);
		busy = false;
		for (unsigned i = 0; !err && i < SEND_ROUNDS && send_due(r); i++)
			busy = true;
	}
	epoll_ctl(r->epoll, EPOLL_CTL_DEL, control, NULL);
	for (unsigned i = 1; i < r->gates; i++) {
		uint64_t n = sonde_port_missed(r->gate[i].port);

		if (n)
			r->hooks->missed(r->hooks->arg, (int)i - 1, n);
	}
	return err;
}

bool sonde_relay_hurry(void)
{
	struct sched_param p = { .sched_priority = 1 };

	prctl(PR_SET_TIMERSLACK, 1UL);
	return !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p);
}

struct sonde_relay *sonde_relay_close(struct sonde_relay *r)
{
	if (!r)
		return NULL;
	for (unsigned i = 1; i < r->gates; i++)
		sonde_port_close(r->gate[i].port);
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < r->heap[k].n; i++)
			free(r->heap[k].at[i]);
		free(r->heap[k].at);
	}
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->timer >= 0)
		close(r->timer);
	free(r->gate);
	free(r);
	return NULL;
}
