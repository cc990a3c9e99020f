#include "run/owners.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/holder.h"

enum {
	SETS = 1 << 14, /* of so many entries each; the one not used for longest goes */
	WAYS = 4,
	HOLDERS = 1 << 16,
	PROGRAMS = 1 << 12,
};

#define ASK_AGAIN (250 * SONDE_MILLISECOND)

/* One end of a connection, or a port: by the hash of its name. An older owner of the same name is
 * an entry of its own, with an end. */
struct entry {
	uint64_t key;		     /* 0: free */
	sonde_ns since, until, used; /* until: UINT64_MAX while it lasts */
	struct sonde_owner owner;
};

struct holder {
	uint64_t ino;
	uint32_t pid;
};

struct program {
	uint32_t pid;
	char path[124];
};

struct sonde_owners {
	struct sonde_tracer *tracer; /* NULL: only asking */
	struct sonde_diag *diag[SONDE_OWNERS_NAMESPACES];
	uint32_t netns[SONDE_OWNERS_NAMESPACES];
	size_t diags;
	sonde_ns asked;
	struct entry entry[SETS][WAYS];
	struct holder holder[HOLDERS];
	struct program program[PROGRAMS];
};

/* An address of IPv4 in IPv6's clothes, RFC 4291 section 2.5.5.2. */
static bool is_clothed(const struct sonde_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == AF_INET6 && !memcmp(a->ip, mapped, 12);
}

/* A socket of both versions has IPv4 peers in IPv6's clothes. */
static uint64_t mix_address(uint64_t h, const struct sonde_address *a)
{
	bool clothed = is_clothed(a);
	uint64_t part[2] = { 0 };

	memcpy(part, a->ip + (clothed ? 12 : 0), clothed || a->family == AF_INET ? 4 : 16);
	h = (h ^ part[0]) * 0x9e3779b97f4a7c15;
	h = (h ^ h >> 29 ^ part[1]) * 0xbf58476d1ce4e5b9;
	return (h ^ h >> 32 ^ a->port) * 0x94d049bb133111eb;
}

static uint64_t key_begin(uint32_t netns, uint16_t protocol)
{
	return ((uint64_t)netns << 16 | protocol) * 0x9e3779b97f4a7c15;
}

static uint64_t key_of(uint32_t netns, uint16_t protocol, const struct sonde_address *local,
		       const struct sonde_address *remote)
{
	uint64_t h = mix_address(mix_address(key_begin(netns, protocol), local), remote);

	return (h ^ h >> 31) | 1;
}

/* six: of IPv6, which may have another owner than that of IPv4. */
static uint64_t key_of_port(uint32_t netns, uint16_t protocol, uint16_t port, bool six)
{
	uint64_t h = (key_begin(netns, protocol) ^ port ^ (uint64_t)six << 16) * 0xbf58476d1ce4e5b9;

	return (h ^ h >> 31) | 1;
}

static struct entry *set_of(struct sonde_owners *o, uint64_t key)
{
	return o->entry[key >> 40 & (SETS - 1)];
}

static void put(struct sonde_owners *o, uint64_t key, const struct sonde_owner *owner,
		sonde_ns when)
{
	struct entry *set = set_of(o, key), *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		struct entry *e = &set[i];

		if (e->used < oldest->used)
			oldest = e;
		if (e->key != key || e->until != UINT64_MAX)
			continue;
		if (e->owner.pid == owner->pid) {
			e->used = when;
			/* What was asked for is never better than what was told. */
			if (owner->how < e->owner.how)
				e->owner = *owner;
			return;
		}
		if (owner->how > e->owner.how)
			return;
		e->until = when;
	}
	*oldest = (struct entry){ key, when, UINT64_MAX, when, *owner };
}

/* Who had it then; a call returns after the packets it sent, so that the first of them are older
 * than what is known of their owner. */
static struct entry *get(struct sonde_owners *o, uint64_t key, sonde_ns when)
{
	struct entry *set = set_of(o, key), *best = NULL;

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key && when < set[i].until &&
		    (!best || set[i].until < best->until))
			best = &set[i];
	if (best)
		best->used = best->used > when ? best->used : when;
	return best;
}

static void end(struct sonde_owners *o, uint64_t key, sonde_ns when)
{
	struct entry *set = set_of(o, key);

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key && set[i].until == UINT64_MAX)
			set[i].until = when;
}

/* A socket of IPv6 that is bound to no address hears IPv4 as well, unless it does not want to,
 * which nobody told. */
static bool is_both(const struct sonde_address *local)
{
	return local->family == AF_INET6 && sonde_address_is_any(local);
}

static bool serves(const struct sonde_address *local, bool six)
{
	return six ? local->family == AF_INET6 && !is_clothed(local)
		   : local->family == AF_INET || is_clothed(local) || is_both(local);
}

static void learn(struct sonde_owners *o, const struct sonde_event *e, uint8_t how)
{
	struct sonde_owner owner = { .pid = e->pid, .tid = e->tid, .how = how };

	if ((e->protocol != IPPROTO_TCP && e->protocol != IPPROTO_UDP) || !e->local.port)
		return;
	memcpy(owner.comm, e->comm, sizeof owner.comm);
	if (e->remote.port)
		put(o, key_of(e->netns, e->protocol, &e->local, &e->remote), &owner, e->when);
	if (e->remote.port && e->protocol == IPPROTO_TCP)
		return;
	owner.how++;
	for (unsigned six = 0; six < 2; six++) {
		uint64_t key = key_of_port(e->netns, e->protocol, e->local.port, six);

		/* of both versions: unless a socket of IPv4 alone has the port */
		if (serves(&e->local, six) && (six || !is_both(&e->local) || !get(o, key, e->when)))
			put(o, key, &owner, e->when);
	}
}

/* A port of UDP is free for another program. Ends of connections may linger in the kernel, which
 * sends for them still. */
static void forget(struct sonde_owners *o, const struct sonde_event *e)
{
	if (e->protocol != IPPROTO_UDP || !e->local.port)
		return;
	for (unsigned six = 0; six < 2; six++)
		if (serves(&e->local, six))
			end(o, key_of_port(e->netns, e->protocol, e->local.port, six), e->when);
}

static void hear(void *arg, const struct sonde_item *item)
{
	struct sonde_owners *o = arg;
	const struct sonde_event *e = &item->event;
	struct program *p;

	if (item->is != SONDE_ITEM_EVENT)
		return;
	if (e->kind == SONDE_EVENT_EXEC) {
		p = &o->program[e->pid % PROGRAMS];
		*p = (struct program){ .pid = e->pid };
		memcpy(p->path, e->text.at,
		       e->text.len < sizeof p->path ? e->text.len : sizeof p->path - 1);
	} else if (e->kind == SONDE_EVENT_DESTROY) {
		forget(o, e);
	} else if (e->pid && (e->kind == SONDE_EVENT_CALL || e->kind == SONDE_EVENT_SEED ||
			      e->flags & SONDE_FLAG_TASK)) {
		learn(o, e, SONDE_OWNER_EXACT);
	}
}

int sonde_owners_open(struct sonde_owners **ret, const int *netns, size_t n, int *ret_why)
{
	const struct sonde_tracer_plan plan = { .backend = SONDE_BACKEND_BPF, .all = true };
	struct sonde_owners *o = calloc(1, sizeof *o);
	int r;

	if (!o)
		return -ENOMEM;
	r = sonde_tracer_open(&o->tracer, &plan, ret_why);
	if (r < 0) {
		*ret_why = r;
		o->tracer = NULL;
	} else {
		sonde_tracer_seed(o->tracer, 0);
	}
	for (size_t i = 0; i < n && i < SONDE_OWNERS_NAMESPACES; i++)
		if (!sonde_diag_open(&o->diag[o->diags], netns[i]))
			o->diags++;
	*ret = o;
	return 0;
}

sonde_ns sonde_owners_read(struct sonde_owners *o)
{
	sonde_ns now = sonde_clock_now();

	if (!o->tracer)
		return now;
	sonde_tracer_read(o->tracer, hear, o);
	return now - sonde_tracer_lateness(o->tracer);
}

int sonde_owners_patience(const struct sonde_owners *o)
{
	return o->tracer ? sonde_tracer_patience(o->tracer) : 100;
}

static void note_holder(void *arg, uint32_t pid, uint64_t ino)
{
	struct sonde_owners *o = arg;

	o->holder[ino % HOLDERS] = (struct holder){ ino, pid };
}

static void note_socket(void *arg, const struct sonde_item *item)
{
	struct sonde_owners *o = arg;
	struct sonde_event e = item->event;
	const struct holder *h = &o->holder[e.ino % HOLDERS];

	if (!e.ino || h->ino != e.ino)
		return;
	e.pid = h->pid;
	e.tid = 0;
	memset(e.comm, 0, sizeof e.comm);
	learn(o, &e, SONDE_OWNER_LATER);
}

/* All sockets that there are now. */
static void ask(struct sonde_owners *o)
{
	static const uint16_t family[] = { AF_INET, AF_INET6 };
	static const uint8_t protocol[] = { IPPROTO_TCP, IPPROTO_UDP };

	sonde_holder_each(note_holder, o);
	for (size_t d = 0; d < o->diags; d++)
		for (unsigned i = 0; i < 4; i++)
			sonde_diag_dump(o->diag[d],
					&(struct sonde_diag_want){ .family = family[i & 1],
								   .protocol = protocol[i >> 1] },
					note_socket, o);
}

static unsigned add(struct sonde_owner *ret, unsigned n, const struct entry *e)
{
	if (!e || (n && ret->pid == e->owner.pid))
		return n;
	ret[n] = e->owner;
	return n + 1;
}

static bool is_within(const struct sonde_tuple *t)
{
	return !memcmp(t->src.ip, t->dst.ip, 16) || (t->src.family == AF_INET && *t->src.ip == 127);
}

/* The socket with both ends, else what has the port, if the packet's end is one of this machine. */
static struct entry *look_end(struct sonde_owners *o, uint32_t netns, uint8_t protocol,
			      const struct sonde_address *end, const struct sonde_address *other,
			      bool here, sonde_ns when)
{
	struct entry *e = get(o, key_of(netns, protocol, end, other), when);

	return e || !here ? e
			  : get(o, key_of_port(netns, protocol, end->port, end->family == AF_INET6),
				when);
}

static unsigned look(struct sonde_owners *o, const struct sonde_tuple *t, uint32_t netns,
		     uint8_t dir, sonde_ns when, struct sonde_owner *ret)
{
	bool out = dir == SONDE_DIR_OUT, within = is_within(t);
	unsigned n =
		add(ret, 0, look_end(o, netns, t->protocol, &t->src, &t->dst, out || within, when));

	return add(ret, n, look_end(o, netns, t->protocol, &t->dst, &t->src, !out || within, when));
}

unsigned sonde_owners_find(struct sonde_owners *o, const struct sonde_tuple *t, uint32_t netns,
			   uint8_t dir, sonde_ns when, struct sonde_owner ret[SONDE_OWNERS_ENDS])
{
	unsigned n;
	sonde_ns now;

	if (!(t->has & SONDE_TUPLE_PORTS))
		return 0;
	n = look(o, t, netns, dir, when, ret);
	if (n)
		return n;
	now = sonde_clock_now();
	if (now < o->asked + ASK_AGAIN)
		return 0;
	ask(o);
	o->asked = sonde_clock_now();
	return look(o, t, netns, dir, when, ret);
}

const char *sonde_owners_path(const struct sonde_owners *o, uint32_t pid)
{
	const struct program *p = &o->program[pid % PROGRAMS];

	return p->pid == pid && *p->path ? p->path : NULL;
}

uint64_t sonde_owners_lost(const struct sonde_owners *o)
{
	return o->tracer ? sonde_tracer_lost(o->tracer) : 0;
}

struct sonde_owners *sonde_owners_close(struct sonde_owners *o)
{
	if (!o)
		return NULL;
	if (o->tracer)
		sonde_tracer_close(o->tracer);
	for (size_t i = 0; i < o->diags; i++)
		sonde_diag_close(o->diag[i]);
	free(o);
	return NULL;
}
