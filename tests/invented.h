#ifndef SONDE_TESTS_INVENTED_H
#define SONDE_TESTS_INVENTED_H

/* Lives that nobody lived: endpoints, items and what the engine would have heard in them, so that
 * what is shown can be tested without an engine, a kernel or a clock. */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "life/life.h"
#include "life/line.h"
#include "life/story.h"

#define UNUSED __attribute__((unused))

enum { BEGAN = 1000000 }; /* us: the run's start */

static char out[262144];
static struct sonde_text text;
static struct sonde_arena arena;
static struct sonde_life life;
static struct sonde_story story;
static struct sonde_line line;

static void invent(void)
{
	sonde_text_init(&text, out, sizeof out, NULL, NULL);
	life = (struct sonde_life){ .arena = &arena, .began = BEGAN * 1000ull };
	sonde_story_init(&story, &arena, 0);
	line = (struct sonde_line){ &text, &life, NULL, SONDE_LINE_USUAL };
}

static void forget(void)
{
	sonde_arena_done(&arena);
}

static UNUSED const char *written(void)
{
	text.at[text.len] = 0;
	return text.at;
}

/* The first line that differs is shown, not both texts. */
static UNUSED void same(const char *got, const char *want)
{
	while (*got && *got == *want) {
		const char *g = strchr(got, '\n'), *w = strchr(want, '\n');

		if (!g || !w || g - got != w - want || memcmp(got, want, (size_t)(g - got)))
			break;
		got = g + 1;
		want = w + 1;
	}
	ck_assert_msg(!strcmp(got, want), "\n%.500s\n instead of\n%.500s", got, want);
}

static sonde_ns at(double us)
{
	return (sonde_ns)((BEGAN + us) * 1000 + 0.5);
}

static UNUSED struct sonde_address ip4(unsigned last, unsigned port)
{
	return (struct sonde_address){ .family = AF_INET,
				       .port = (uint16_t)port,
				       .ip = { 10, 0, 0, (uint8_t)last } };
}

static struct sonde_endpoint *endpoint(unsigned kind, unsigned role, unsigned pid, const char *comm)
{
	struct sonde_endpoint *e = sonde_arena_take(&arena, sizeof *e);

	if (life.endpoints == life.endpoint_room) {
		life.endpoint = sonde_arena_grow(&arena, life.endpoint, life.endpoints,
						 life.endpoints + 16, sizeof *life.endpoint);
		life.endpoint_room += life.endpoints + 16;
	}
	life.endpoint[life.endpoints++] = e;
	e->sid = (uint32_t)life.endpoints;
	e->kind = (uint8_t)kind;
	e->role = (uint8_t)role;
	e->pid = pid;
	memcpy(e->comm, comm, strnlen(comm, sizeof e->comm));
	memset(&e->timing, 0xff, sizeof e->timing);
	e->sent.bytes = e->sent.messages = e->received.bytes = e->received.messages = SONDE_ABSENT;
	e->packets_out = e->packets_in = e->wire_out = e->wire_in = SONDE_ABSENT;
	e->payload_out = e->payload_in = e->unread = SONDE_ABSENT;
	return e;
}

static void hear(const struct sonde_item *i, const struct sonde_heard *h)
{
	sonde_story_hear(&story, i, h);
	sonde_line_print(&line, i, h);
}

static UNUSED struct sonde_event event(const struct sonde_endpoint *e, double us, unsigned kind)
{
	struct sonde_event v = { .when = at(us), .kind = (uint16_t)kind, .fd = -1, .fd2 = -1 };

	if (e && (kind == SONDE_EVENT_CALL || kind == SONDE_EVENT_EXIT)) {
		v.pid = v.tid = e->pid;
		memcpy(v.comm, e->comm, sizeof v.comm);
	}
	return v;
}

/* A call of e's program that returned at us after took us. ret is also the bytes of a data call. */
static UNUSED void call(struct sonde_endpoint *e, double us, double took, unsigned number, int fd,
			long ret, unsigned milestone, uint32_t sid2)
{
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(e, us, SONDE_EVENT_CALL) };
	struct sonde_heard h = { .sid = e->sid, .sid2 = sid2, .milestone = (uint8_t)milestone };
	uint32_t released = e->sid;

	i.event.call = (uint8_t)number;
	i.event.took = (sonde_ns)(took * 1000);
	i.event.fd = fd;
	i.event.ret = ret;
	i.event.arg[1] = -1;
	if (number == SONDE_CALL_SOCKET) {
		i.event.arg[0] = AF_INET;
		i.event.arg[1] = e->kind == SONDE_KIND_TCP4 ? SOCK_STREAM : SOCK_DGRAM;
	}
	if (number == SONDE_CALL_LISTEN)
		i.event.arg[0] = 5;
	if (number == SONDE_CALL_SHUTDOWN)
		i.event.arg[0] = 1;
	if (ret > 0)
		i.event.bytes = (uint64_t)ret;
	if (milestone == SONDE_MILESTONE_RELEASED) {
		h.released = &released;
		h.releases = 1;
	}
	hear(&i, &h);
}

static UNUSED void state(struct sonde_endpoint *e, double us, unsigned from, unsigned to)
{
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(e, us, SONDE_EVENT_STATE) };
	struct sonde_heard h = { .sid = e->sid, .milestone = SONDE_MILESTONE_STATE };

	i.event.from = (uint8_t)from;
	i.event.to = (uint8_t)to;
	if (e->kernel.n == e->kernel.room) {
		e->kernel.at = sonde_arena_grow(&arena, e->kernel.at, e->kernel.n, 16,
						sizeof *e->kernel.at);
		e->kernel.room += 16;
	}
	e->kernel.at[e->kernel.n++] = (struct sonde_step){ i.event.when, (uint8_t)to, false };
	e->state = (uint8_t)to;
	hear(&i, &h);
}

/* An IPv4 packet from one endpoint to the other; flags 0: UDP. */
static UNUSED void packet(struct sonde_endpoint *from, struct sonde_endpoint *to, double us,
			  unsigned flags, unsigned len, struct sonde_flow *flow, unsigned message,
			  unsigned milestone)
{
	static uint8_t byte[2048];
	unsigned head = flags ? 20 : 8, total = 20 + head + len;
	struct sonde_item i = {
		.is = SONDE_ITEM_FRAME,
		.frame = { .when = at(us), .byte = { byte, total }, .wire = total, .link = 101 },
	};
	struct sonde_heard h = { .sid = from->sid,
				 .sid2 = to->sid,
				 .how = SONDE_HOW_COOKIE,
				 .milestone = (uint8_t)milestone,
				 .frame = ++life.frames,
				 .flow = flow,
				 .message = message };

	memset(byte, 0, sizeof byte);
	byte[0] = 0x45;
	sonde_store(byte + 2, 2, total);
	byte[8] = 64;
	byte[9] = flags ? IPPROTO_TCP : IPPROTO_UDP;
	memcpy(byte + 12, from->local.ip, 4);
	memcpy(byte + 16, to->local.ip, 4);
	sonde_store(byte + 20, 2, from->local.port);
	sonde_store(byte + 22, 2, to->local.port);
	if (flags) {
		byte[32] = 0x50;
		byte[33] = (uint8_t)flags;
	} else {
		sonde_store(byte + 24, 2, 8 + len);
	}
	hear(&i, &h);
}

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* The hello session over TCP: the server greets and closes first. */
static UNUSED struct sonde_connection *hello_stream(void)
{
	struct sonde_endpoint *l = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_LISTENER, 810, "server");
	struct sonde_endpoint *c = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 812, "client");
	struct sonde_endpoint *s = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_SERVER, 810, "server");
	struct sonde_connection *k = sonde_arena_take(&arena, sizeof *k);

	l->local = s->local = c->remote = ip4(2, 5000);
	c->local = s->remote = ip4(1, 41714);
	c->peer = s->sid;
	s->peer = c->sid;
	s->listener = l->sid;
	l->backlog = 5;
	*k = (struct sonde_connection){ .id = 1,
					.kind = SONDE_KIND_TCP4,
					.client = c->sid,
					.server = s->sid,
					.listener = l->sid,
					.from = c->local,
					.to = s->local,
					.opened = at(300) };
	c->connection = s->connection = k;
	life.connection = sonde_arena_grow(&arena, NULL, 0, 1, sizeof *life.connection);
	life.connection[life.connections++] = k;

	call(l, 100, 5, SONDE_CALL_SOCKET, 3, 3, SONDE_MILESTONE_MADE, 0);
	call(l, 110, 2, SONDE_CALL_BIND, 3, 0, SONDE_MILESTONE_NAMED, 0);
	state(l, 117, SONDE_STATE_CLOSE, SONDE_STATE_LISTEN);
	call(l, 120, 4, SONDE_CALL_LISTEN, 3, 0, SONDE_MILESTONE_LISTENING, 0);
	call(c, 304, 4, SONDE_CALL_SOCKET, 3, 3, SONDE_MILESTONE_MADE, 0);
	c->opened = at(304);
	state(c, 313, SONDE_STATE_CLOSE, SONDE_STATE_SYN_SENT);
	packet(c, l, 325, SYN, 0, NULL, 0, SONDE_MILESTONE_WIRE);
	packet(s, c, 340.9, SYN | ACK, 0, NULL, 0, SONDE_MILESTONE_WIRE);
	state(c, 350.9, SONDE_STATE_SYN_SENT, SONDE_STATE_ESTABLISHED);
	packet(c, s, 354.9, ACK, 0, NULL, 0, 0);
	state(s, 358.5, SONDE_STATE_LISTEN, SONDE_STATE_SYN_RECV);
	state(s, 362.7, SONDE_STATE_SYN_RECV, SONDE_STATE_ESTABLISHED);
	c->timing.connect = 56 * 1000;
	call(c, 365.7, 56, SONDE_CALL_CONNECT, 3, 0, SONDE_MILESTONE_CONNECTED, 0);
	s->timing.accept_wait = 9 * 1000;
	call(l, 371.7, 240, SONDE_CALL_ACCEPT4, 3, 4, SONDE_MILESTONE_ACCEPTED, s->sid);
	packet(s, c, 388.1, PSH | ACK, 14, NULL, 0, 0);
	packet(c, s, 393.8, ACK, 0, NULL, 0, 0);
	call(s, 398.5, 14, SONDE_CALL_SENDTO, 4, 14, SONDE_MILESTONE_FIRST_SENT, 0);
	c->timing.first_byte = 36 * 1000;
	call(c, 402, 30, SONDE_CALL_RECVFROM, 3, 14, SONDE_MILESTONE_FIRST_RECEIVED, 0);
	state(s, 415.4, SONDE_STATE_ESTABLISHED, SONDE_STATE_FIN_WAIT1);
	packet(s, c, 417, FIN | ACK, 0, NULL, 0, SONDE_MILESTONE_WIRE);
	state(c, 419.5, SONDE_STATE_ESTABLISHED, SONDE_STATE_CLOSE_WAIT);
	packet(c, s, 461, ACK, 0, NULL, 0, 0);
	state(s, 463, SONDE_STATE_FIN_WAIT1, SONDE_STATE_FIN_WAIT2);
	s->opened = at(371.7);
	s->release = SONDE_RELEASE_CLOSE;
	call(s, 465, 52, SONDE_CALL_CLOSE, 4, 0, SONDE_MILESTONE_RELEASED, 0);
	call(c, 473.5, 60, SONDE_CALL_RECVFROM, 3, 0, SONDE_MILESTONE_END_OF_STREAM, 0);
	c->release = SONDE_RELEASE_CLOSE;
	state(c, 490.4, SONDE_STATE_CLOSE_WAIT, SONDE_STATE_LAST_ACK);
	packet(c, s, 491.9, FIN | ACK, 0, NULL, 0, SONDE_MILESTONE_WIRE);
	packet(s, c, 494.6, ACK, 0, NULL, 0, 0);
	state(c, 497.2, SONDE_STATE_LAST_ACK, SONDE_STATE_CLOSE);
	c->cause = SONDE_CAUSE_FIN_REMOTE;
	state(s, 501.1, SONDE_STATE_FIN_WAIT2, SONDE_STATE_TIME_WAIT);
	s->cause = SONDE_CAUSE_FIN_LOCAL;
	call(c, 505, 17, SONDE_CALL_CLOSE, 3, 0, SONDE_MILESTONE_RELEASED, 0);
	c->closed = at(505);
	s->closed = at(465);
	return k;
}

/* Three datagrams, of which the second finds the queue full. */
static UNUSED struct sonde_flow *lossy_datagrams(void)
{
	struct sonde_endpoint *c = endpoint(SONDE_KIND_UDP4, SONDE_ROLE_SENDER, 900, "caller");
	struct sonde_endpoint *s = endpoint(SONDE_KIND_UDP4, SONDE_ROLE_RECEIVER, 901, "reader");
	struct sonde_flow *f = sonde_arena_take(&arena, sizeof *f);
	struct sonde_item drop = { .is = SONDE_ITEM_EVENT };
	struct sonde_heard h = { .milestone = SONDE_MILESTONE_DROPPED };

	s->local = ip4(2, 7000);
	c->local = ip4(1, 40000);
	*f = (struct sonde_flow){ .id = 1,
				  .kind = SONDE_KIND_UDP4,
				  .sender = c->sid,
				  .receiver = s->sid,
				  .from = c->local,
				  .to = s->local,
				  .first = at(10),
				  .sent = 3,
				  .read = 2,
				  .dropped = 1 };
	f->loss = sonde_arena_take(&arena, sizeof *f->loss);
	f->loss[f->losses++] = (struct sonde_loss){
		.first = 2, .last = 2, .fate = SONDE_FATE_DROPPED, .name = "SOCKET_RCVBUFF"
	};
	life.flow = sonde_arena_grow(&arena, NULL, 0, 1, sizeof *life.flow);
	life.flow[life.flows++] = f;
	call(s, 5, 3, SONDE_CALL_SOCKET, 3, 3, SONDE_MILESTONE_MADE, 0);
	call(c, 14, 4, SONDE_CALL_SOCKET, 3, 3, SONDE_MILESTONE_MADE, 0);
	c->opened = at(14);
	for (unsigned m = 1; m <= 3; m++) {
		double us = 100.0 * m;

		packet(c, s, us + 3, 0, 1000, f, m, 0);
		if (m == 2) {
			drop.event = event(s, us + 5, SONDE_EVENT_DROP);
			drop.event.bytes = 1000;
			drop.event.remote = c->local;
			drop.event.text =
				(struct sonde_bytes){ (const uint8_t *)"SOCKET_RCVBUFF", 14 };
			h.sid = s->sid;
			h.sid2 = c->sid;
			h.flow = f;
			h.message = m;
			hear(&drop, &h);
		}
		call(c, us + 9, 9, SONDE_CALL_SENDTO, 3, 1000,
		     m == 1 ? SONDE_MILESTONE_FIRST_SENT : 0, 0);
		if (m != 2)
			call(s, us + 20, 4, SONDE_CALL_RECVFROM, 3, 1000,
			     m == 1 ? SONDE_MILESTONE_FIRST_RECEIVED : 0, 0);
	}
	return f;
}

#endif
