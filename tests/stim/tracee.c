/* What a program that is stopped and looked at may not notice, one fact per subcommand. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "stim.h"

extern char **environ;

static char *self;

/* The error of a connect in the background must still be there for the program. */
static void pending_error(void)
{
	int closed = bound(AF_INET, SOCK_STREAM), error = 0;
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len, error_len = sizeof error;
	struct sockaddr *a = loopback(AF_INET, port_of(closed), &len);

	tell("socket", fd);
	if (connect(fd, a, len) != -1)
		exit(1);
	must(poll(&p, 1, 5000));
	must(fcntl(fd, F_SETFD, FD_CLOEXEC)); /* one more look at it */
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len));
	if (error != ECONNREFUSED)
		exit(1);
	close(fd);
	close(closed);
}

/* A child by vfork and one by posix_spawn, which share our memory until they execute. */
static void spawned(void)
{
	char *argv[] = { self, (char[]){ "nothing" }, NULL };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), st;
	pid_t pid = vfork();

	tell("socket", fd);
	if (!pid) {
		execv(self, argv);
		_exit(99);
	}
	must(waitpid(pid, &st, 0));
	if (st)
		exit(1);
	must(-posix_spawn(&pid, self, NULL, NULL, argv, environ));
	must(waitpid(pid, &st, 0));
	if (st)
		exit(1);
	close(fd);
}

static void nothing(void)
{
}

static void *execute(void *arg)
{
	char *argv[] = { self, (char[]){ "nothing" }, NULL };

	(void)arg;
	execv(self, argv);
	return NULL;
}

static void *wait_long(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

/* Not the first thread executes, while another waits: all others vanish. */
static void thread_exec(void)
{
	pthread_t t[3];
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	tell("socket", fd);
	must(-pthread_create(&t[0], NULL, wait_long, NULL));
	must(-pthread_create(&t[1], NULL, wait_long, NULL));
	must(-pthread_create(&t[2], NULL, execute, NULL));
	pause();
}

static void *close_after(void *arg)
{
	usleep(50000);
	close(*(int *)arg);
	return NULL;
}

/* The first thread ends before the one that closes. */
static void leader_ends(void)
{
	static int fd;
	pthread_t t;

	fd = must(socket(AF_INET, SOCK_STREAM, 0));
	tell("socket", fd);
	must(-pthread_create(&t, NULL, close_after, &fd));
	pthread_exit(NULL);
}

static volatile sig_atomic_t caught;

static void count(int n)
{
	caught += n;
}

/* A signal interrupts accept: once it is restarted, once it fails. */
static void interrupted(void)
{
	int listener = listening(AF_INET), got;
	struct sigaction plain = { .sa_handler = count };
	struct itimerval_ {
		long a, b, c, d;
	} soon = { 0, 0, 0, 100000 };

	tell("listener", listener);
	sigaction(SIGALRM, &plain, NULL);
	must((int)syscall(SYS_setitimer, 0, &soon, NULL));
	must_fail(accept(listener, NULL, NULL), EINTR);
	plain.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &plain, NULL);
	must((int)syscall(SYS_setitimer, 0, &soon, NULL));
	if (!must(fork())) {
		usleep(300000);
		close(connected_to(AF_INET, SOCK_STREAM, port_of(listener)));
		_exit(0);
	}
	got = must(accept(listener, NULL, NULL));
	if (caught != 2 * SIGALRM)
		exit(1);
	tell("accepted", got);
	hear_end(got);
	close(got);
	close(listener);
	must(wait(NULL));
}

/* Tells its number, then stops itself; whoever continues it sees it end. */
static void stops(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	printf("pid %d\n", getpid());
	fflush(stdout);
	raise(SIGSTOP);
	tell("socket", fd);
	close(fd);
}

/* Holds one socket of every kind until its input ends, and then says what it holds. */
static void holds(void)
{
	int pair[2], unix_pair[2], udp = bound(AF_INET6, SOCK_DGRAM), listener = listening(AF_INET);
	char byte;

	tcp_pair(AF_INET6, pair);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, unix_pair));
	must(fcntl(udp, F_SETFD, FD_CLOEXEC));
	tell("client", pair[0]);
	tell("server", pair[1]);
	tell("one", unix_pair[0]);
	tell("two", unix_pair[1]);
	tell("udp", udp);
	tell("listener", listener);
	if (!must(fork())) {
		while (must(read(0, &byte, 1)) > 0)
			;
		_exit(0);
	}
	while (must(read(0, &byte, 1)) > 0)
		say(pair[0], "x");
	must(wait(NULL));
	tell("client", pair[0]);
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{ "pending-error", pending_error },
		{ "spawned", spawned },
		{ "nothing", nothing },
		{ "thread-exec", thread_exec },
		{ "leader-ends", leader_ends },
		{ "interrupted", interrupted },
		{ "stops", stops },
		{ "holds", holds },
		{ NULL, NULL },
	};

	self = argv[0];
	return run_act(argc, argv, acts);
}
