/* Reads the event logs of tests/golden/life (their README has the grammar) into items. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/event.h"
#include "life/life.h"

enum { LOG_ITEMS = 512, LOG_SOCKETS = 16, LOG_WANTS = 16, LOG_LINE = 256 };

struct log_socket {
	char name[8];
	uint64_t id; /* inode; cookie is 1000 more */
	uint16_t family, type, protocol;
	uint32_t netns;
	struct sonde_address local, remote;
};

struct log_item {
	struct sonde_item item;
	uint8_t byte[128];
	uint8_t address[128];
	char text[64];
	int frame; /* ARRIVED: index of its frame in the log; else -1 */
};

struct log {
	struct log_item item[LOG_ITEMS];
	size_t n;
	struct log_socket socket[LOG_SOCKETS];
	size_t sockets;
	char want[LOG_WANTS][LOG_LINE];
	size_t wants;
};

static struct log_socket *log_find(struct log *g, const char *name, size_t len)
{
	for (size_t i = 0; i < g->sockets; i++)
		if (strlen(g->socket[i].name) == len && !memcmp(g->socket[i].name, name, len))
			return &g->socket[i];
	ck_abort_msg("no socket %.*s in the log", (int)len, name);
	return NULL;
}

/* The value of key=, into a buffer used again; NULL where the line has none. */
static const char *log_value(const char *line, const char *key)
{
	static char value[4][LOG_LINE];
	static unsigned turn;
	const char *at = line;
	size_t n = strlen(key);

	while ((at = strstr(at, key)) && !((at == line || at[-1] == ' ') && at[n] == '='))
		at++;
	if (!at)
		return NULL;
	turn = (turn + 1) % 4;
	snprintf(value[turn], LOG_LINE, "%.*s", (int)strcspn(at + n + 1, " "), at + n + 1);
	return value[turn];
}

static bool log_says(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at++)
		if (at > line && at[-1] == ' ' && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

static int64_t log_number(const char *line, const char *key, int64_t otherwise)
{
	const char *v = log_value(line, key);

	return v ? strtoll(v, NULL, 10) : otherwise;
}

static struct sonde_address log_address(const char *text)
{
	struct sonde_address a = { 0 };
	char ip[64];
	unsigned port;

	if (sscanf(text, "%63[0-9.]:%u", ip, &port) == 2) {
		a.family = AF_INET;
		a.port = (uint16_t)port;
		inet_pton(AF_INET, ip, a.ip);
	}
	return a;
}

static void log_define(struct log *g, const char *line)
{
	struct log_socket *s = &g->socket[g->sockets++];
	char kind[16], local[64], remote[64];

	ck_assert_uint_le(g->sockets, LOG_SOCKETS);
	*s = (struct log_socket){ .id = 100 + g->sockets, .family = AF_INET };
	ck_assert_int_eq(
		sscanf(line, "@ %7s %15s %u %63s %63s", s->name, kind, &s->netns, local, remote),
		5);
	s->type = strstr(kind, "tcp") || strstr(kind, "stream") ? SOCK_STREAM
		  : strstr(kind, "seq")				? SOCK_SEQPACKET
								: SOCK_DGRAM;
	s->protocol = strstr(kind, "tcp") ? IPPROTO_TCP : strstr(kind, "udp") ? IPPROTO_UDP : 0;
	if (strstr(kind, "unix"))
		s->family = AF_UNIX;
	s->local = log_address(local);
	s->remote = log_address(remote);
}

static struct log_item *log_add(struct log *g, uint64_t us)
{
	struct log_item *it;

	ck_assert_uint_lt(g->n, LOG_ITEMS);
	it = &g->item[g->n++];
	memset(it, 0, sizeof *it);
	it->frame = -1;
	it->item.is = SONDE_ITEM_EVENT;
	it->item.event.when = 1000000 + us * 1000;
	it->item.event.fd = it->item.event.fd2 = -1;
	return it;
}

static void log_put(uint8_t *at, unsigned width, uint64_t v)
{
	sonde_store(at, width, v);
}

/* A TCP segment, a datagram or an ICMP error from one to the other, as raw IPv4. */
static void log_frame(struct log *g, uint64_t us, const char *line, const char *rest)
{
	bool kernel = *rest == '!';
	const char *gt = strchr(rest, '>'), *flag;
	size_t from_at = (size_t)(rest + kernel - rest), index = g->n;
	struct log_socket *a = log_find(g, rest + from_at, (size_t)(gt - rest) - from_at);
	struct log_socket *b = log_find(g, gt + 1, strcspn(gt + 1, " "));
	struct log_item *it = log_add(g, us), *arrived;
	int64_t len = log_number(line, "len", 0), delay = log_number(line, "delay", 1);
	bool lo = a->netns == b->netns, icmp = log_says(line, "unreachable");
	unsigned head = icmp ? 36 : a->protocol == IPPROTO_TCP ? 40 : 28;
	struct sonde_frame f = { .when = 1000000 + us * 1000,
				 .link = 101,
				 .dir = SONDE_DIR_OUT,
				 .netns = a->netns,
				 .ifindex = lo ? 1 : 2 };
	uint8_t *p = it->byte, flags = 0;
	const char *as = log_value(line, "as");

	if (log_says(line, "group"))
		lo = false;
	p[0] = 0x45;
	log_put(p + 2, 2, head + (uint64_t)len);
	log_put(p + 4, 2, index);
	p[8] = 64;
	p[9] = (uint8_t)(icmp ? IPPROTO_ICMP : a->protocol);
	memcpy(p + 12, a->local.ip, 4);
	memcpy(p + 16,
	       sonde_address_is_any(&b->local) || log_says(line, "group") ? a->remote.ip
									  : b->local.ip,
	       4);
	if (icmp) { /* port unreachable, quoting 28 bytes of what b sent */
		head = 56;
		log_put(p + 2, 2, head);
		p[20] = 3, p[21] = 3;
		p[28] = 0x45, p[37] = IPPROTO_UDP;
		log_put(p + 30, 2, 28 + (uint64_t)len);
		memcpy(p + 40, p + 16, 4);
		memcpy(p + 44, p + 12, 4);
		log_put(p + 48, 2, b->local.port);
		log_put(p + 50, 2, a->local.port);
		log_put(p + 52, 2, 8 + (uint64_t)len);
	} else {
		log_put(p + 20, 2, a->local.port);
		log_put(p + 22, 2, log_says(line, "group") ? a->remote.port : b->local.port);
	}
	if (a->protocol == IPPROTO_TCP) {
		for (flag = strchr(gt, ' '); flag && *++flag && *flag != ' ';)
			flags |= (uint8_t)(*flag == 'S'	  ? 2
					   : *flag == 'F' ? 1
					   : *flag == 'R' ? 4
					   : *flag == 'P' ? 8
							  : 16);
		log_put(p + 24, 4, (uint64_t)log_number(line, "seq", 0));
		log_put(p + 28, 4, (uint64_t)log_number(line, "ack", 0));
		p[32] = 0x50;
		p[33] = flags;
	} else if (!icmp) {
		log_put(p + 24, 2, 8 + (uint64_t)len);
	}
	f.byte = (struct sonde_bytes){ p, head };
	f.wire = head + (icmp ? 0 : (uint32_t)len);
	f.cookie = kernel ? 0 : (as ? log_find(g, as, strlen(as)) : a)->id + 1000;
	it->item.is = SONDE_ITEM_FRAME;
	it->item.frame = f;
	if (log_says(line, "lost"))
		return;
	arrived = log_add(g, us + (uint64_t)delay);
	arrived->frame = (int)index;
	arrived->item.event.kind = SONDE_EVENT_ARRIVED;
	arrived->item.event.netns = b->netns;
	arrived->item.event.n[1] = f.ifindex;
	arrived->item.event.arg[0] = SONDE_DIR_IN;
}

static void log_socket_of(struct sonde_event *e, const struct log_socket *s, const char *line)
{
	e->cookie = s->id + 1000;
	e->ino = log_says(line, "unaccepted") ? 0 : s->id;
	e->family = s->family;
	e->type = s->type;
	e->protocol = s->protocol;
	e->netns = s->netns;
}

static void log_numbers(const char *v, int64_t *to, size_t n)
{
	for (size_t i = 0; v && *v && i < n; i++) {
		char *end;

		to[i] = strtoll(v, &end, 10);
		v = *end == ',' ? end + 1 : end;
	}
}

static void log_sockaddr(struct log_item *it, struct log *g, const char *line)
{
	const char *path = log_value(line, "path"), *to = log_value(line, "to");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	size_t len = 0;

	if (path) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
		len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
		memcpy(it->address, &un, len);
	} else if (to && !strcmp(to, "nobody")) {
		len = sizeof in;
		memset(it->address, 0, len);
	} else if (to) {
		struct sonde_address a =
			strchr(to, ':') ? log_address(to) : log_find(g, to, strlen(to))->local;

		in.sin_port = htons(a.port);
		memcpy(&in.sin_addr, a.ip, 4);
		len = sizeof in;
		memcpy(it->address, &in, len);
	}
	it->item.event.address = (struct sonde_bytes){ NULL, len };
}

static void log_call(struct log *g, struct log_item *it, const char *line, const char *rest)
{
	struct sonde_event *e = &it->item.event;
	size_t n = strcspn(rest, " ");
	const char *name = rest + n + 1, *child = log_value(line, "child");
	const struct log_socket *s = NULL;

	e->kind = SONDE_EVENT_CALL;
	e->call = (uint8_t)sonde_call_find(rest, n);
	ck_assert_msg(e->call, "call %s", rest);
	if (*name != '-')
		s = log_find(g, name, strcspn(name, " "));
	if (s && !log_says(line, "fdonly"))
		log_socket_of(e, s, line);
	if (s && (e->call == SONDE_CALL_SENDTO || e->call == SONDE_CALL_RECVFROM))
		e->cookie = 0; /* as data calls are told */
	if (e->call == SONDE_CALL_SOCKET)
		e->ret = e->fd;
	if (log_says(line, "told")) /* its first send gave it a port */
		e->local = s->local;
	log_sockaddr(it, g, line);
	if (child) {
		const struct log_socket *c = log_find(g, child, strlen(child));

		e->ino2 = c->id;
		e->cookie2 = c->family == AF_UNIX ? 0 : c->id + 1000;
		e->ret = e->ret ? e->ret : e->call == SONDE_CALL_SOCKETPAIR ? 0 : e->fd2;
		if (e->call != SONDE_CALL_SOCKETPAIR && c->family == AF_INET) {
			e->local = c->local;
			e->remote = c->remote;
		}
	}
	if (log_says(line, "cloexec"))
		e->flags |= SONDE_FLAG_CLOEXEC;
	e->bytes = e->ret > 0 && (sonde_call_class(e->call) == SONDE_CALL_SEND ||
				  sonde_call_class(e->call) == SONDE_CALL_RECV)
			   ? (uint64_t)e->ret
			   : 0;
	if (sonde_call_class(e->call) == SONDE_CALL_SEND ||
	    sonde_call_class(e->call) == SONDE_CALL_RECV)
		if (!log_value(line, "arg"))
			e->arg[1] = -1;
}

static void log_event(struct log *g, uint64_t us, const char *line, const char *word)
{
	const char *rest = word + strcspn(word, " "), *v;
	struct log_item *it = log_add(g, us);
	struct sonde_event *e = &it->item.event;
	int64_t n[3] = { 0 };

	rest += *rest == ' ';
	e->kind = (uint16_t)sonde_event_find(word, strcspn(word, " "));
	e->pid = e->tid = (uint32_t)log_number(line, "pid", 0);
	e->fd = (int32_t)log_number(line, "fd", -1);
	e->fd2 = (int32_t)log_number(line, "fd2", -1);
	e->ret = log_number(line, "ret", 0);
	e->took = (sonde_ns)log_number(line, "took", 1) * 1000;
	e->bytes = (uint64_t)log_number(line, "bytes", 0);
	e->reason = (uint32_t)log_number(line, "reason", 0);
	log_numbers(log_value(line, "arg"), e->arg, 3);
	log_numbers(log_value(line, "n"), n, 3);
	for (int i = 0; i < 3; i++)
		e->n[i] = (uint64_t)n[i];
	if ((v = log_value(line, "name"))) {
		snprintf(it->text, sizeof it->text, "%s", v);
		e->text.len = strlen(v);
	}
	snprintf(e->comm, sizeof e->comm, "p%u", e->pid);
	if (!strncmp(word, "call ", 5)) {
		log_call(g, it, line, rest);
		return;
	}
	ck_assert_msg(e->kind, "event %s", word);
	if (strchr(rest, '=') && strchr(rest, '=') < rest + strcspn(rest, " "))
		return; /* of a process */
	const struct log_socket *s = log_find(g, rest, strcspn(rest, " "));

	v = log_value(line, "as");
	log_socket_of(e, v ? log_find(g, v, strlen(v)) : s, line);
	e->local = s->local;
	e->remote = s->remote;
	if (log_says(line, "unbound"))
		e->local.port = 0;
	if (log_says(line, "nosocket"))
		e->ino = e->cookie = 0;
	if ((v = log_value(line, "from")))
		e->remote = log_find(g, v, strlen(v))->local;
	if ((v = log_value(line, "carrier")))
		e->ino2 = log_find(g, v, strlen(v))->id;
	e->state = (uint8_t)log_number(line, "glance", 0);
	if (e->kind == SONDE_EVENT_STATE) {
		const char *from = rest + strcspn(rest, " ") + 1,
			   *to = from + strcspn(from, " ") + 1;

		for (unsigned i = 1; i <= SONDE_STATE_NEW_SYN_RECV; i++) {
			size_t len = strlen(sonde_state_name(i));

			if (strcspn(from, " ") == len && !memcmp(from, sonde_state_name(i), len))
				e->from = (uint8_t)i;
			if (strcspn(to, " ") == len && !memcmp(to, sonde_state_name(i), len))
				e->to = (uint8_t)i;
		}
		ck_assert_msg(e->from && e->to, "%s", line);
	}
}

static void log_read(struct log *g, const char *name)
{
	char path[128], line[LOG_LINE];
	FILE *f;

	snprintf(path, sizeof path, "tests/golden/life/%s", name);
	f = fopen(path, "r");
	ck_assert_msg(f, "%s", path);
	while (fgets(line, sizeof line, f)) {
		char *end;
		uint64_t us;

		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		if (line[0] == '<') {
			log_read(g, line + 2);
		} else if (line[0] == '@') {
			log_define(g, line);
		} else if (line[0] == '?') {
			snprintf(g->want[g->wants++], LOG_LINE, "%s", line);
		} else {
			us = strtoull(line, &end, 10);
			end += *end == ' ';
			if (!strncmp(end, "frame ", 6))
				log_frame(g, us, line, end + 6);
			else
				log_event(g, us, line, end);
		}
	}
	fclose(f);
}

/* By time; what has the same keeps its order. Then what is borrowed points to its place, and
 * arrivals to their frame's number. */
static void log_sort(struct log *g, size_t *order)
{
	for (size_t i = 0; i < g->n; i++) {
		size_t k = i;

		for (; k && sonde_item_when(&g->item[order[k - 1]].item) >
				    sonde_item_when(&g->item[i].item);
		     k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (size_t i = 0; i < g->n; i++) {
		struct log_item *it = &g->item[i];

		if (it->item.is == SONDE_ITEM_FRAME) {
			it->item.frame.byte.at = it->byte;
			continue;
		}
		it->item.event.address.at = it->address;
		it->item.event.text.at = (const uint8_t *)it->text;
	}
}
