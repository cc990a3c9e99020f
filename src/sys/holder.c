#include "sys/holder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static ssize_t read_file(uint32_t pid, const char *name, char *ret, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	close(fd);
	ret[n > 0 ? n : 0] = 0;
	return n < 0 ? -errno : n;
}

static sonde_ns now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (sonde_ns)t.tv_sec * SONDE_SECOND + (sonde_ns)t.tv_nsec;
}

/* proc_pid_stat(5): the name in parentheses may hold anything; state, parent, then the 22nd field
 * is the start, in ticks since boot. */
static int read_stat(struct sonde_holder *ret)
{
	char text[1024], *at, *name;
	unsigned long long ticks;
	ssize_t n = read_file(ret->pid, "stat", text, sizeof text);

	if (n < 0)
		return (int)n;
	name = strchr(text, '(');
	at = strrchr(text, ')');
	if (!name || !at ||
	    sscanf(at + 1,
		   " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		   "%*d %llu",
		   &ret->ppid, &ticks) != 2)
		return -ESRCH;
	n = at - name - 1;
	memcpy(ret->comm, name + 1, (size_t)n < sizeof ret->comm ? (size_t)n : sizeof ret->comm);
	ret->start = now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) +
		     ticks * (SONDE_SECOND / (sonde_ns)sysconf(_SC_CLK_TCK));
	return 0;
}

int sonde_holder_read(struct sonde_holder *ret, uint32_t pid)
{
	char path[64];
	struct stat st;
	ssize_t n;
	int err;

	*ret = (struct sonde_holder){ .pid = pid };
	err = read_stat(ret);
	if (err)
		return err;
	n = read_file(pid, "cmdline", ret->command, sizeof ret->command);
	ret->command_len = n > 0 ? (size_t)n : 0;
	snprintf(path, sizeof path, "/proc/%u", pid);
	if (!stat(path, &st))
		ret->uid = st.st_uid;
	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	n = readlink(path, ret->path, sizeof ret->path - 1);
	ret->path[n > 0 ? n : 0] = 0;
	return 0;
}

static void look_into(uint32_t pid, void (*hear)(void *arg, uint32_t pid, uint64_t ino), void *arg)
{
	char path[64], link[64];
	const struct dirent *e;
	DIR *fds;

	snprintf(path, sizeof path, "/proc/%u/fd", pid);
	fds = opendir(path);
	while (fds && (e = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), e->d_name, link, sizeof link - 1);

		link[n > 0 ? n : 0] = 0;
		if (!strncmp(link, "socket:[", 8))
			hear(arg, pid, strtoull(link + 8, NULL, 10));
	}
	if (fds)
		closedir(fds);
}

int sonde_holder_each(void (*hear)(void *arg, uint32_t pid, uint64_t ino), void *arg)
{
	const struct dirent *e;
	DIR *all = opendir("/proc");

	if (!all)
		return -errno;
	while ((e = readdir(all))) {
		unsigned long pid = strtoul(e->d_name, NULL, 10);

		if (pid && (pid_t)pid != getpid())
			look_into((uint32_t)pid, hear, arg);
	}
	closedir(all);
	return 0;
}
