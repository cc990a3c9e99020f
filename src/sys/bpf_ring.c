/* Records of the ring as items of the stream. Half a million a second come by here: nothing is
 * cleared that is not used, nothing is copied that can be pointed to. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/bpf.h"
#include "sys/clock.h"

static void hand(struct bpf_tracer *t, const struct sonde_item *item)
{
	t->count++;
	t->hear(t->arg, item);
}

static void take_data(struct bpf_tracer *t, const struct record_data *r)
{
	struct sonde_event *e = &t->data.event;

	t->data.is = SONDE_ITEM_EVENT;
	e->kind = SONDE_EVENT_CALL;
	e->call = r->head.kind;
	e->when = r->head.when;
	e->cpu = r->head.cpu;
	e->netns = r->head.netns;
	e->took = r->took;
	e->cookie = r->cookie;
	e->ino = r->ino;
	e->ret = r->ret;
	e->bytes = r->ret > 0 ? (uint64_t)r->ret : 0;
	e->arg[0] = r->arg[0];
	e->arg[1] = r->arg[1] == UINT32_MAX ? -1 : (int64_t)r->arg[1];
	e->arg[2] = r->value;
	e->pid = r->pid;
	e->tid = r->tid;
	e->fd = r->fd;
	e->fd2 = -1;
	e->flags = r->flags;
	e->family = r->family;
	e->type = r->type;
	e->protocol = r->protocol;
	e->state = r->state;
	memcpy(e->comm, r->comm, sizeof e->comm);
	hand(t, &t->data);
}

static void address(struct sonde_address *to, const struct record_address *from)
{
	to->family = from->family;
	to->port = from->port;
	to->scope = from->scope;
	memcpy(to->ip, from->ip, sizeof to->ip);
}

static struct sonde_bytes reason_name(const struct bpf_tracer *t, const struct record_event *r)
{
	const struct sonde_bpf_reasons *table = &t->kernel.drop;
	const char *name;

	if (r->head.kind == SONDE_EVENT_RESET_OUT)
		table = &t->kernel.reset;
	else if (r->head.kind != SONDE_EVENT_DROP)
		return (struct sonde_bytes){ 0 };
	name = r->reason && r->reason < SONDE_BPF_REASONS ? table->name[r->reason] : NULL;
	return (struct sonde_bytes){ (const uint8_t *)name, name ? strlen(name) : 0 };
}

/* Whether the new descriptor is closed by exec, from the arguments. */
static bool closes_on_exec(const struct sonde_event *e)
{
	switch (e->call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR:
	case SONDE_CALL_DUP3: return e->arg[1] & SOCK_CLOEXEC; /* the same bit as O_CLOEXEC */
	case SONDE_CALL_ACCEPT4: return e->arg[0] & SOCK_CLOEXEC;
	case SONDE_CALL_FCNTL: return e->arg[0] == F_DUPFD_CLOEXEC;
	case SONDE_CALL_PIDFD_GETFD: return true;
	}
	return false;
}

static void take_event(struct bpf_tracer *t, const struct record_event_tail *tail, size_t len)
{
	const struct record_event *r = &tail->event;
	struct sonde_event *e = &t->event.event;

	if (r->head.kind == SONDE_EVENT_NAME)
		sonde_bpf_name_look(t, r->head.netns);
	t->event.is = SONDE_ITEM_EVENT;
	*e = (struct sonde_event){
		.when = r->head.when,
		.took = r->took,
		.cookie = r->cookie,
		.ino = r->ino,
		.ino2 = r->ino2,
		.cookie2 = r->cookie2,
		.ret = r->ret,
		.bytes = r->bytes,
		.n = { r->n[0], r->n[1], r->n[2] },
		.arg = { r->arg[0], r->arg[1], r->arg[2] },
		.netns = r->head.netns,
		.pid = r->pid,
		.tid = r->tid,
		.fd = r->fd,
		.fd2 = r->fd2,
		.reason = r->reason,
		.kind = r->head.kind,
		.flags = r->flags,
		.cpu = r->head.cpu,
		.family = r->family,
		.type = r->type,
		.protocol = r->protocol,
		.call = r->call,
		.state = r->state,
		.from = r->from,
		.to = r->to,
		.text = reason_name(t, r),
	};
	memcpy(e->comm, r->comm, sizeof e->comm);
	address(&e->local, &r->local);
	address(&e->remote, &r->remote);
	if (r->address_len && len >= sizeof *r + r->address_len)
		e->address = (struct sonde_bytes){ tail->address, r->address_len };
	if (r->text_len && len >= sizeof *r + RECORD_ADDRESS + r->text_len)
		e->text = (struct sonde_bytes){ tail->text, r->text_len };
	if (r->head.kind == SONDE_EVENT_NAME)
		e->text.len = strnlen((const char *)e->text.at, e->text.len);
	if (e->kind == SONDE_EVENT_CALL)
		e->flags |= closes_on_exec(e) ? SONDE_FLAG_CLOEXEC : 0;
	hand(t, &t->event);
}

static void take_frame(struct bpf_tracer *t, const struct record_frame *r)
{
	struct sonde_frame *f = &t->frame.frame;

	t->frame.is = SONDE_ITEM_FRAME;
	f->when = r->head.when;
	f->byte = (struct sonde_bytes){ (const uint8_t *)(r + 1), r->len };
	f->wire = r->wire;
	f->link = 101; /* raw IP: it begins with the network header */
	f->dir = r->dir;
	f->sum = r->sum;
	f->netns = r->head.netns;
	f->ifindex = r->ifindex;
	f->cookie = r->cookie;
	f->gso_size = r->gso_size;
	f->gso_segs = r->gso_segs;
	f->cpu = r->head.cpu;
	f->protocol = r->protocol;
	hand(t, &t->frame);
}

int sonde_bpf_ring_take(void *tracer, void *record, size_t len)
{
	const struct record *r = record;

	switch (r->is) {
	case RECORD_DATA: take_data(tracer, record); break;
	case RECORD_EVENT: take_event(tracer, record, len); break;
	case RECORD_FRAME: take_frame(tracer, record); break;
	}
	return 0;
}

void sonde_bpf_ring_say(struct bpf_tracer *t, struct sonde_event e, const char *text)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = e };

	item.event.when = sonde_clock_now();
	item.event.fd = item.event.fd2 = -1;
	item.event.text = (struct sonde_bytes){ (const uint8_t *)text, strlen(text) };
	hand(t, &item);
}

void sonde_bpf_ring_tell(struct bpf_tracer *t)
{
	static const char *const source[RECORD_LOST_END_] = {
		[RECORD_LOST_CALLS] = "system calls",
		[RECORD_LOST_KERNEL] = "kernel events",
		[RECORD_LOST_FRAMES] = "packets",
	};
	struct record_counts now = t->shared->counts;

	for (unsigned i = 0; i < RECORD_LOST_END_; i++)
		if (now.lost[i] != t->told.lost[i])
			sonde_bpf_ring_say(
				t,
				(struct sonde_event){ .kind = SONDE_EVENT_LOST,
						      .n = { now.lost[i] - t->told.lost[i] } },
				source[i]);
	if (now.foreign != t->told.foreign)
		sonde_bpf_ring_say(t, (struct sonde_event){ .kind = SONDE_EVENT_BLIND },
				   "calls of programs of 32 bits are not seen, and one has run");
	t->told = now;
}
