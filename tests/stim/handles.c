/* What can happen to a descriptor between its making and its end, one per subcommand. "one" and
 * "two" are a pair of Unix sockets. */
#include <pthread.h>

#include "stim.h"

static int one, two;

static void meet(void)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	one = pair[0];
	two = pair[1];
	tell("one", one);
	tell("two", two);
}

/* It lives until its last copy is closed. */
static void copies(void)
{
	int copy, other;

	meet();
	copy = must(dup(one));
	close(one);
	other = must(fcntl(copy, F_DUPFD_CLOEXEC, 50));
	close(copy);
	say(other, "still here");
	hear(two, "still here");
	close(other);
	hear_end(two);
	close(two);
}

/* The copy takes the number of the other one, which ends by that. */
static void replaced(void)
{
	meet();
	must(dup2(one, two));
	must_fail(send(one, "x", 1, MSG_NOSIGNAL), EPIPE);
	close(one);
	close(two);
}

static void range(void)
{
	meet();
	must(close_range((unsigned)(one < two ? one : two), (unsigned)(one < two ? two : one), 0));
}

/* The child holds it longer than the parent. */
static void inherited(void)
{
	pid_t pid;

	meet();
	pid = must(fork());
	if (!pid) {
		close(two);
		hear(one, "you alone have it");
		say(one, "from the child");
		_exit(0);
	}
	close(one);
	say(two, "you alone have it");
	hear(two, "from the child");
	hear_end(two);
	must(waitpid(pid, NULL, 0));
	close(two);
}

static void *close_one(void *arg)
{
	(void)arg;
	say(one, "from the thread");
	close(one);
	return NULL;
}

/* Threads share the table: what one closes is closed for all. */
static void threads(void)
{
	pthread_t t;

	meet();
	must(-pthread_create(&t, NULL, close_one, NULL));
	hear(two, "from the thread");
	hear_end(two);
	pthread_join(t, NULL);
	must_fail(send(one, "x", 1, 0), EBADF);
	close(two);
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{ "copies", copies },	    { "replaced", replaced }, { "range", range },
		{ "inherited", inherited }, { "threads", threads },   { NULL, NULL },
	};

	return run_act(argc, argv, acts);
}
