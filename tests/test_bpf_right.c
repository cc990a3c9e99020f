#include "tests/bpf_run.h"

Suite *bpf_right_suite(void);

#ifdef SONDE_HAVE_BPF

#include <cap-ng.h>
#include <dirent.h>

START_TEST(any_hook_can_be_denied_and_is_missed_aloud)
{
	const char *deny[] = { sonde_bpf_hook_name((unsigned)_i), NULL };
	struct sonde_tracer_plan plan = usual;
	bool said = false;

	plan.deny = deny;
	family = AF_INET;
	run_clean(&plan, &(struct deed){ .after = tcp });
	EACH_EVENT(e)
	{
		if (e->kind != SONDE_EVENT_BLIND)
			continue;
		ck_assert_uint_eq(e->reason, (uint32_t)_i + 1);
		ck_assert_ptr_nonnull(strstr((char *)e->text.at, deny[0]));
		said = true;
	}
	ck_assert(said);
	ck_assert(calls(SONDE_CALL_CONNECT) == 1 || !strcmp(deny[0], "sys_exit"));
	ck_assert_uint_eq(events(SONDE_EVENT_STATE) > 0,
			  strcmp(deny[0], "inet_sock_set_state") != 0);
}
END_TEST

START_TEST(with_all_hooks_nothing_is_missed)
{
	run_clean(&usual, &(struct deed){ .after = tcp });
	ck_assert_uint_eq(events(SONDE_EVENT_BLIND), 0);
}
END_TEST

static void without_capabilities(struct sonde_tracer *t)
{
	(void)t;
	capng_clear(CAPNG_SELECT_BOTH);
	ck_assert_int_eq(capng_apply(CAPNG_SELECT_BOTH), 0);
}

static void fork_tcp(void)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		tcp();
		_exit(0);
	}
	must(waitpid(pid, &st, 0) == pid && !st);
}

START_TEST(it_lives_on_without_any_capability)
{
	run_clean(&usual, &(struct deed){ .before = hold,
					  .after = fork_tcp,
					  .seed = true,
					  .meanwhile = without_capabilities });
	ck_assert_uint_ge(events(SONDE_EVENT_SEED), 4);
	ck_assert_uint_eq(calls(SONDE_CALL_CONNECT), 1);
	ck_assert_uint_ne(call(SONDE_CALL_CONNECT, 0)->pid, (uint32_t)child);
}
END_TEST

/* In a process of its own, for the change of user is for good. */
START_TEST(two_capabilities_are_enough)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		struct sonde_tracer *t = NULL;
		unsigned blind = 0;
		int go[2];

		capng_clear(CAPNG_SELECT_BOTH);
		capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_PERFMON,
			      -1);
		if (capng_change_id(65534, 65534, CAPNG_DROP_SUPP_GRP))
			_exit(1);
		heard_n = 0;
		if (sonde_tracer_bpf.open(&t, &usual))
			_exit(2);
		sonde_tracer_bpf.tell(t, hear, NULL);
		EACH_EVENT(e)
		blind += e->kind == SONDE_EVENT_BLIND;
		if (blind != 1 || sonde_bpf_hook_in_use((struct bpf_tracer *)t, "sock_create"))
			_exit(3);
		if (pipe(go))
			_exit(1);
		child = fork();
		if (!child) {
			char c;

			close(go[1]);
			must(!read(go[0], &c, 1));
			tcp();
			_exit(0);
		}
		if (sonde_tracer_bpf.follow(t, child))
			_exit(4);
		close(go[1]);
		while (!sonde_tracer_bpf.child_ended(t, child, &status))
			usleep(1000);
		usleep(10000);
		sonde_tracer_bpf.read(t, hear, NULL);
		st = calls(SONDE_CALL_CONNECT) == 1 && events(SONDE_EVENT_STATE) == 12 &&
		     events(SONDE_EVENT_DESTROY) == 3;
		sonde_tracer_bpf.close(t);
		_exit(st ? 0 : 5);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
}
END_TEST

/* A neighbour that is not followed does the same in the same namespace. */
static void with_a_neighbour(void)
{
	family = AF_INET;
	tcp();
}

static void neighbour(void)
{
	if (!fork()) {
		for (int i = 0; i < 200; i++)
			tcp();
		_exit(0);
	}
}

START_TEST(a_neighbour_is_not_heard)
{
	family = AF_INET;
	run_clean(&usual, &(struct deed){ .before = neighbour, .after = with_a_neighbour });
	EACH_EVENT(e)
	{
		if (e->kind == SONDE_EVENT_CALL || e->flags & SONDE_FLAG_TASK)
			ck_assert_uint_eq(e->pid, (uint32_t)child);
	}
	ck_assert_uint_eq(calls(SONDE_CALL_CONNECT), 1);
	ck_assert_uint_eq(events(SONDE_EVENT_DESTROY), 3);
}
END_TEST

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(closing_leaves_nothing)
{
	unsigned before = descriptors();
	struct sonde_tracer *t = open_tracer(&usual);

	ck_assert_uint_gt(descriptors(), before + 20);
	ck_assert_ptr_null(t->kind->close(t));
	ck_assert_ptr_null(sonde_tracer_bpf.close(NULL));
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

#endif

Suite *bpf_right_suite(void)
{
	Suite *s = suite_create("bpf_right");
	TCase *c = bpf_case(s);

	if (!c)
		return s;
#ifdef SONDE_HAVE_BPF
	tcase_add_loop_test(c, any_hook_can_be_denied_and_is_missed_aloud, 0, SONDE_BPF_HOOKS);
	tcase_add_test(c, with_all_hooks_nothing_is_missed);
	tcase_add_test(c, it_lives_on_without_any_capability);
	tcase_add_test(c, two_capabilities_are_enough);
	tcase_add_test(c, a_neighbour_is_not_heard);
	tcase_add_test(c, closing_leaves_nothing);
#endif
	return s;
}
