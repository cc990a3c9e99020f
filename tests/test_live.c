#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/live.h"

Suite *live_suite(void);

static sonde_ns clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (sonde_ns)t.tv_sec * SONDE_SECOND + (sonde_ns)t.tv_nsec;
}

/* A network namespace with nothing but a loopback interface, for the process of one test. */
static bool alone(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s;

	if (unshare(CLONE_NEWNET)) {
		printf("skipped: no right to make a network namespace\n");
		return false;
	}
	s = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(ioctl(s, SIOCSIFFLAGS, &up), 0);
	close(s);
	return true;
}

static void send_datagrams(unsigned n, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(4444),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(in, (struct sockaddr *)&to, sizeof to), 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_gt(
			sendto(out, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to), 0);
	close(in);
	close(out);
}

static struct sonde_live *open_live(const char *interface, const char *filter, unsigned snaplen)
{
	struct sonde_live_plan plan = {
		.interface = interface,
		.filter = filter,
		.snaplen = snaplen,
		.netns = 77,
		.network = true,
		.clock = (int64_t)(clock_now(CLOCK_REALTIME) - clock_now(CLOCK_MONOTONIC)),
	};
	struct sonde_live *l;

	ck_assert_int_eq(sonde_live_open(&l, &plan), 0);
	return l;
}

/* The next frame within two seconds. */
static bool wait_frame(struct sonde_live *l, struct sonde_frame *f)
{
	struct pollfd p = { sonde_live_fd(l), POLLIN, 0 };
	int k;

	for (unsigned i = 0; i < 20; i++) {
		if ((k = sonde_live_read(l, f)))
			return k > 0;
		poll(&p, 1, 100);
	}
	return false;
}

static void datagrams_come_whole(const char *interface, uint8_t dir)
{
	sonde_ns before = clock_now(CLOCK_MONOTONIC);
	struct sonde_live *l = open_live(interface, "udp", 0);
	struct sonde_frame f;
	uint64_t dropped;

	send_datagrams(3, "hello");
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(wait_frame(l, &f));
		ck_assert_uint_eq(f.byte.len, 20 + 8 + 5);
		ck_assert_uint_eq(f.wire, 20 + 8 + 5);
		ck_assert_uint_eq(f.byte.at[0], 0x45);
		ck_assert_mem_eq(f.byte.at + 28, "hello", 5);
		ck_assert_uint_eq(f.link, 101);
		ck_assert_uint_eq(f.protocol, ETH_P_IP);
		ck_assert_uint_eq(f.ifindex, if_nametoindex("lo"));
		ck_assert_uint_eq(f.netns, 77);
		ck_assert_uint_eq(f.dir, dir);
		ck_assert_uint_ge(f.when, before);
		ck_assert_uint_le(f.when, clock_now(CLOCK_MONOTONIC) + SONDE_MILLISECOND);
	}
	ck_assert_int_eq(sonde_live_read(l, &f), 0);
	ck_assert_int_eq(sonde_live_dropped(l, &dropped), 0);
	ck_assert_uint_eq(dropped, 0);
	sonde_live_close(l);
}

START_TEST(frames_begin_at_the_network_header_and_tell_their_time)
{
	if (!alone())
		return;
	datagrams_come_whole("any", SONDE_DIR_IN);
	datagrams_come_whole("lo", SONDE_DIR_IN);
}
END_TEST

START_TEST(the_snapshot_length_counts_from_the_network_header)
{
	struct sonde_live *l;
	struct sonde_frame f;

	if (!alone())
		return;
	l = open_live("any", NULL, 30);
	send_datagrams(1, "hello");
	ck_assert(wait_frame(l, &f));
	ck_assert_uint_eq(f.byte.len, 30);
	ck_assert_uint_eq(f.wire, 33);
	sonde_live_close(l);
}
END_TEST

START_TEST(only_what_the_filter_lets_through_comes)
{
	struct sonde_live *l;
	struct sonde_frame f;

	if (!alone())
		return;
	l = open_live("any", "udp[4:2] = 8+3", 0);
	send_datagrams(2, "hello");
	send_datagrams(1, "bye");
	ck_assert(wait_frame(l, &f));
	ck_assert_mem_eq(f.byte.at + 28, "bye", 3);
	ck_assert_int_eq(sonde_live_read(l, &f), 0);
	sonde_live_close(l);
}
END_TEST

START_TEST(what_cannot_be_opened_is_refused_with_its_reason)
{
	struct sonde_live_plan plan = { .interface = "none0" };
	struct sonde_live *l;

	if (!alone())
		return;
	ck_assert_int_eq(sonde_live_open(&l, &plan), -ENODEV);
	plan = (struct sonde_live_plan){ .interface = "any", .filter = "no such word" };
	ck_assert_int_eq(sonde_live_open(&l, &plan), SONDE_FILTER);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	plan.filter = NULL;
	ck_assert_int_eq(sonde_live_open(&l, &plan), SONDE_NO_PRIVILEGE);
	ck_assert_ptr_null(sonde_live_close(NULL));
}
END_TEST

Suite *live_suite(void)
{
	Suite *s = suite_create("live");
	TCase *t = tcase_create("live");

	tcase_set_timeout(t, 20);
	tcase_add_test(t, frames_begin_at_the_network_header_and_tell_their_time);
	tcase_add_test(t, the_snapshot_length_counts_from_the_network_header);
	tcase_add_test(t, only_what_the_filter_lets_through_comes);
	tcase_add_test(t, what_cannot_be_opened_is_refused_with_its_reason);
	suite_add_tcase(s, t);
	return s;
}
