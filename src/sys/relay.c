#include "sys/relay.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/wall.h"

#define SPIN (200 * SONDE_MICROSECOND)
#define REST (200 * SONDE_MICROSECOND) /* between two looks at what comes */
#define MUCH SONDE_MILLISECOND	       /* comes where it comes twice in that time */

enum {
	RING = 8 << 20,
	READ_BATCH = 256, /* frames in a row */
	SEND_ROUNDS = 16, /* before we look what came */
	KEPT_PORT = 64 << 20,
	KEPT_ALL = 512 << 20,
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
	sonde_ns last; /* stamp of the frame read last: none comes before it */
	size_t kept;   /* bytes that wait to leave here */
};

struct sonde_relay {
	const struct sonde_relay_hooks *hooks;
	struct sonde_ports *ports;
	int timer;
	struct gate *gate;   /* the first is inside, so a port's is at its number + 1 */
	unsigned first, n;   /* interfaces */
	struct heap heap[2]; /* of those who can wait, and of the precise */
	size_t kept;
	uint64_t order;
	struct sonde_wall wall; /* which the stamps are on */
	sonde_ns alarm;		/* that the timer is set to; 0: none */
	bool may_rest;
	sonde_ns rest; /* what comes is not looked at before that time */
	sonde_ns came; /* when we looked at it last */
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

int sonde_relay_open(struct sonde_relay **ret, const struct sonde_relay_ports *ports,
		     const struct sonde_relay_hooks *hooks)
{
	struct sonde_relay *r = calloc(1, sizeof *r);
	int err = -ENOMEM;

	if (!r)
		return err;
	r->hooks = hooks;
	r->first = ports->first;
	r->n = ports->n;
	r->gate = calloc(r->n + 1, sizeof *r->gate);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->gate)
		err = r->timer < 0 ? -errno
				   : sonde_ports_open(&r->ports, ports->netns, ports->mtu, RING);
	if (err)
		sonde_relay_close(r);
	else
		*ret = r;
	return err;
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

/* Sends n frames, or tells of one that stays inside. */
static void send_row(struct sonde_relay *r, struct item **row, unsigned n)
{
	struct sonde_ports_bytes frame[SONDE_PORTS_BATCH];

	for (unsigned i = 0; i < n; i++)
		frame[i] = (struct sonde_ports_bytes){ r->first + (unsigned)row[i]->port,
						       row[i]->frame, row[i]->len };
	for (unsigned i = 0; i < n;) {
		sonde_ns out = sonde_clock_now();
		int sent = row[i]->port == SONDE_RELAY_INSIDE
				   ? 1
				   : sonde_ports_send(r->ports, frame + i, n - i);

		if (sent <= 0)
			finish(r, row[i++], out, sent);
		for (int k = 0; k < sent; k++)
			finish(r, row[i++], out, 0);
	}
}

/* Some of what is due leaves: whether there was any. What stays inside goes alone, for hearing of
 * it may be why another one is due before the next. */
static bool send_due(struct sonde_relay *r)
{
	struct item *row[SONDE_PORTS_BATCH];
	sonde_ns now = sonde_clock_now();
	struct heap *h;
	unsigned n = 0;

	while (n < SONDE_PORTS_BATCH && (h = next_heap(r)) && h->at[0]->due <= now &&
	       (!n || h->at[0]->port != SONDE_RELAY_INSIDE)) {
		row[n++] = pop(h);
		if (row[0]->port == SONDE_RELAY_INSIDE)
			break;
	}
	if (n)
		send_row(r, row, n);
	return n;
}

static void look_at_wall(struct sonde_relay *r)
{
	int64_t offset = (int64_t)(sonde_clock_real() - sonde_clock_now());

	sonde_wall_look(&r->wall, sonde_wall_differs(&r->wall, offset) ? sonde_clock_offset()
								       : r->wall.offset);
}

static void tell_missed(struct sonde_relay *r)
{
	uint64_t n = sonde_ports_missed(r->ports);

	if (n)
		r->hooks->missed(r->hooks->arg, n);
}

static void read_ports(struct sonde_relay *r)
{
	struct sonde_ports_frame f;

	for (unsigned i = 0; i < READ_BATCH && sonde_ports_read(r->ports, &f) > 0; i++) {
		unsigned port = f.index - r->first;
		struct gate *g = &r->gate[port + 1];

		if (f.missed)
			tell_missed(r);
		if (port < r->n) {
			g->last = sonde_wall_time(&r->wall, f.stamp, g->last, sonde_clock_now());
			r->hooks->came(r->hooks->arg, (int)port, g->last, f.at, f.len);
		}
		sonde_ports_free(r->ports);
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

/* What came is about to be read. */
static void plan_rest(struct sonde_relay *r)
{
	sonde_ns now = sonde_clock_now();

	r->rest = r->may_rest && now - r->came < MUCH ? now + REST : 0;
	r->came = now;
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
	struct pollfd fds[] = { { sonde_ports_fd(r->ports), POLLIN, 0 },
				{ r->timer, POLLIN, 0 },
				{ control, POLLIN, 0 } };
	sonde_ns when = wake_time(r), now = sonde_clock_now();
	uint64_t rings;

	busy |= when <= now;
	if (r->rest > now) {
		fds[0].fd = -1;
		when = when < r->rest ? when : r->rest;
	}
	if (!busy)
		set_alarm(r, when);
	if (poll(fds, sizeof fds / sizeof *fds, busy ? 0 : -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents & POLLERR)
		sonde_ports_error(r->ports);
	if (fds[0].revents) {
		plan_rest(r);
		look_at_wall(r);
		read_ports(r);
	}
	if (fds[1].revents && read(r->timer, &rings, sizeof rings) > 0)
		r->alarm = 0;
	return fds[2].revents ? r->hooks->asked(r->hooks->arg, control) : 0;
}

void sonde_relay_rest(struct sonde_relay *r, bool all_waits)
{
	r->may_rest = all_waits;
}

int sonde_relay_run(struct sonde_relay *r, int control)
{
	bool busy = false;
	int err = 0;

	r->wall.offset = sonde_clock_offset();
	while (!err) {
		err = look(r, control, busy);
		busy = false;
		for (unsigned i = 0; !err && i < SEND_ROUNDS && send_due(r); i++)
			busy = true;
	}
	tell_missed(r);
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
	sonde_ports_close(r->ports);
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < r->heap[k].n; i++)
			free(r->heap[k].at[i]);
		free(r->heap[k].at);
	}
	if (r->timer >= 0)
		close(r->timer);
	free(r->gate);
	free(r);
	return NULL;
}
