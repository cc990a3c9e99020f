#include "capture/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Where a number goes: in front of ".pcapng", ".pcap.gz", and the like, else at the end. */
static size_t stem(const char *name)
{
	static const char *const suffix[] = { ".gz", ".zst", ".pcapng", ".pcap", ".ntar", ".cap" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		size_t n = strlen(suffix[i]);

		if (len > n && name[len - n - 1] != '/' && !memcmp(name + len - n, suffix[i], n))
			len -= n;
	}
	return len;
}

static int make_name(struct sonde_rotate *r, time_t when)
{
	size_t most = sizeof r->name, len;
	char dated[PATH_MAX];
	struct tm tm;
	int n;

	localtime_r(&when, &tm);
	if (!strftime(dated, sizeof dated, r->plan.name, &tm))
		return -ENAMETOOLONG;
	len = stem(dated);
	if (r->plan.numbered)
		n = snprintf(r->name, most, "%.*s-%05u%s", (int)len, dated, r->number, dated + len);
	else
		n = snprintf(r->name, most, "%s", dated);
	snprintf(r->path, sizeof r->path, "%s%s", r->name, r->plan.many ? ".part" : "");
	return (size_t)n < most ? 0 : -ENAMETOOLONG;
}

static int make_file(struct sonde_rotate *r, time_t when)
{
	int err = make_name(r, when);

	if (err)
		return err;
	r->fd = open(r->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	r->bytes = 0;
	return r->fd < 0 ? -errno : 0;
}

int sonde_rotate_open(struct sonde_rotate *r, const struct sonde_rotate_plan *plan, time_t when)
{
	*r = (struct sonde_rotate){ .plan = *plan, .fd = -1, .number = 1 };
	if (!strcmp(plan->name, "-")) {
		r->plan.many = false;
		r->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return r->fd < 0 ? -errno : 0;
	}
	if (plan->keep && !(r->kept = calloc(plan->keep, sizeof *r->kept)))
		return -ENOMEM;
	return make_file(r, when);
}

/* The one that was written `keep` files ago goes, unless its name was given again since. */
static void remember(struct sonde_rotate *r)
{
	unsigned keep = r->plan.keep;
	char *slot = r->kept[r->number % keep];

	for (unsigned i = 0; i < keep; i++)
		if (!strcmp(r->kept[i], r->name))
			r->kept[i][0] = 0;
	if (*slot)
		unlink(slot);
	memcpy(slot, r->name, sizeof r->name);
}

int sonde_rotate_finish(struct sonde_rotate *r)
{
	int err = 0;

	if (r->fd < 0)
		return 0;
	if (close(r->fd))
		err = -errno;
	r->fd = -1;
	if (!r->plan.many)
		return err;
	if (rename(r->path, r->name) && !err)
		err = -errno;
	if (r->plan.keep)
		remember(r);
	return err;
}

int sonde_rotate_next(struct sonde_rotate *r, time_t when)
{
	r->number++;
	return make_file(r, when);
}

int sonde_rotate_sink(void *rotate, const char *at, size_t len)
{
	struct sonde_rotate *r = rotate;
	uint64_t from = r->bytes;
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(r->fd, at + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;

			if (r->whole)
				r->bytes = from + r->whole(r->arg, from, at, done);
			/* Of a pipe it fails, and nothing can be done there. */
			if (ftruncate(r->fd, (off_t)r->bytes))
				return err;
			return err;
		}
		done += (size_t)n;
		r->bytes = from + done;
	}
	return 0;
}

bool sonde_rotate_allowed(const struct sonde_rotate *r)
{
	const char *slash = strrchr(r->name, '/');
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof folder, "%.*s",
		 slash == r->name ? 1
		 : slash	  ? (int)(slash - r->name)
				  : 1,
		 slash ? r->name : ".");
	return !stat(folder, &st) &&
	       (st.st_uid == geteuid() ? st.st_mode & S_IWUSR : st.st_mode & S_IWOTH);
}

void sonde_rotate_close(struct sonde_rotate *r)
{
	sonde_rotate_finish(r);
	free(r->kept);
	r->kept = NULL;
}
