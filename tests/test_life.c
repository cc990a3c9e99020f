#include "life_log.h"

#include <errno.h>
#include <time.h>

Suite *life_suite(void);

static struct sonde_arena arena;
static struct sonde_life life;
static struct log golden;

static void setup(void)
{
	memset(&golden, 0, sizeof golden);
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

enum { NO_FRAME = SONDE_EVENT_END_ };

/* What an end was said to be caused by while the log went on, by sid: it is printed then. */
static uint8_t said[LOG_SOCKETS];
static unsigned icmp_told; /* ICMP errors whose message is known */

static void keep_said(void)
{
	for (size_t i = 0; i < life.endpoints && i < LOG_SOCKETS; i++) {
		const struct sonde_endpoint *p = life.endpoint[i];

		ck_assert_msg(!said[i] || said[i] == p->cause, "#%u: first %s, then %s", p->sid,
			      sonde_cause_name(said[i]), sonde_cause_name(p->cause));
		said[i] = p->cause;
	}
}

/* Replays the log without what is of this kind (NO_FRAME: packets); -1: all of it. */
static void replay(int without)
{
	size_t order[LOG_ITEMS];
	uint64_t number[LOG_ITEMS] = { 0 }, frames = 0;

	sonde_arena_done(&arena);
	sonde_life_init(&life, &arena);
	memset(said, 0, sizeof said);
	icmp_told = 0;
	log_sort(&golden, order);
	for (size_t i = 0; i < golden.n; i++) {
		struct log_item *it = &golden.item[order[i]];
		bool wire = it->item.is == SONDE_ITEM_FRAME || it->frame >= 0;
		struct sonde_heard heard;

		if (wire ? without == NO_FRAME || (it->frame >= 0 && without == SONDE_EVENT_ARRIVED)
			 : it->item.event.kind == without)
			continue;
		if (it->item.is == SONDE_ITEM_FRAME)
			number[order[i]] = ++frames;
		else if (it->frame >= 0)
			it->item.event.n[0] = number[it->frame];
		sonde_life_hear(&life, &it->item, &heard);
		ck_assert_uint_le(heard.sid, life.endpoints);
		ck_assert_uint_le(heard.sid2, life.endpoints);
		if (it->item.is == SONDE_ITEM_FRAME && it->byte[9] == IPPROTO_ICMP)
			icmp_told += heard.flow && heard.message;
		if (without < 0)
			keep_said();
	}
	sonde_life_end(&life);
	if (without < 0)
		keep_said();
}

static struct sonde_endpoint *endpoint(const char *name, size_t len)
{
	const struct log_socket *s = log_find(&golden, name, len);
	struct sonde_endpoint *found = NULL;

	for (size_t i = 0; i < life.endpoints; i++) {
		struct sonde_endpoint *p = life.endpoint[i];

		if (!p->same && (p->cookie == s->id + 1000 || p->ino == s->id)) {
			ck_assert_msg(!found, "%s is there twice", s->name);
			found = p;
		}
	}
	return found;
}

static const char *states(const struct sonde_endpoint *p)
{
	static char text[512];
	const struct sonde_steps *s = sonde_endpoint_states(p);
	size_t n = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->at[i].state == SONDE_STATE_GONE)
			continue;
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "",
				      sonde_state_name(s->at[i].state));
	}
	return text;
}

static const char *word(const char *w)
{
	return w ? w : "-";
}

static struct sonde_flow *flow(const char *names)
{
	const char *gt = strchr(names, '>');
	const struct sonde_endpoint *from = endpoint(names, (size_t)(gt - names));
	const struct log_socket *to = log_find(&golden, gt + 1, strcspn(gt + 1, " "));
	const struct sonde_endpoint *receiver = endpoint(gt + 1, strcspn(gt + 1, " "));

	for (size_t i = 0; i < life.flows; i++)
		if (life.flow[i]->sender == from->sid &&
		    (receiver ? life.flow[i]->receiver == receiver->sid
			      : life.flow[i]->to.port == to->local.port))
			return life.flow[i];
	return NULL;
}

static void must_flow(const char *line)
{
	const struct sonde_flow *f = flow(line + strlen("? flow "));
	const char *v;
	char run[48];

	ck_assert_msg(f, "%s: no such flow", line);
#define COUNT(member)                                                                              \
	ck_assert_msg((uint64_t)log_number(line, #member, (int64_t)f->member) == f->member,        \
		      "%s: " #member " %llu", line, (unsigned long long)f->member)
	COUNT(sent);
	COUNT(read);
	COUNT(dropped);
	COUNT(refused);
	COUNT(truncated);
	COUNT(discarded);
	COUNT(unknown);
	if ((v = log_value(line, "lost"))) {
		ck_assert_msg(f->losses == 1, "%s: %u losses", line, f->losses);
		snprintf(run, sizeof run, "%llu-%llu", (unsigned long long)f->loss->first,
			 (unsigned long long)f->loss->last);
		ck_assert_str_eq(run, v);
	}
	if ((v = log_value(line, "told")))
		ck_assert_int_eq(f->loss[f->losses - 1].told, atoi(v));
	if ((v = log_value(line, "reason")))
		ck_assert_uint_eq(f->loss->reason, strtoul(v, NULL, 10));
}

/* A log has _ for a space. */
static bool is_phrase(const char *in_log, const char *phrase)
{
	while (*in_log && (*in_log == *phrase || (*in_log == '_' && *phrase == ' '))) {
		in_log++;
		phrase++;
	}
	return *in_log == *phrase;
}

static void must(const char *line)
{
	struct sonde_endpoint *p;
	const char *v;

	if (!strncmp(line, "? flow ", 7)) {
		must_flow(line);
		return;
	}
	p = endpoint(line + 2, strcspn(line + 2, " "));
	ck_assert_msg(p, "%s: no such endpoint", line);
	if ((v = log_value(line, "cause"))) {
		ck_assert_msg(!strcmp(v, word(sonde_cause_name(p->cause))), "%s: %s", line,
			      word(sonde_cause_name(p->cause)));
		ck_assert_msg(!p->cause_inferred || log_says(line, "inferred"), "%s: inferred",
			      line);
	}
	if ((v = log_value(line, "detail")))
		ck_assert_msg(is_phrase(v, word(p->detail)), "%s: %s", line, word(p->detail));
	if ((v = log_value(line, "release")))
		ck_assert_msg(!strcmp(v, word(sonde_release_name(p->release))) &&
				      !p->release_inferred,
			      "%s: %s", line, word(sonde_release_name(p->release)));
	if ((v = log_value(line, "role")))
		ck_assert_msg(!strcmp(v, word(sonde_role_name(p->role))), "%s: %s", line,
			      word(sonde_role_name(p->role)));
	if ((v = log_value(line, "states")))
		ck_assert_msg(!strcmp(v, states(p)), "%s: %s", line, states(p));
	if ((v = log_value(line, "peer")))
		ck_assert_msg(p->peer == endpoint(v, strlen(v))->sid, "%s: %u", line, p->peer);
#define NUMBER(key, member)                                                                        \
	if ((v = log_value(line, key)))                                                            \
	ck_assert_msg(strtoull(v, NULL, 10) == (member), "%s: %s %llu", line, key,                 \
		      (unsigned long long)(member))
	NUMBER("sent", p->sent.bytes);
	NUMBER("received", p->received.bytes);
	NUMBER("port", p->local.port);
	NUMBER("owners", p->owners);
	NUMBER("syn_retries", p->syn_retries);
	NUMBER("truncated", p->truncated);
	NUMBER("unread", p->unread);
	NUMBER("packets_out", p->packets_out);
	NUMBER("packets_in", p->packets_in);
	NUMBER("faults", p->faults);
	NUMBER("fault", (uint64_t)p->fault->error);
	if ((v = log_value(line, "fault_told")))
		ck_assert_str_eq(v, p->fault->told ? sonde_call_name(p->fault->call) : "-");
}

/* With a hook missing: right, or marked inferred, or not known at all. */
static void must_or_inferred(const char *line, int without)
{
	struct sonde_endpoint *p =
		strncmp(line, "? flow ", 7) ? endpoint(line + 2, strcspn(line + 2, " ")) : NULL;
	const char *what = without == NO_FRAME ? "frames" : sonde_event_name((unsigned)without);
	const char *v = log_value(line, "cause");

	if (!p)
		return;
	ck_assert_msg(!v || p->cause_inferred || !strcmp(v, word(sonde_cause_name(p->cause))),
		      "%s: without %s: %s", line, what, word(sonde_cause_name(p->cause)));
	v = log_value(line, "release");
	ck_assert_msg(!v || !p->release || p->release_inferred ||
			      !strcmp(v, word(sonde_release_name(p->release))) ||
			      without == SONDE_EVENT_FORK || without == SONDE_EVENT_CALL ||
			      without == SONDE_EVENT_TAKE,
		      "%s: without %s: %s", line, what, word(sonde_release_name(p->release)));
}

static const char *const logs[] = {
	"fin-local-first",
	"fin-peer-first",
	"fin-simultaneous",
	"half-close",
	"rst-linger",
	"rst-unread",
	"refused",
	"second-attempt",
	"unreachable",
	"syn-timeout",
	"exit-without-close",
	"exec-cloexec",
	"killed",
	"never-accepted",
	"passed",
	"unix-stream",
	"udp-overflow",
	"udp-overflow-ahead",
	"udp-refused-connected",
	"udp-refused-unconnected",
	"udp-truncated",
	"udp-read-first",
	"udp-discarded",
	"udp-reconnect",
	"udp-multicast",
	"udp-multicast-two",
	"unix-dgram",
	"timeout-data",
	"glance-reset",
	"glance-fin",
	"glance-read",
	"glance-kept",
	"glance-unseen",
};

START_TEST(each_end_is_named_right)
{
	log_read(&golden, logs[_i]);
	replay(-1);
	for (size_t i = 0; i < golden.wants; i++)
		must(golden.want[i]);
}
END_TEST

START_TEST(without_a_hook_it_is_right_or_marked_inferred)
{
	log_read(&golden, logs[_i]);
	for (int kind = 1; kind <= NO_FRAME; kind++) {
		replay(kind);
		for (size_t i = 0; i < golden.wants; i++)
			must_or_inferred(golden.want[i], kind);
	}
}
END_TEST

/* ---- descriptors ---- */

static struct sonde_heard heard;
static sonde_ns now;

static struct sonde_event blank(unsigned kind, uint32_t pid)
{
	now += 1000;
	return (struct sonde_event){
		.kind = (uint16_t)kind, .when = now, .pid = pid, .tid = pid, .fd = -1, .fd2 = -1
	};
}

static void tell(struct sonde_event e)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = e };

	sonde_life_hear(&life, &item, &heard);
}

/* A call on the socket with this inode, 0: none. */
static void call(unsigned c, uint32_t pid, uint64_t ino, int fd, int fd2, int64_t ret)
{
	struct sonde_event e = blank(SONDE_EVENT_CALL, pid);

	e.call = (uint8_t)c;
	e.ino = ino;
	e.family = AF_INET;
	e.type = SOCK_DGRAM;
	e.fd = fd;
	e.fd2 = fd2;
	e.ret = ret;
	tell(e);
}

static void make(uint32_t pid, uint64_t ino, int fd)
{
	call(SONDE_CALL_SOCKET, pid, ino, fd, -1, fd);
}

static void fork_of(uint32_t pid, uint32_t child, unsigned flags)
{
	struct sonde_event e = blank(SONDE_EVENT_FORK, pid);

	e.n[0] = e.n[1] = child;
	e.flags = (uint16_t)flags;
	tell(e);
}

static void ends(unsigned kind, uint32_t pid, int status)
{
	struct sonde_event e = blank(kind, pid);

	e.arg[0] = status;
	e.arg[1] = 1;
	tell(e);
}

static const struct sonde_endpoint *nth(uint32_t sid)
{
	return sonde_life_endpoint(&life, sid);
}

static void begin(void)
{
	sonde_life_init(&life, &arena);
	make(10, 1, 3);
	ck_assert_uint_eq(heard.sid, 1);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_MADE);
}

START_TEST(a_copy_keeps_it_and_the_last_close_releases_it)
{
	begin();
	call(SONDE_CALL_DUP, 10, 1, 3, 4, 4);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(heard.releases, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
	call(SONDE_CALL_CLOSE, 10, 1, 4, -1, 0);
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(heard.released[0], 1);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_RELEASED);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(1)->owners, 2);
}
END_TEST

START_TEST(a_call_that_returns_0_has_made_no_descriptor)
{
	begin();
	call(SONDE_CALL_GETSOCKNAME, 10, 1, 3, -1, 0);
	call(SONDE_CALL_GETPEERNAME, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(nth(1)->references, 1);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(heard.releases, 1);
}
END_TEST

START_TEST(dup2_over_the_last_releases_what_was_there)
{
	begin();
	make(10, 2, 4);
	call(SONDE_CALL_DUP2, 10, 1, 3, 4, 4);
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(1)->references, 2);
	call(SONDE_CALL_DUP2, 10, 0, 9, 3, 3); /* no socket is put there */
	ck_assert_uint_eq(nth(1)->references, 1);
}
END_TEST

START_TEST(fork_copies_and_a_shared_table_does_not)
{
	begin();
	fork_of(10, 11, 0);
	ck_assert_uint_eq(nth(1)->references, 2);
	fork_of(10, 12, SONDE_FLAG_SHARED);
	ck_assert_uint_eq(nth(1)->references, 2);
	call(SONDE_CALL_CLOSE, 12, 1, 3, -1, 0); /* for both that share */
	ck_assert_uint_eq(nth(1)->references, 1);
	ends(SONDE_EVENT_EXIT, 10, 0);
	ends(SONDE_EVENT_EXIT, 12, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
	ends(SONDE_EVENT_EXIT, 11, 9);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_KILL);
}
END_TEST

START_TEST(the_end_of_a_thread_ends_nothing)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_FORK, 10);
	e.n[0] = 10;
	e.n[1] = 99;
	e.flags = SONDE_FLAG_SHARED;
	tell(e);
	e = blank(SONDE_EVENT_EXIT, 10);
	e.tid = 99;
	tell(e);
	ck_assert_uint_eq(nth(1)->references, 1);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(exec_leaves_a_shared_table_and_drops_what_is_marked)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_SOCKET;
	e.ino = 2;
	e.family = AF_INET;
	e.type = SOCK_DGRAM;
	e.fd = 4;
	e.ret = 4;
	e.flags = SONDE_FLAG_CLOEXEC;
	tell(e);
	fork_of(10, 11, SONDE_FLAG_SHARED);
	ends(SONDE_EVENT_EXEC, 11, 0);
	ck_assert_uint_eq(nth(1)->references, 2);
	ck_assert_uint_eq(nth(2)->references, 1); /* its maker still has it */
	ends(SONDE_EVENT_EXEC, 10, 0);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_EXEC);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(close_range_takes_the_range_or_marks_it)
{
	struct sonde_event e;

	begin();
	for (int fd = 4; fd < 8; fd++)
		make(10, (uint64_t)fd, fd);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_CLOSE_RANGE;
	e.arg[0] = 4;
	e.arg[1] = 5;
	tell(e);
	ck_assert_uint_eq(heard.releases, 2);
	e.arg[0] = 6;
	e.arg[1] = -1;
	e.arg[2] = 4; /* CLOSE_RANGE_CLOEXEC */
	tell(e);
	ck_assert_uint_eq(heard.releases, 0);
	ends(SONDE_EVENT_EXEC, 10, 0);
	ck_assert_uint_eq(heard.releases, 2);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(a_descriptor_in_flight_is_a_reference)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_SOCKETPAIR;
	e.family = AF_UNIX;
	e.type = SOCK_STREAM;
	e.fd = 4;
	e.fd2 = 5;
	e.ino = 100;
	e.ino2 = 101;
	tell(e);
	ck_assert_uint_eq(heard.sid2, 3);
	e = blank(SONDE_EVENT_PASS, 10);
	e.fd = 3;
	e.ino = 1;
	e.ino2 = 100;
	tell(e);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(nth(1)->references, 1);
	ck_assert_uint_eq(nth(1)->in_flight, 1);
	call(SONDE_CALL_CLOSE, 10, 101, 5, -1, 0); /* nobody will read the message */
	ck_assert_uint_eq(heard.releases, 2);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_PASSED);
}
END_TEST

START_TEST(a_call_that_outlasts_its_descriptor_does_not_bring_it_back)
{
	struct sonde_event e;

	begin();
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.took = 1500; /* began before the close */
	tell(e);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	e = blank(SONDE_EVENT_CALL, 11); /* a process whose fork was not seen */
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.took = 10;
	tell(e);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

/* The thread that closes returns after another has got the number for a socket of its own. */
START_TEST(a_close_releases_what_it_closed_and_not_what_has_the_number_now)
{
	struct sonde_event e;

	begin();
	make(10, 2, 3); /* the number was free, so 1 is closed */
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(heard.released[0], 1);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_CLOSE;
	e.ino = 1;
	e.fd = 3;
	e.took = 5000;
	tell(e);
	ck_assert_uint_eq(heard.releases, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_NONE);
	ck_assert_uint_eq(nth(2)->references, 1);
	make(10, 4, 5);
	e = blank(SONDE_EVENT_CALL, 10); /* without its inode it began before 4 was made */
	e.call = SONDE_CALL_CLOSE;
	e.fd = 5;
	e.took = 1500;
	tell(e);
	ck_assert_uint_eq(nth(3)->release, SONDE_RELEASE_NONE);
	call(SONDE_CALL_CLOSE, 10, 0, 5, -1, 0);
	ck_assert_uint_eq(nth(3)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(what_the_kernel_ended_before_the_process_ended_was_closed)
{
	struct sonde_event e;

	begin();
	make(10, 2, 4);
	e = blank(SONDE_EVENT_DESTROY, 0);
	e.ino = 1;
	tell(e);
	ends(SONDE_EVENT_EXIT, 10, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert(nth(1)->release_inferred);
	ck_assert_uint_eq(nth(1)->closed, nth(1)->gone);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_EXIT);
	ck_assert(!nth(2)->release_inferred);
}
END_TEST

START_TEST(bytes_told_by_the_socket_and_by_a_call_without_entry_count_once)
{
	struct sonde_event e;

	begin();
	for (int i = 0; i < 4; i++) {
		e = blank(i & 1 ? SONDE_EVENT_CALL : SONDE_EVENT_SENT, 10);
		e.call = i & 1 ? SONDE_CALL_SENDTO : 0;
		e.flags = i == 1 ? SONDE_FLAG_BLOCKED : 0; /* the last had its entry seen */
		e.ino = 1;
		e.fd = 3;
		e.ret = 5;
		e.bytes = 5;
		tell(e);
	}
	ck_assert_uint_eq(nth(1)->sent.bytes, 15);
	ck_assert_uint_eq(nth(1)->sent.messages, 3);
}
END_TEST

START_TEST(a_connect_that_failed_has_no_connect_time_and_its_error_is_named)
{
	struct sonde_event e;

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		sonde_life_init(&life, &arena);
		e = blank(SONDE_EVENT_CALL, 10);
		e.call = SONDE_CALL_SOCKET;
		e.ino = 1;
		e.family = AF_UNIX;
		e.type = (uint16_t)type;
		e.fd = e.ret = 3;
		tell(e);
		e.when = now += 9000;
		e.call = SONDE_CALL_CONNECT;
		e.took = 5000;
		e.ret = -ENOENT;
		tell(e);
		ck_assert_uint_eq(nth(1)->timing.connect, SONDE_ABSENT);
		call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
		ck_assert_uint_eq(nth(1)->cause, SONDE_CAUSE_CLOSED);
		ck_assert_str_eq(nth(1)->detail, "connect ENOENT");
		sonde_arena_done(&arena);
	}
	begin(); /* the time of one that succeeds is its own */
	call(SONDE_CALL_CONNECT, 10, 1, 3, -1, -ENETUNREACH);
	e = blank(SONDE_EVENT_CALL, 10);
	e.when = now += 5000000;
	e.call = SONDE_CALL_CONNECT;
	e.ino = 1;
	e.fd = 3;
	e.took = 700;
	tell(e);
	ck_assert_uint_eq(nth(1)->timing.connect, 700);
}
END_TEST

START_TEST(an_icmp_error_is_of_the_message_that_it_refuses)
{
	log_read(&golden, "udp-refused-unconnected");
	replay(-1);
	ck_assert_uint_eq(icmp_told, 2);
}
END_TEST

START_TEST(a_message_that_is_cut_has_one_line)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_TRUNCATED, 10);
	e.ino = 1;
	e.ret = 3;
	e.n[0] = 5;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_TRUNCATED);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.ret = e.bytes = 3;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_FIRST_RECEIVED);
	e.when = now += 1000;
	e.flags = SONDE_FLAG_TRUNC; /* what it had is not known */
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_TRUNCATED);
	ck_assert_uint_eq(nth(1)->truncated, 2);
	ck_assert_uint_eq(nth(1)->truncated_bytes, 2);
}
END_TEST

START_TEST(a_connect_that_did_not_wait_took_until_the_kernel_had_done_it)
{
	struct sonde_event e;

	sonde_life_init(&life, &arena);
	e = blank(SONDE_EVENT_CALL, 10);
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.cookie = 7;
	e.ino = 1;
	e.fd = e.ret = 3;
	e.call = SONDE_CALL_SOCKET;
	tell(e);
	e.when = now += 1000;
	e.call = SONDE_CALL_CONNECT;
	e.took = 1000;
	e.ret = -EINPROGRESS;
	tell(e);
	for (int to = SONDE_STATE_SYN_SENT; to; to = to == SONDE_STATE_SYN_SENT) {
		struct sonde_event s = e;

		s.kind = SONDE_EVENT_STATE;
		s.when = now += 1000;
		s.to = (uint8_t)to;
		tell(s);
	}
	e.when = now += 5000000;
	e.call = SONDE_CALL_GETSOCKOPT;
	e.arg[0] = SOL_SOCKET;
	e.arg[1] = SO_ERROR;
	e.ret = 0;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_CONNECTED);
	ck_assert_uint_eq(nth(1)->timing.connect, 3000);
}
END_TEST

START_TEST(bytes_that_were_only_looked_at_count_when_they_are_read)
{
	struct sonde_event e;

	begin();
	for (int i = 0; i < 2; i++) {
		e = blank(SONDE_EVENT_CALL, 10);
		e.call = SONDE_CALL_RECVFROM;
		e.ino = 1;
		e.fd = 3;
		e.ret = 5;
		e.bytes = 5;
		e.arg[0] = i ? 0 : MSG_PEEK;
		tell(e);
	}
	ck_assert_uint_eq(nth(1)->received.bytes, 5);
	ck_assert_uint_eq(nth(1)->received.messages, 1);
}
END_TEST

START_TEST(two_thousand_sockets_are_each_there_once)
{
	sonde_life_init(&life, &arena);
	for (uint64_t i = 1; i <= 2000; i++) {
		make(10, i, (int)i);
		call(SONDE_CALL_SENDTO, 10, i, (int)i, -1, 5);
		call(SONDE_CALL_CLOSE, 10, i, (int)i, -1, 0);
	}
	sonde_life_end(&life);
	ck_assert_uint_eq(life.endpoints, 2000);
	for (uint32_t sid = 1; sid <= 2000; sid++) {
		ck_assert_uint_eq(nth(sid)->ino, sid);
		ck_assert_uint_eq(nth(sid)->cause, SONDE_CAUSE_CLOSED);
		ck_assert_uint_eq(nth(sid)->release, SONDE_RELEASE_CLOSE);
	}
}
END_TEST

/* One short TCP connection of which one end is followed, as the tracer tells it. */
static void short_connection(uint64_t n)
{
	struct sonde_event e = blank(SONDE_EVENT_CALL, 10);
	static const uint8_t states[] = { SONDE_STATE_CLOSE,	   SONDE_STATE_SYN_SENT,
					  SONDE_STATE_ESTABLISHED, SONDE_STATE_FIN_WAIT1,
					  SONDE_STATE_FIN_WAIT2,   SONDE_STATE_CLOSE };
	static const uint8_t calls[] = { SONDE_CALL_SOCKET, SONDE_CALL_CONNECT, SONDE_CALL_SENDTO,
					 SONDE_CALL_RECVFROM, SONDE_CALL_CLOSE };

	e.cookie = 1000000 + n;
	e.ino = 1 + n;
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.fd = 3;
	e.netns = 1;
	for (size_t i = 0; i < sizeof calls; i++) {
		e.when = now += 1000;
		e.call = calls[i];
		e.ret = i ? 0 : 3;
		e.ret = i == 2 || i == 3 ? 5 : e.ret;
		if (i == 1) {
			e.local = (struct sonde_address){ .family = AF_INET, .ip = { 10 } };
			e.remote = (struct sonde_address){ .family = AF_INET, .ip = { 11 } };
			e.local.port = (uint16_t)(1024 + n % 60000);
			e.remote.port = 80;
		}
		tell(e);
		if (i + 1 < sizeof states) {
			struct sonde_event s = e;

			s.kind = SONDE_EVENT_STATE;
			s.from = states[i];
			s.to = states[i + 1];
			tell(s);
		}
	}
	e.kind = SONDE_EVENT_DESTROY;
	e.when = now += 1000;
	tell(e);
}

START_TEST(what_has_ended_costs_little_however_long_the_run)
{
	size_t used;

	sonde_life_init(&life, &arena);
	for (uint64_t n = 0; n < 50000; n++)
		short_connection(n);
	used = arena.used;
	for (uint64_t n = 50000; n < 150000; n++)
		short_connection(n);
	if (getenv("SONDE_SPEED"))
		printf("life: %zu bytes an ended endpoint\n", (arena.used - used) / 100000);
	ck_assert_uint_eq(life.endpoints, 150000);
	ck_assert_uint_lt((arena.used - used) / 100000, 2100);
	call(SONDE_CALL_SENDTO, 10, 150000, 3, -1, 5); /* the last is known still */
	ck_assert_uint_eq(heard.sid, 150000);
	sonde_life_end(&life);
	ck_assert_uint_eq(nth(1)->cause, SONDE_CAUSE_FIN_LOCAL);
	ck_assert_uint_eq(nth(1)->sent.bytes, 5);
}
END_TEST

START_TEST(a_namespace_has_the_name_that_was_told)
{
	struct sonde_event e = blank(SONDE_EVENT_NAME, 0);

	sonde_life_init(&life, &arena);
	e.netns = 7;
	e.text = (struct sonde_bytes){ (const uint8_t *)"ser\033ver", 7 };
	tell(e);
	e.netns = 8;
	e.n[1] = 2; /* an interface's */
	tell(e);
	ck_assert_str_eq(sonde_life_netns(&life, 7), "ser\\x1bver");
	ck_assert_ptr_null(sonde_life_netns(&life, 8));
}
END_TEST

START_TEST(an_inode_number_used_again_is_another_socket)
{
	begin();
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	make(10, 1, 3);
	ck_assert_uint_eq(heard.sid, 2);
	call(SONDE_CALL_SENDTO, 10, 1, 3, -1, 7);
	ck_assert_uint_eq(nth(2)->sent.bytes, 7);
	ck_assert_uint_eq(nth(1)->sent.bytes, SONDE_ABSENT);
}
END_TEST

START_TEST(cookie_and_inode_that_come_together_join_what_came_apart)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_SENT, 0);
	e.cookie = 77;
	e.ret = 5;
	tell(e);
	ck_assert_uint_eq(heard.sid, 2);
	e = blank(SONDE_EVENT_RECEIVED, 0);
	e.cookie = 77;
	e.ino = 1;
	e.ret = 4;
	tell(e);
	ck_assert_uint_eq(heard.sid, 1);
	ck_assert_ptr_eq(nth(2), nth(1));
	ck_assert_uint_eq(nth(1)->sent.bytes, 5);
	ck_assert_uint_eq(nth(1)->received.bytes, 4);
}
END_TEST

START_TEST(what_waits_at_a_listener_when_we_come_is_known_when_it_is_accepted)
{
	const struct sonde_address here = { .family = AF_INET, .port = 80, .ip = { 127, 0, 0, 1 } };
	struct sonde_event e;

	sonde_life_init(&life, &arena);
	e = blank(SONDE_EVENT_SEED, 10);
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.ino = 1;
	e.fd = 3;
	e.local = here;
	e.state = SONDE_STATE_LISTEN;
	tell(e);
	e.ino = 0;
	e.fd = -1;
	e.pid = e.tid = 0;
	e.cookie = 7;
	e.remote = here;
	e.remote.port = 81;
	e.state = SONDE_STATE_ESTABLISHED;
	tell(e);
	tell(e); /* told twice it waits once */
	ck_assert_uint_eq(heard.sid, 2);
	ck_assert(nth(2)->seeded);
	ck_assert_uint_eq(nth(2)->role, SONDE_ROLE_SERVER);
	ck_assert_uint_eq(nth(2)->listener, 1);
	ck_assert_uint_eq(nth(1)->queued, 1);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_ACCEPT4;
	e.ino = 1;
	e.fd = 3;
	e.ret = e.fd2 = 4;
	e.cookie2 = 7;
	e.ino2 = 2;
	tell(e);
	ck_assert_uint_eq(heard.sid2, 2);
	ck_assert_uint_eq(nth(1)->queued, 0);
	/* how long it had waited before is not known */
	ck_assert_uint_eq(nth(2)->timing.accept_wait, SONDE_ABSENT);
}
END_TEST

/* ---- hostile streams, and speed ---- */

START_TEST(any_stream_of_events_is_survived)
{
	uint32_t seed = 1;
	uint8_t byte[128];

	sonde_life_init(&life, &arena);
	for (int i = 0; i < 200000; i++) {
		struct sonde_item item;
		uint8_t *at = (uint8_t *)&item;

		for (size_t k = 0; k < sizeof item; k++)
			at[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 29);
		for (size_t k = 0; k < sizeof byte; k++)
			byte[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		item.is = i % 8 ? SONDE_ITEM_EVENT : SONDE_ITEM_FRAME;
		if (item.is == SONDE_ITEM_FRAME) {
			byte[0] = 0x45;
			byte[9] = (uint8_t[]){ 6, 17, 1, 6 }[byte[9] % 4];
			for (int k = 12; k < 24; k++)
				byte[k] &= 1;
			item.frame.link = 101;
			item.frame.byte = (struct sonde_bytes){ byte, byte[40] % sizeof byte };
		} else {
			item.event.kind = (uint16_t)(1 + byte[0] % (SONDE_EVENT_END_ - 1));
			item.event.call = (uint8_t)(byte[1] % SONDE_CALL_END_);
			item.event.family =
				(uint16_t[]){ AF_INET, AF_INET6, AF_UNIX, 0 }[byte[2] % 4];
			item.event.type = byte[3] % 5;
			item.event.fd = (int32_t)byte[4] % 8 - 1;
			item.event.fd2 = (int32_t)byte[5] % 8 - 1;
			item.event.ret = byte[6] % 4 ? byte[6] : -(int64_t)byte[7];
			item.event.ino &= 7;
			item.event.ino2 &= 7;
			item.event.cookie &= 7;
			item.event.cookie2 &= 7;
			item.event.pid &= 3;
			item.event.n[0] &= 3;
			item.event.to = byte[8] % 13;
			item.event.address = (struct sonde_bytes){ byte, byte[9] % 112 };
			item.event.text = (struct sonde_bytes){ byte + 10, byte[10] % 64 };
		}
		sonde_life_hear(&life, &item, &heard);
	}
	sonde_life_end(&life);
}
END_TEST

static double per_second(int rounds, uint64_t type)
{
	struct timespec a, b;

	begin();
	make(10, 2, 4);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < rounds; i++) {
		struct sonde_event e = blank(SONDE_EVENT_CALL, 10);
		struct sonde_item item = { .is = SONDE_ITEM_EVENT };

		e.call = i & 1 ? SONDE_CALL_RECVFROM : SONDE_CALL_SENDTO;
		e.ino = 1 + ((i >> 1) & 1);
		e.fd = 2 + (int)e.ino;
		e.ret = 64;
		e.bytes = 64;
		e.family = AF_INET;
		e.type = (uint16_t)type;
		item.event = e;
		sonde_life_hear(&life, &item, &heard);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	return rounds / ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

START_TEST(data_calls_cost_one_look_up_each)
{
	size_t used;
	double speed = per_second(1000000, SOCK_STREAM);

	used = arena.used;
	(void)per_second(10000, SOCK_STREAM);
	ck_assert_uint_lt(arena.used - used, 200000);
	if (getenv("SONDE_SPEED"))
		printf("life: %.2f million data calls a second\n", speed / 1e6);
	ck_assert(speed > 100000);
}
END_TEST

Suite *life_suite(void)
{
	Suite *s = suite_create("life");
	TCase *t = tcase_create("life");
	int n = sizeof logs / sizeof *logs;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_end_is_named_right, 0, n);
	tcase_add_loop_test(t, without_a_hook_it_is_right_or_marked_inferred, 0, n);
	tcase_add_test(t, a_copy_keeps_it_and_the_last_close_releases_it);
	tcase_add_test(t, a_call_that_returns_0_has_made_no_descriptor);
	tcase_add_test(t, dup2_over_the_last_releases_what_was_there);
	tcase_add_test(t, fork_copies_and_a_shared_table_does_not);
	tcase_add_test(t, the_end_of_a_thread_ends_nothing);
	tcase_add_test(t, exec_leaves_a_shared_table_and_drops_what_is_marked);
	tcase_add_test(t, close_range_takes_the_range_or_marks_it);
	tcase_add_test(t, a_descriptor_in_flight_is_a_reference);
	tcase_add_test(t, a_call_that_outlasts_its_descriptor_does_not_bring_it_back);
	tcase_add_test(t, a_close_releases_what_it_closed_and_not_what_has_the_number_now);
	tcase_add_test(t, what_the_kernel_ended_before_the_process_ended_was_closed);
	tcase_add_test(t, bytes_told_by_the_socket_and_by_a_call_without_entry_count_once);
	tcase_add_test(t, a_connect_that_failed_has_no_connect_time_and_its_error_is_named);
	tcase_add_test(t, an_icmp_error_is_of_the_message_that_it_refuses);
	tcase_add_test(t, a_message_that_is_cut_has_one_line);
	tcase_add_test(t, a_connect_that_did_not_wait_took_until_the_kernel_had_done_it);
	tcase_add_test(t, bytes_that_were_only_looked_at_count_when_they_are_read);
	tcase_add_test(t, two_thousand_sockets_are_each_there_once);
	tcase_add_test(t, what_has_ended_costs_little_however_long_the_run);
	tcase_add_test(t, a_namespace_has_the_name_that_was_told);
	tcase_add_test(t, an_inode_number_used_again_is_another_socket);
	tcase_add_test(t, what_waits_at_a_listener_when_we_come_is_known_when_it_is_accepted);
	tcase_add_test(t, cookie_and_inode_that_come_together_join_what_came_apart);
	tcase_add_test(t, any_stream_of_events_is_survived);
	tcase_add_test(t, data_calls_cost_one_look_up_each);
	suite_add_tcase(s, t);
	return s;
}
