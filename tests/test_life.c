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
	"glance-remains",
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

START_TEST(an_icmp_error_is_of_the_message_that_it_refuses)
{
	log_read(&golden, "udp-refused-unconnected");
	replay(-1);
	ck_assert_uint_eq(icmp_told, 2);
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
	tcase_add_test(t, an_icmp_error_is_of_the_message_that_it_refuses);
	suite_add_tcase(s, t);
	return s;
}
