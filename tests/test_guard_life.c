/* A crafted connection that the kernel does not reset, while whoever guards it lives. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sys/firewall.h"
#include "sys/guard.h"
#include "sys/link.h"
#include "sys/netns.h"
#include "tests/craft_made.h"
#include "tests/root.h"

Suite *guard_life_suite(void);

/* The near end crafts; at the far end port 80 is open, and all of TCP that comes is seen. */
static int near, far, server, seen, out, marked;

static const struct sonde_guard_end mine = {
	.from = { .family = AF_INET, .port = 4000, .ip = { 10, 0, 0, 1 } },
	.to = { .family = AF_INET, .port = 80, .ip = { 10, 0, 0, 2 } },
};

static int open_out(unsigned mark)
{
	int fd = sonde_netns_socket(near, AF_INET, SOCK_RAW, IPPROTO_RAW);

	ck_assert_int_ge(fd, 0);
	if (mark)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
	return fd;
}

static void build(void)
{
	struct sonde_address a = address(AF_INET, "10.0.0.1"), b = address(AF_INET, "10.0.0.2");
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htobe16(80) };

	near = sonde_netns_open();
	far = sonde_netns_open();
	ck_assert_int_eq(sonde_link_pair(near, "veth0", far, "veth0"), 0);
	ck_assert_int_eq(sonde_link_up(near, "veth0"), 0);
	ck_assert_int_eq(sonde_link_up(far, "veth0"), 0);
	ck_assert_int_eq(sonde_link_carrier(near, "veth0"), 1);
	ck_assert_int_eq(sonde_link_add_address(near, "veth0", &a, 24), 0);
	ck_assert_int_eq(sonde_link_add_address(far, "veth0", &b, 24), 0);
	server = sonde_netns_socket(far, AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(server, 10), 0);
	seen = sonde_netns_socket(far, AF_INET, SOCK_RAW, IPPROTO_TCP);
	ck_assert_int_ge(seen, 0);
	out = open_out(0);
	marked = open_out(SONDE_GUARD_MARK);
}

static void done(void)
{
	int all[] = { near, far, server, seen, out, marked };

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		close(all[i]);
	sonde_arena_done(&craft_arena);
}

static void send_from(int fd, unsigned port, const char *flags)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htobe32(0x0a000002) } };
	char words[200];
	struct sonde_draft d;

	snprintf(words, sizeof words,
		 "ip(src=10.0.0.1, dst=10.0.0.2, id=1)/tcp(sport=%u, dport=80, flags=%s, seq=7)",
		 port, flags);
	d = craft_made(words);
	ck_assert_int_eq(sendto(fd, craft_bytes, d.p.len, 0, (struct sockaddr *)&to, sizeof to),
			 (int)d.p.len);
}

/* Waits until a reset comes from port last; whether one came from port asked before. */
static bool reset_before(unsigned asked, unsigned last)
{
	struct pollfd p = { seen, POLLIN, 0 };
	bool came = false;

	while (poll(&p, 1, 5000) > 0) {
		uint8_t b[200];
		ssize_t n = recv(seen, b, sizeof b, 0);
		unsigned port = (unsigned)(b[20] << 8 | b[21]);

		if (n < 40 || !(b[33] & 4))
			continue;
		came |= port == asked;
		if (port == last)
			return came;
	}
	ck_abort_msg("no reset from port %u", last);
	return false;
}

/* Whether the kernel resets what is crafted from the guarded port; port 5000 is never guarded, and
 * what comes from there was sent later. */
static bool is_reset(void)
{
	send_from(out, 4000, "S");
	poll(NULL, 0, 50);
	send_from(out, 5000, "S");
	return reset_before(4000, 5000);
}

static int open_guard(void *arg)
{
	return sonde_guard_open(arg, &mine, 1);
}

START_TEST(the_kernels_reset_is_kept_back_and_a_crafted_one_passes)
{
	struct sonde_guard *g;

	if (lacks_root())
		return;
	build();
	ck_assert(is_reset());
	ck_assert_int_eq(sonde_netns_visit(near, open_guard, &g), 0);
	ck_assert(!is_reset());
	send_from(marked, 4000, "R");
	send_from(out, 5000, "R");
	ck_assert(reset_before(4000, 5000));
	sonde_guard_close(g);
	ck_assert(is_reset());
	done();
}
END_TEST

START_TEST(others_cannot_take_it_away)
{
	struct sonde_guard *g;
	char said[300];

	if (lacks_root())
		return;
	build();
	ck_assert_int_eq(sonde_netns_visit(near, open_guard, &g), 0);
	ck_assert_int_eq(sonde_firewall_load(near, "flush ruleset\n", said, sizeof said), 0);
	ck_assert(!is_reset());
	sonde_guard_close(g);
	done();
}
END_TEST

/* A process of its own that guards until it is killed. */
static pid_t start_guard(void)
{
	struct sonde_guard *g;
	int ready[2];
	char one = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		one = sonde_netns_visit(near, open_guard, &g) == 0;
		(void)!write(ready[1], &one, 1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &one, 1), 1);
	close(ready[0]);
	ck_assert_int_eq(one, 1);
	return pid;
}

START_TEST(it_is_gone_with_the_process_however_that_ends)
{
	pid_t pid;

	if (lacks_root())
		return;
	build();
	pid = start_guard();
	ck_assert(!is_reset());
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(is_reset());
	done();
}
END_TEST

Suite *guard_life_suite(void)
{
	Suite *s = suite_create("guard_life");
	TCase *t = tcase_create("guard");

	tcase_add_test(t, the_kernels_reset_is_kept_back_and_a_crafted_one_passes);
	tcase_add_test(t, others_cannot_take_it_away);
	tcase_add_test(t, it_is_gone_with_the_process_however_that_ends);
	suite_add_tcase(s, t);
	return s;
}
