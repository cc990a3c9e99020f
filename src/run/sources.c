#include "run/sources.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/reason.h"
#include "packet/tuple.h"
#include "sys/clock.h"

enum { RUN, TRACER, DIAG, WIRE };

/* Blocks are 10 ms old when they are handed over, and more on a busy machine. */
#define WIRE_LATENESS (50 * SONDE_MILLISECOND)

/* Noted as the events come in, which is before the packets of that time go out: even the first
 * packet of a socket that was never bound finds its port here. */
static void note_port(struct sonde_sources *s, const struct sonde_event *e)
{
	if (e->local.port && (e->protocol == IPPROTO_TCP || e->protocol == IPPROTO_UDP))
		s->port[e->protocol == IPPROTO_UDP][e->local.port >> 3] |=
			(uint8_t)(1 << (e->local.port & 7));
}

/* Whether a packet may be of a followed socket; of what has no ports nobody can tell. */
static bool concerns(const struct sonde_sources *s, const struct sonde_frame *f)
{
	struct sonde_packet p;
	struct sonde_tuple t;
	const uint8_t *port;

	sonde_decode_frame(&p, f, NULL);
	if (!sonde_packet_tuple(&p, &t))
		return false;
	if (!(t.has & SONDE_TUPLE_PORTS))
		return t.protocol == IPPROTO_ICMP || t.protocol == IPPROTO_ICMPV6 ||
		       t.fragment == SONDE_FRAGMENT_LATER;
	port = s->port[t.protocol == IPPROTO_UDP];
	return (port[t.src.port >> 3] >> (t.src.port & 7) & 1) ||
	       (port[t.dst.port >> 3] >> (t.dst.port & 7) & 1);
}

struct waiting {
	struct sonde_sources *sources;
	const struct sonde_event *listener;
};

static void take_waiting(void *arg, const struct sonde_item *found)
{
	const struct waiting *w = arg;
	struct sonde_item item = *found;

	/* What has an inode was accepted, or is the listener. */
	if (item.event.ino || item.event.netns != w->listener->netns)
		return;
	item.event.kind = SONDE_EVENT_SEED;
	item.event.flags = 0;
	memset(item.event.n, 0, sizeof item.event.n);
	sonde_merge_push(&w->sources->merge, DIAG, &item);
}

/* What waits at a listener is in nobody's table of descriptors: the kernel's diagnosis alone knows
 * of it. */
static void ask_waiting(struct sonde_sources *s, const struct sonde_event *listener)
{
	struct waiting w = { s, listener };
	struct sonde_diag_want want = {
		.family = listener->family,
		.protocol = IPPROTO_TCP,
		.port = listener->local.port,
		.states = 1 << TCP_SYN_RECV | 1 << TCP_ESTABLISHED | 1 << TCP_CLOSE_WAIT,
	};
	uint8_t *asked = &s->asked[listener->family == AF_INET6][want.port >> 3];
	uint8_t bit = (uint8_t)(1 << (want.port & 7));
	struct sonde_diag *d;

	if (*asked & bit || sonde_diag_open(&d, -1)) /* several processes may hold it */
		return;
	*asked |= bit;
	sonde_diag_dump(d, &want, take_waiting, &w);
	sonde_diag_close(d);
}

static void take_traced(void *arg, const struct sonde_item *item)
{
	struct sonde_sources *s = arg;

	if (s->wire && item->is == SONDE_ITEM_EVENT)
		note_port(s, &item->event);
	sonde_merge_push(&s->merge, TRACER, item);
	if (item->is == SONDE_ITEM_EVENT && item->event.kind == SONDE_EVENT_SEED &&
	    item->event.protocol == IPPROTO_TCP && item->event.state == TCP_LISTEN)
		ask_waiting(s, &item->event);
}

static void take_diag(void *arg, const struct sonde_item *item)
{
	struct sonde_sources *s = arg;

	sonde_merge_push(&s->merge, DIAG, item);
}

int sonde_sources_open(struct sonde_sources *s, struct sonde_arena *arena,
		       const struct sonde_tracer_plan *plan, int64_t clock)
{
	struct sonde_live_plan live = {
		.interface = "any", .snaplen = plan->snaplen, .clock = clock, .network = true
	};
	struct stat own;
	int r;

	*s = (struct sonde_sources){ 0 };
	sonde_merge_init(&s->merge, arena);
	r = sonde_tracer_open(&s->tracer, plan, &s->passed);
	if (r < 0)
		return r;
	if (sonde_tracer_backend(s->tracer) != SONDE_BACKEND_PTRACE) /* which tells of its own */
		(void)sonde_diag_open(&s->diag, -1);
	if (!stat("/proc/self/ns/net", &own))
		live.netns = (uint32_t)own.st_ino; /* a packet is joined to sockets of its own */
	if (plan->packets && !sonde_tracer_sees_packets(s->tracer))
		s->wire_error = sonde_live_open(&s->wire, &live);
	return 0;
}

void sonde_sources_tell(struct sonde_sources *s, const struct sonde_event *e, const void *text,
			size_t len)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = *e };

	item.event.when = sonde_clock_now();
	item.event.fd = item.event.fd2 = -1;
	item.event.text = (struct sonde_bytes){ text, len };
	sonde_merge_push(&s->merge, RUN, &item);
}

static void tell_blind(struct sonde_sources *s, const char *text)
{
	sonde_sources_tell(s, &(struct sonde_event){ .kind = SONDE_EVENT_BLIND }, text,
			   strlen(text));
}

static void tell_reason(struct sonde_sources *s, const char *what, int reason)
{
	char text[200];

	if (!reason)
		return;
	snprintf(text, sizeof text, "%s: %s", what, sonde_reason_text(reason));
	tell_blind(s, text);
}

void sonde_sources_tell_limits(struct sonde_sources *s)
{
	tell_reason(s, "what BPF would show", s->passed);
	sonde_tracer_tell(s->tracer, take_traced, s);
	tell_reason(s, "packets", s->wire_error);
	if (s->wire)
		tell_blind(s, "packets are seen in our own network namespace alone");
}

static void read_wire(struct sonde_sources *s)
{
	struct sonde_item item = { .is = SONDE_ITEM_FRAME };

	while (sonde_live_read(s->wire, &item.frame) > 0)
		sonde_merge_push(&s->merge, WIRE, &item);
}

static void tell_lost(struct sonde_sources *s)
{
	uint64_t lost = sonde_tracer_lost(s->tracer) + (s->diag ? sonde_diag_lost(s->diag) : 0);

	if (lost != s->lost)
		sonde_sources_tell(
			s,
			&(struct sonde_event){ .kind = SONDE_EVENT_LOST, .n = { lost - s->lost } },
			"tracer", 6);
	s->lost = lost;
}

sonde_ns sonde_sources_read(struct sonde_sources *s)
{
	sonde_ns lateness = sonde_tracer_lateness(s->tracer), now = sonde_clock_now();

	if (s->wire && lateness < WIRE_LATENESS)
		lateness = WIRE_LATENESS;
	sonde_tracer_read(s->tracer, take_traced, s);
	if (s->diag)
		sonde_diag_read(s->diag, take_diag, s);
	if (s->wire)
		read_wire(s);
	tell_lost(s);
	return now - lateness;
}

int sonde_sources_pop(struct sonde_sources *s, sonde_ns watermark, struct sonde_item *ret)
{
	while (sonde_merge_pop(&s->merge, watermark, ret))
		if (!s->wire || ret->is != SONDE_ITEM_FRAME || concerns(s, &ret->frame))
			return 1;
	return 0;
}

void sonde_sources_close(struct sonde_sources *s)
{
	s->tracer = sonde_tracer_close(s->tracer);
	s->diag = sonde_diag_close(s->diag);
	s->wire = sonde_live_close(s->wire);
}
