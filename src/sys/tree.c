#include "sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int attach(const char *what, const char *at, const char *kind, unsigned long flags)
{
	return mount(what, at, kind, flags, NULL) < 0 ? -errno : 0;
}

int sonde_tree_alone(void)
{
	return unshare(CLONE_NEWNS) < 0 ? -errno : attach(NULL, "/", NULL, MS_REC | MS_SLAVE);
}

static int copy(const char *to, int from)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), err = 0;
	struct stat st;
	off_t at = 0;

	if (fd < 0)
		return -errno;
	if (fstat(from, &st) < 0)
		err = -errno;
	while (!err && at < st.st_size)
		if (sendfile(fd, from, &at, (size_t)(st.st_size - at)) <= 0)
			err = errno ? -errno : -EIO;
	fchmod(fd, 0644);
	close(fd);
	return err;
}

/* The file lies on a file system of its own, which stands on /proc just until the file has its
 * place: nobody else sees that. */
int sonde_tree_file(const char *over, int from)
{
	static const char made[] = "/proc/file";
	int r = attach("sonde", "/proc", "tmpfs", MS_NOSUID | MS_NODEV);

	if (r)
		return r;
	r = copy(made, from);
	if (!r)
		r = attach(made, over, NULL, MS_BIND);
	umount2("/proc", MNT_DETACH);
	return r;
}

int sonde_tree_proc(void)
{
	return attach("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

/* What is mounted there, to be put somewhere else; -1: nothing is. */
static int take_mounted(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, 0, 0, &st) < 0 || !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -1;
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

int sonde_tree_sys(void)
{
	static const char *const below[] = { "/sys/fs/cgroup", "/sys/fs/bpf", "/sys/kernel/tracing",
					     "/sys/kernel/debug", "/sys/kernel/security" };
	enum { N = sizeof below / sizeof *below };
	int kept[N], r;

	for (int i = 0; i < N; i++)
		kept[i] = take_mounted(below[i]);
	r = attach("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	for (int i = 0; i < N; i++) {
		if (!r && kept[i] >= 0)
			move_mount(kept[i], "", AT_FDCWD, below[i], MOVE_MOUNT_F_EMPTY_PATH);
		if (kept[i] >= 0)
			close(kept[i]);
	}
	return r;
}
