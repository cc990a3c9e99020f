/* Names of addresses, asked of a name server of our own on the loopback that answers as the
 * last byte of the address says. */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/reverse.h"
#include "sys/sockaddr.h"

Suite *reverse_suite(void);

enum { /* last byte of an address: what becomes of a question for it */
       NAMED = 1,
       NO_SUCH,
       SILENCE,
       HOSTILE,
       WRONG_ID,
       BROKEN,
       CUT,
       ELSEWHERE, /* another port answers first */
       OTHER_NAME,
       NO_DATA,
};

static int server = -1, stranger = -1;
static unsigned asked;
static char question[256]; /* the name that was asked for last */
static struct sonde_reverse *r;
static char servers[64];

static int udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void open_with(struct sonde_reverse_plan plan)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	server = udp();
	stranger = udp();
	asked = 0;
	getsockname(server, (struct sockaddr *)&a, &len);
	snprintf(servers, sizeof servers, "127.0.0.1:%u", ntohs(a.sin_port));
	plan.servers = servers;
	ck_assert_int_eq(sonde_reverse_open(&r, &plan), 0);
}

static void close_all(void)
{
	ck_assert_ptr_null(sonde_reverse_close(r));
	close(server);
	close(stranger);
}

/* ---- the server ---- */

/* The number that the first label of the question is: the last byte, or nibble, of an address. */
static unsigned last_byte(const uint8_t *q)
{
	char label[4] = "";

	ck_assert_uint_lt(q[12], sizeof label);
	memcpy(label, q + 13, q[12]);
	return (unsigned)strtoul(label, NULL, q[12] == 1 ? 16 : 10);
}

/* The answer to the question of n bytes at q, RFC 1035 section 4.1; its length. */
static size_t make_answer(uint8_t *q, size_t n, unsigned code, const char *label, size_t label_len)
{
	static const uint8_t head[] = { 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0 };
	uint8_t *o = q + n;

	q[2] = 0x81;
	q[3] = (uint8_t)(0x80 | code);
	if (!label)
		return n;
	q[7] = 1;
	memcpy(o, head, sizeof head);
	o += sizeof head;
	*o++ = (uint8_t)(label_len + 10);
	*o++ = (uint8_t)label_len;
	memcpy(o, label, label_len);
	memcpy(o + label_len, "\7example", 9);
	return (size_t)(o + label_len + 9 - q);
}

static void answer(uint8_t *q, size_t n, const struct sockaddr_in *to)
{
	unsigned last = last_byte(q), code = last == NO_SUCH ? 3 : last == BROKEN ? 2 : 0;
	const char *label = last == HOSTILE ? "\x1b[2J\xff\n" : "one";
	size_t len;

	if (last == SILENCE)
		return;
	if (last == WRONG_ID || last == ELSEWHERE) {
		uint8_t forged[512];

		memcpy(forged, q, n);
		forged[1] ^= last == WRONG_ID;
		len = make_answer(forged, n, 0, "forged", 6);
		sendto(last == WRONG_ID ? server : stranger, forged, len, 0, (const void *)to,
		       sizeof *to);
	}
	len = make_answer(q, n, code, code || last == NO_DATA ? NULL : label, strlen(label));
	if (last == CUT)
		len -= 8;
	if (last == OTHER_NAME)
		q[13] ^= 1; /* it answers what nobody asked */
	sendto(server, q, len, 0, (const void *)to, sizeof *to);
}

static void note_question(const uint8_t *q)
{
	*question = 0;
	for (q += 12; *q; q += 1 + *q)
		snprintf(question + strlen(question), sizeof question - strlen(question), "%.*s.",
			 *q, q + 1);
}

static void serve(void)
{
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	uint8_t q[512];
	ssize_t n;

	while ((n = recvfrom(server, q, sizeof q / 2, 0, (struct sockaddr *)&from, &len)) > 0) {
		asked++;
		note_question(q);
		answer(q, (size_t)n, &from);
	}
}

/* ---- the program ---- */

static struct sonde_address address(bool v6, unsigned net, unsigned last)
{
	struct sonde_address a = { .family = v6 ? AF_INET6 : AF_INET, .ip = { 198, 18 } };

	if (v6) {
		a.ip[0] = 0x20;
		a.ip[1] = 1;
		a.ip[14] = (uint8_t)net;
		a.ip[15] = (uint8_t)last;
	} else {
		a.ip[1] = (uint8_t)(18 + (net >> 8));
		a.ip[2] = (uint8_t)net;
		a.ip[3] = (uint8_t)last;
	}
	return a;
}

static const char *name; /* of what was asked last */

static enum sonde_reverse_is ask(bool v6, unsigned net, unsigned last)
{
	struct sonde_address a = address(v6, net, last);

	name = "";
	return sonde_reverse_ask(r, &a, &name);
}

/* Until no more than so many are waited for; bounded, not timed. */
static void turn(unsigned waiting)
{
	sonde_ns end = sonde_clock_now() + 15 * SONDE_SECOND;

	while (sonde_reverse_waiting(r) > waiting && sonde_clock_now() < end) {
		struct pollfd fds[SONDE_REVERSE_FDS + 1];
		unsigned n = sonde_reverse_fds(r, fds);
		sonde_ns now = sonde_clock_now(), until = sonde_reverse_until(r, now);

		ck_assert_uint_ne(until, UINT64_MAX);
		fds[n] = (struct pollfd){ .fd = server, .events = POLLIN };
		poll(fds, n + 1, until > now ? (int)((until - now) / 1000000) + 1 : 0);
		serve();
		sonde_reverse_recv(r);
	}
	ck_assert_uint_le(sonde_reverse_waiting(r), waiting);
}

/* What becomes of it in the end. */
static enum sonde_reverse_is ends(bool v6, unsigned last)
{
	ck_assert_int_eq(ask(v6, 0, last), SONDE_REVERSE_WAITING);
	turn(0);
	return ask(v6, 0, last);
}

START_TEST(a_name_is_told_once_it_came)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		open_with((struct sonde_reverse_plan){ 0 });
		ck_assert_uint_eq(sonde_reverse_until(r, 5), UINT64_MAX);
		ck_assert_int_eq(ends(v6, NAMED), SONDE_REVERSE_NAMED);
		ck_assert_str_eq(name, "one.example");
		ck_assert_int_eq(ask(v6, 0, NAMED), SONDE_REVERSE_NAMED);
		ck_assert_uint_eq(asked, 1); /* it is remembered */
		close_all();
	}
}
END_TEST

START_TEST(an_address_is_asked_for_backwards)
{
	struct sonde_address six = { .family = AF_INET6,
				     .ip = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab,
					     0xc1 } };
	struct sonde_address four = { .family = AF_INET, .ip = { 192, 0, 2, 1, 9 } };

	open_with((struct sonde_reverse_plan){ 0 });
	sonde_reverse_ask(r, &four, &name);
	turn(0);
	ck_assert_str_eq(question, "1.2.0.192.in-addr.arpa.");
	sonde_reverse_ask(r, &six, &name);
	turn(0);
	ck_assert_str_eq(question,
			 "1.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
			 "ip6.arpa.");
	close_all();
}
END_TEST

START_TEST(that_there_is_none_is_told_too)
{
	open_with((struct sonde_reverse_plan){ 0 });
	ck_assert_int_eq(ends(false, NO_SUCH), SONDE_REVERSE_NAMELESS);
	ck_assert_int_eq(ends(false, NO_DATA), SONDE_REVERSE_NAMELESS);
	ck_assert_str_eq(name, "");
	ck_assert_int_eq(ends(false, BROKEN), SONDE_REVERSE_FAILED);
	ck_assert_int_eq(ends(false, CUT), SONDE_REVERSE_FAILED);
	close_all();
}
END_TEST

/* It waits for longer than the test may take, so that whoever waits for it fails. */
START_TEST(a_silent_server_delays_nobody)
{
	open_with((struct sonde_reverse_plan){ .patience = 3600 * SONDE_SECOND });
	ck_assert_int_eq(ask(false, 0, SILENCE), SONDE_REVERSE_WAITING);
	ck_assert_int_eq(ask(false, 0, NAMED), SONDE_REVERSE_WAITING);
	turn(1);
	ck_assert_int_eq(ask(false, 0, NAMED), SONDE_REVERSE_NAMED);
	ck_assert_int_eq(ask(false, 0, SILENCE), SONDE_REVERSE_WAITING);
	close_all(); /* with a question out */
}
END_TEST

START_TEST(a_silent_server_is_given_up)
{
	open_with((struct sonde_reverse_plan){ .patience = SONDE_SECOND / 20, .tries = 2 });
	ck_assert_int_eq(ends(false, SILENCE), SONDE_REVERSE_FAILED);
	ck_assert_uint_eq(asked, 2);
	close_all();
}
END_TEST

START_TEST(a_forged_answer_is_passed_over)
{
	open_with((struct sonde_reverse_plan){ .patience = 3600 * SONDE_SECOND });
	ck_assert_int_eq(ends(false, WRONG_ID), SONDE_REVERSE_NAMED);
	ck_assert_str_eq(name, "one.example");
	ck_assert_int_eq(ends(false, ELSEWHERE), SONDE_REVERSE_NAMED);
	ck_assert_str_eq(name, "one.example");
	ck_assert_int_eq(ask(false, 0, OTHER_NAME), SONDE_REVERSE_WAITING);
	ck_assert_int_eq(ask(false, 1, NAMED), SONDE_REVERSE_WAITING);
	turn(1);
	sonde_reverse_recv(r);
	ck_assert_int_eq(ask(false, 0, OTHER_NAME), SONDE_REVERSE_WAITING);
	close_all();
}
END_TEST

/* c-ares takes no name that is none, or writes its bytes as \DDD; either way they stay bytes. */
START_TEST(a_hostile_name_ends_well)
{
	enum sonde_reverse_is is;

	open_with((struct sonde_reverse_plan){ 0 });
	is = ends(false, HOSTILE);
	ck_assert_int_ne(is, SONDE_REVERSE_WAITING);
	ck_assert_uint_le(strlen(name), SONDE_REVERSE_NAME);
	if (is == SONDE_REVERSE_NAMED)
		ck_assert_ptr_nonnull(strstr(name, ".example"));
	ck_assert_int_eq(ends(false, NAMED), SONDE_REVERSE_NAMED);
	close_all();
}
END_TEST

START_TEST(questions_out_are_bounded_and_all_get_their_turn)
{
	open_with((struct sonde_reverse_plan){ .patience = 3600 * SONDE_SECOND });
	for (unsigned i = 0; i < 200; i++)
		ck_assert_int_eq(ask(false, i, NAMED), SONDE_REVERSE_WAITING);
	ck_assert_uint_eq(sonde_reverse_waiting(r), 200);
	serve();
	ck_assert_uint_eq(asked, SONDE_REVERSE_FLYING);
	turn(0);
	ck_assert_uint_eq(asked, 200);
	for (unsigned i = 0; i < 200; i++)
		ck_assert_int_eq(ask(false, i, NAMED), SONDE_REVERSE_NAMED);
	close_all();
}
END_TEST

START_TEST(what_is_remembered_is_bounded)
{
	enum { MORE = 100 };

	open_with((struct sonde_reverse_plan){ .patience = 3600 * SONDE_SECOND });
	for (unsigned i = 0; i < SONDE_REVERSE_MOST / 8 + MORE; i++) {
		for (unsigned k = 0; k < 8; k++)
			ask(false, i, 16 + k);
		if (i % 8 == 0)
			turn(0);
	}
	turn(0);
	ck_assert_uint_eq(asked, SONDE_REVERSE_MOST + 8 * MORE);
	ck_assert_int_eq(ask(false, SONDE_REVERSE_MOST / 8 + MORE - 1, 16), SONDE_REVERSE_NAMED);
	ck_assert_int_eq(ask(false, 0, 16), SONDE_REVERSE_WAITING); /* forgotten, and asked again */
	close_all();
}
END_TEST

START_TEST(more_than_can_be_remembered_is_not_asked)
{
	open_with((struct sonde_reverse_plan){ .patience = 3600 * SONDE_SECOND });
	for (unsigned i = 0; i < SONDE_REVERSE_MOST; i++)
		ck_assert_int_eq(ask(false, i, SILENCE), SONDE_REVERSE_WAITING);
	ck_assert_int_eq(ask(true, 0, NAMED), SONDE_REVERSE_FAILED);
	ck_assert_int_eq(ask(false, 7, SILENCE), SONDE_REVERSE_WAITING);
	close_all();
}
END_TEST

START_TEST(what_is_too_old_is_asked_again)
{
	open_with((struct sonde_reverse_plan){ .keep = 1 });
	ck_assert_int_eq(ends(false, NAMED), SONDE_REVERSE_WAITING);
	turn(0);
	ck_assert_uint_eq(asked, 2);
	close_all();
}
END_TEST

/* Puts this text in the place of a file of the machine, for this process alone. False: it cannot
 * be done here, or there is no such file. */
static bool instead(const char *path, const char *text)
{
	char file[] = "/tmp/sonde-hosts-XXXXXX";
	int fd = mkstemp(file);
	bool done;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "%s", text), 0);
	close(fd);
	done = !mount(file, path, NULL, MS_BIND, NULL);
	unlink(file);
	return done;
}

START_TEST(the_files_of_the_machine_count)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return; /* takes root */
	if (!instead("/etc/hosts", "198.18.7.1 seven.test other\n2001::701 six.test\n"))
		return;
	open_with((struct sonde_reverse_plan){ 0 });
	ck_assert_int_eq(ask(false, 7, 1), SONDE_REVERSE_NAMED); /* at once */
	ck_assert_str_eq(name, "seven.test");
	ck_assert_int_eq(ask(true, 7, 1), SONDE_REVERSE_NAMED);
	ck_assert_str_eq(name, "six.test");
	ck_assert_int_eq(ends(false, NAMED), SONDE_REVERSE_NAMED);
	ck_assert_uint_eq(asked, 1);
	close_all();
	if (instead("/etc/nsswitch.conf", "hosts: files\n")) {
		open_with((struct sonde_reverse_plan){ 0 });
		ck_assert_int_eq(ask(false, 0, NAMED), SONDE_REVERSE_NAMELESS);
		ck_assert_int_eq(ask(false, 7, 1), SONDE_REVERSE_NAMED);
		close_all();
		umount("/etc/nsswitch.conf");
	}
	if (instead("/etc/nsswitch.conf", "hosts: dns\n")) {
		open_with((struct sonde_reverse_plan){ 0 });
		ck_assert_int_eq(ask(false, 7, 1), SONDE_REVERSE_WAITING);
		close_all();
		umount("/etc/nsswitch.conf");
	}
	umount("/etc/hosts");
}
END_TEST

START_TEST(a_wrong_plan_is_refused)
{
	struct sonde_reverse *none = NULL;

	ck_assert_int_eq(
		sonde_reverse_open(&none, &(struct sonde_reverse_plan){ .servers = "no:such" }),
		-EINVAL);
	ck_assert_ptr_null(none);
	ck_assert_ptr_null(sonde_reverse_close(NULL));
	open_with((struct sonde_reverse_plan){ 0 });
	ck_assert_int_eq(sonde_reverse_ask(r, &(struct sonde_address){ 0 }, &name),
			 SONDE_REVERSE_NAMELESS);
	ck_assert_uint_eq(sonde_reverse_waiting(r), 0);
	close_all();
}
END_TEST

Suite *reverse_suite(void)
{
	Suite *s = suite_create("reverse");
	TCase *c = tcase_create("reverse");

	tcase_add_test(c, a_name_is_told_once_it_came);
	tcase_add_test(c, an_address_is_asked_for_backwards);
	tcase_add_test(c, that_there_is_none_is_told_too);
	tcase_add_test(c, a_silent_server_delays_nobody);
	tcase_add_test(c, a_silent_server_is_given_up);
	tcase_add_test(c, a_forged_answer_is_passed_over);
	tcase_add_test(c, a_hostile_name_ends_well);
	tcase_add_test(c, questions_out_are_bounded_and_all_get_their_turn);
	tcase_add_test(c, what_is_remembered_is_bounded);
	tcase_add_test(c, more_than_can_be_remembered_is_not_asked);
	tcase_add_test(c, what_is_too_old_is_asked_again);
	tcase_add_test(c, the_files_of_the_machine_count);
	tcase_add_test(c, a_wrong_plan_is_refused);
	suite_add_tcase(s, c);
	return s;
}
