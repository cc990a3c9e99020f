#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <netinet/in.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/privilege.h"

Suite *privilege_suite(void);

/* The value of a line like "CapEff:\t0000" of /proc/self/status. */
static unsigned long long status(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long v = ~0ULL;
	char line[256];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			sscanf(line + strlen(name) + 1, "%llx", &v);
	fclose(f);
	return v;
}

START_TEST(after_the_drop_nothing_is_left_and_nothing_can_come_back)
{
	int fd;

	ck_assert_int_eq(sonde_privilege_drop(-1), 0);
	ck_assert_uint_eq(status("CapEff"), 0);
	ck_assert_uint_eq(status("CapPrm"), 0);
	ck_assert_uint_eq(status("CapInh"), 0);
	ck_assert_uint_eq(status("CapAmb"), 0);
	ck_assert_uint_eq(status("NoNewPrivs"), 1);
	ck_assert(!sonde_privilege_has(CAP_NET_RAW));
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(errno, EPERM);
	/* A program run now, even one of root's, starts with nothing either. */
	ck_assert_int_eq(system("grep -q 'CapEff:\t0000000000000000' /proc/self/status"), 0);
}
END_TEST

START_TEST(one_capability_may_be_kept)
{
	if (!sonde_privilege_has(CAP_SYS_PTRACE)) {
		fprintf(stderr, "skipped: lacks CAP_SYS_PTRACE, so it cannot be kept\n");
		return;
	}
	ck_assert_int_eq(sonde_privilege_drop(CAP_SYS_PTRACE), 0);
	ck_assert_uint_eq(status("CapEff"), 1ULL << CAP_SYS_PTRACE);
	ck_assert_uint_eq(status("CapPrm"), 1ULL << CAP_SYS_PTRACE);
	ck_assert(sonde_privilege_has(CAP_SYS_PTRACE));
	ck_assert(!sonde_privilege_has(CAP_NET_RAW));
}
END_TEST

START_TEST(a_child_forked_before_keeps_what_it_had)
{
	unsigned long long had = status("CapEff");
	int go[2], st;
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	if (!pid) {
		close(go[1]);
		_exit(read(go[0], &c, 1) == 1 && status("CapEff") == had ? 0 : 1);
	}
	ck_assert_int_eq(sonde_privilege_drop(-1), 0);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
}
END_TEST

START_TEST(what_is_missing_is_said_with_the_fix)
{
	static const int want[] = { CAP_BPF, CAP_PERFMON, CAP_NET_RAW };
	char text[5000], expected[5000], self[4096] = "";

	ck_assert_int_eq(sonde_privilege_drop(-1), 0);
	ck_assert_uint_gt(sonde_privilege_missing(text, sizeof text, want, 3), 0);
	self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
	snprintf(expected, sizeof expected,
		 "lacks cap_bpf, cap_perfmon and cap_net_raw; setcap "
		 "cap_bpf,cap_perfmon,cap_net_raw+ep %s, or root, would give them",
		 self);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_gt(sonde_privilege_missing(text, sizeof text, want + 2, 1), 0);
	snprintf(expected, sizeof expected,
		 "lacks cap_net_raw; setcap cap_net_raw+ep %s, or root, would give it", self);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(sonde_privilege_missing(text, sizeof text, want, 0), 0);
	ck_assert_uint_eq(sonde_privilege_missing(text, 10, want, 3), 9);
}
END_TEST

START_TEST(the_two_clocks_differ_by_the_offset)
{
	struct timespec t;
	int64_t error;

	clock_gettime(CLOCK_REALTIME, &t);
	error = (int64_t)(sonde_clock_now() + (uint64_t)sonde_clock_offset()) -
		(t.tv_sec * 1000000000LL + t.tv_nsec);
	ck_assert_int_ge(error, -1000000000);
	ck_assert_int_le(error, 1000000000);
	for (int i = 0; i < 20; i++) {
		int64_t apart = sonde_clock_offset() - sonde_clock_offset();

		ck_assert_int_lt(apart < 0 ? -apart : apart, 1000000);
	}
}
END_TEST

Suite *privilege_suite(void)
{
	Suite *s = suite_create("privilege");
	TCase *t = tcase_create("privilege");

	tcase_add_test(t, after_the_drop_nothing_is_left_and_nothing_can_come_back);
	tcase_add_test(t, one_capability_may_be_kept);
	tcase_add_test(t, a_child_forked_before_keeps_what_it_had);
	tcase_add_test(t, what_is_missing_is_said_with_the_fix);
	tcase_add_test(t, the_two_clocks_differ_by_the_offset);
	suite_add_tcase(s, t);
	return s;
}
