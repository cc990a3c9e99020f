#include "sys/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_setting(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int put(const struct sonde_sysctl *s)
{
	int fd = open_setting(s->name, O_WRONLY), err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, s->value, strlen(s->value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

void sonde_sysctl_get(const char *name, char *ret, size_t size)
{
	int fd = open_setting(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

int sonde_sysctl_put(const struct sonde_sysctl *s, unsigned n, const struct sonde_sysctl **ret_bad)
{
	for (unsigned i = 0; i < n; i++) {
		int err = put(&s[i]);

		if (err && s[i].what) {
			*ret_bad = &s[i];
			return err;
		}
	}
	return 0;
}
