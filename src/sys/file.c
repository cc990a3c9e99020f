#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int sonde_file_sink(void *arg, const char *at, size_t len)
{
	int fd = *(int *)arg;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t sonde_file_pull(void *arg, void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(*(int *)arg, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int named(const char *name, int standard, int flags)
{
	int fd = strcmp(name, "-") ? open(name, flags | O_CLOEXEC, 0666)
				   : fcntl(standard, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? -errno : fd;
}

int sonde_file_make(const char *name)
{
	return named(name, STDOUT_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
}

int sonde_file_open(const char *name)
{
	return named(name, STDIN_FILENO, O_RDONLY);
}

unsigned sonde_file_width(int fd)
{
	struct winsize size;

	return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

unsigned sonde_file_height(int fd)
{
	struct winsize size;

	return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_row : 0;
}

bool sonde_file_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}
