#include "sys/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int put(const struct sonde_sysctl *s)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof path, "/proc/sys/net/%s", s->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, s->value, strlen(s->value)) < 0)
		err = -errno;
	close(fd);
	return err;
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
