#include "sys/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/firewall.h"
#include "sys/userns.h"

enum { GROUPS = 256, NOT_TRIED = 254, RULES = 253 };

int sonde_machine_read(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);
	int r = n < 0 ? -errno : 0;

	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	if (fd >= 0)
		close(fd);
	return r < 0 ? r : (int)strlen(ret);
}

int sonde_machine_landlock(void)
{
	int r = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return r < 0 ? -errno : r;
}

int sonde_machine_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

uint64_t sonde_machine_locked_memory(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY
		       ? UINT64_MAX
		       : limit.rlim_cur;
}

int sonde_machine_ping_group(void)
{
	unsigned low, high;
	gid_t group[GROUPS];
	char range[64];
	int n = getgroups(GROUPS - 1, group),
	    r = sonde_machine_read("/proc/sys/net/ipv4/ping_group_range", range, sizeof range);

	if (r < 0 || n < 0 || sscanf(range, "%u %u", &low, &high) != 2)
		return r < 0 ? r : -EINVAL;
	group[n++] = getegid();
	while (n--)
		if (group[n] >= low && group[n] <= high)
			return 1;
	return 0;
}

/* The error of what was tried in a process of its own, which dies with its namespaces. */
static int result(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == RULES ? SONDE_RULES : -WEXITSTATUS(status);
}

int sonde_machine_userns(void)
{
	pid_t pid = fork();
	int r;

	if (pid < 0)
		return -errno;
	if (pid)
		return result(pid);
	r = sonde_userns_enter();
	if (!r && unshare(CLONE_NEWNET))
		r = -errno;
	_exit(-r);
}

static int try_apart(int (*what)(void), bool *ret_tried)
{
	pid_t pid = fork();
	int r;

	*ret_tried = false;
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (unshare(CLONE_NEWNET) && (sonde_userns_enter() || unshare(CLONE_NEWNET)))
			_exit(NOT_TRIED);
		r = what();
		_exit(r == SONDE_RULES ? RULES : -r);
	}
	r = result(pid);
	*ret_tried = r != -NOT_TRIED;
	return *ret_tried ? r : -EPERM;
}

static int try_nftables(void)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char said[256];

	return netns < 0 ? -errno
			 : sonde_firewall_load(netns,
					       "add table inet t\n"
					       "add chain inet t c { type filter hook output "
					       "priority 0; }\n"
					       "add rule inet t c tcp dport 9 drop\n",
					       said, sizeof said);
}

static int try_xdp(void)
{
	return socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? -errno : 0;
}

int sonde_machine_nftables(bool *ret_tried)
{
	return try_apart(try_nftables, ret_tried);
}

int sonde_machine_xdp(bool *ret_tried)
{
	return try_apart(try_xdp, ret_tried);
}
