#include "run/labcell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/tree.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum { RELAY, SERVERS, HELPERS };

/* In the command's process: it finds itself on its node. /proc and /sys may be kept from us by who
 * made the machine (a container), and a command can do without. */
static int enter(void *arg)
{
	const struct sonde_labcell_plan *plan = arg;
	int r;

	if (setns(plan->netns, CLONE_NEWNET) < 0 || unshare(CLONE_NEWUTS) < 0 ||
	    sethostname(plan->node, strlen(plan->node)) < 0)
		return -errno;
	r = sonde_tree_alone();
	if (!r)
		r = sonde_tree_file("/etc/hosts", plan->hosts);
	sonde_tree_proc();
	sonde_tree_sys();
	return r;
}

/* What the terminal says is not for helpers. All they may still ask for is real-time scheduling. */
static void leave_terminal(void)
{
	setsid();
	sonde_privilege_drop(CAP_SYS_NICE);
}

static int run_relay(void *arg)
{
	const struct sonde_labcell *c = arg;

	leave_terminal();
	sonde_labwire_run(c->plan->site->wire, c->relay);
	return 125;
}

static int run_servers(void *arg)
{
	const struct sonde_labcell *c = arg;

	leave_terminal();
	sonde_serve_run(c->plan->site->serve);
	return 125;
}

static int start_helpers(struct sonde_labcell *c, struct sonde_child *helper)
{
	const struct sonde_labsite *site = c->plan->site;
	const struct sonde_child_plan plan[HELPERS] = {
		[RELAY] = { .run = run_relay, .out = -1, .arg = c },
		[SERVERS] = { .run = run_servers, .out = -1, .arg = c },
	};
	const bool wanted[HELPERS] = { site && site->wire, site && site->serve };

	for (unsigned i = 0; i < HELPERS; i++) {
		int r = wanted[i] ? sonde_child_start(&helper[i], &plan[i]) : 0;

		if (r < 0)
			return r;
		if (wanted[i])
			sonde_child_release(&helper[i]);
	}
	sonde_sleep_forward(0); /* signals are for the command */
	return 0;
}

/* Until the command ends, or all must. Who lost his parent is ours to bury; a helper that ends
 * takes the lab with it. */
static void watch(const struct sonde_labcell *c, struct sonde_child *command,
		  const struct sonde_child *helper)
{
	struct pollfd line[] = { { .fd = c->life[0] },
				 { .fd = c->plan->lifeline, .events = POLLRDHUP } };
	struct sonde_labcell_end end = { 0 };
	pid_t pid;

	while (!line[0].revents && !(line[1].revents & (POLLHUP | POLLRDHUP | POLLERR)) &&
	       (c->plan->argv || !sonde_sleep_signal())) {
		while ((pid = waitpid(-1, &end.status, WNOHANG)) > 0) {
			if (pid == helper[RELAY].pid || pid == helper[SERVERS].pid)
				return;
			if (!c->plan->argv || pid != command->pid)
				continue;
			end.error = sonde_child_error(command);
			end.placed = sonde_child_code(end.status) != 125;
			if (write(c->verdict[1], &end, sizeof end) < 0)
				return;
			return;
		}
		if (sonde_sleep(line, 2, -1) < 0)
			return;
	}
}

static void block_signals(sigset_t *ret_mask)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, ret_mask);
}

/* The first process of the namespace. */
static int keep(void *arg)
{
	struct sonde_labcell *c = arg;
	const struct sonde_child_plan plan = {
		.argv = c->plan->argv, .out = -1, .prepare = enter, .arg = (void *)c->plan
	};
	struct sonde_child command = { 0 }, helper[HELPERS] = { 0 };
	sigset_t mask;

	close(c->life[1]);
	if (c->control >= 0)
		close(c->control);
	sonde_sleep_init();
	block_signals(&mask); /* helpers are not to get them */
	if (write(c->verdict[1], "x", 1) != 1 || start_helpers(c, helper) < 0 ||
	    (plan.argv && sonde_child_start(&command, &plan) < 0))
		return 125;
	if (plan.argv)
		sonde_child_release(&command);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	watch(c, &command, helper);
	return 125;
}

static void close_pair(int *fd)
{
	for (unsigned i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

/* The first process of a namespace gets no signal that it does not wait for (pid_namespaces(7)):
 * one that came to us before the keeper was ready goes to it now. */
static void wait_for_keeper(struct sonde_labcell *c)
{
	char byte;

	if (read(c->verdict[0], &byte, 1) == 1 && c->plan->argv && sonde_sleep_signal())
		kill(c->keeper.pid, sonde_sleep_signal());
}

int sonde_labcell_start(struct sonde_labcell *ret, const struct sonde_labcell_plan *plan)
{
	bool relayed = plan->site && plan->site->wire;
	const struct sonde_child_plan keeper = {
		.run = keep, .out = -1, .arg = ret, .first = true
	};
	int control[2] = { -1, -1 }, r = 0;
	sigset_t mask;

	*ret = (struct sonde_labcell){ .plan = plan, .keeper = { .release = -1, .report = -1 } };
	memset(ret->life, -1, sizeof ret->life);
	memset(ret->verdict, -1, sizeof ret->verdict);
	if (pipe2(ret->life, O_CLOEXEC) || pipe2(ret->verdict, O_CLOEXEC) ||
	    (relayed && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control)))
		r = -errno;
	ret->control = control[0];
	ret->relay = control[1];
	block_signals(&mask);
	if (!r)
		r = sonde_child_start(&ret->keeper, &keeper);
	if (ret->relay >= 0)
		close(ret->relay);
	if (r) {
		sonde_labcell_done(ret);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		return r;
	}
	close(ret->life[0]);
	close(ret->verdict[1]);
	ret->life[0] = ret->verdict[1] = -1;
	if (!plan->argv)
		sonde_sleep_forward(0); /* signals are for us, then */
	sonde_child_release(&ret->keeper);
	wait_for_keeper(ret);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return 0;
}

int sonde_labcell_wait(struct sonde_labcell *c, struct sonde_labcell_end *ret)
{
	struct pollfd verdict = { .fd = c->verdict[0], .events = POLLIN };

	while (!verdict.revents && sonde_sleep(&verdict, 1, -1) >= 0)
		;
	return read(c->verdict[0], ret, sizeof *ret) == sizeof *ret ? 0 : -ECHILD;
}

void sonde_labcell_done(struct sonde_labcell *c)
{
	if (c->keeper.pid > 0) {
		kill(c->keeper.pid, SIGKILL);
		while (waitpid(c->keeper.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	sonde_child_done(&c->keeper);
	close_pair(c->life);
	close_pair(c->verdict);
	if (c->control >= 0)
		close(c->control);
	c->control = -1;
}
