#include "run/labfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/sim.h"
#include "sys/file.h"

enum { LARGEST = 4 << 20 };

/* All of an open file, into the arena. */
static int read_all(struct sonde_arena *a, int fd, const char **ret, size_t *ret_len)
{
	size_t len = 0, room = 64 << 10;
	char *text = sonde_arena_take(a, room + 1);
	ssize_t n = 1;

	while (n > 0 && len <= LARGEST) {
		if (len == room) {
			text = sonde_arena_grow(a, text, len, room + 1, 1);
			room *= 2;
		}
		n = sonde_file_pull(&fd, text + len, room - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return (int)n;
	if (len > LARGEST)
		return -EFBIG;
	text[len] = 0;
	*ret = text;
	*ret_len = len;
	return 0;
}

static int read_text(struct sonde_arena *a, const char *path, const char **ret, size_t *ret_len)
{
	int fd = sonde_file_open(path), r;

	if (fd < 0)
		return fd;
	r = read_all(a, fd, ret, ret_len);
	if (fd != STDIN_FILENO)
		close(fd);
	return r;
}

static int fail(struct sonde_labfile_error *ret, const char *file, int code,
		const struct sonde_lab_error *e)
{
	snprintf(ret->file, sizeof ret->file, "%s", file);
	ret->line = e ? e->line : 0;
	snprintf(ret->text, sizeof ret->text, "%s", e ? e->text : "");
	return code;
}

/* Beside the description, unless the name begins at the root. */
static const char *path_of(struct sonde_arena *a, const char *description, const char *name)
{
	const char *slash = strrchr(description, '/');

	if (*name == '/' || !slash)
		return name;
	return sonde_arena_print(a, "%.*s%s", (int)(slash - description + 1), description, name);
}

/* Planning would find what is wrong in one, but not say in which file. */
static int read_profiles(struct sonde_labfile *f, const char *path,
			 struct sonde_labfile_error *ret_error)
{
	for (unsigned i = 0; i < f->lab.nodes; i++) {
		struct sonde_lab_node *n = &f->lab.node[i];
		struct sonde_sim_profile sim;
		struct sonde_lab_error e;
		const char *from;
		size_t len;
		int r;

		if (!n->profile_file)
			continue;
		from = path_of(&f->arena, path, n->profile_file);
		r = read_text(&f->arena, from, &n->profile, &len);
		if (r)
			return fail(ret_error, from, r, NULL);
		r = sonde_sim_parse(&sim, &f->arena, n->profile, n->profile_line, &e);
		if (r)
			return fail(ret_error, from, r, &e);
	}
	return 0;
}

static int parse(struct sonde_labfile *f, const char *path, const char *text, size_t len,
		 struct sonde_labfile_error *ret_error)
{
	struct sonde_lab_error e = { 0 };
	int r = sonde_lab_parse(&f->lab, &f->arena, text, len, &e);

	return r ? fail(ret_error, path, r, &e) : 0;
}

/* Others may ask for it while the file changes. */
static int keep_source(struct sonde_labfile *f, const char *text, size_t len)
{
	f->source = memfd_create("description", MFD_CLOEXEC);
	return f->source < 0 ? -errno : sonde_file_sink(&f->source, text, len);
}

int sonde_labfile_read(struct sonde_labfile *ret, const char *path,
		       struct sonde_labfile_error *ret_error)
{
	struct sonde_lab_error e = { 0 };
	const char *text;
	size_t len;
	int r;

	*ret = (struct sonde_labfile){ .source = -1 };
	r = read_text(&ret->arena, path, &text, &len);
	if (!r)
		r = keep_source(ret, text, len);
	if (r)
		return fail(ret_error, path, r, NULL);
	r = parse(ret, path, text, len, ret_error);
	if (!r)
		r = read_profiles(ret, path, ret_error);
	if (r)
		return r;
	r = sonde_lab_plan(&ret->lab, &e);
	return r ? fail(ret_error, path, r, &e) : 0;
}

int sonde_labfile_names(struct sonde_labfile *ret, int source,
			struct sonde_labfile_error *ret_error)
{
	struct stat st = { 0 };
	char *text;
	ssize_t n;

	*ret = (struct sonde_labfile){ .source = -1 };
	fstat(source, &st);
	text = sonde_arena_take(&ret->arena, (size_t)st.st_size + 1);
	n = pread(source, text, (size_t)st.st_size, 0); /* whose place in it others share */
	if (n < 0)
		return fail(ret_error, "the description", -errno, NULL);
	return parse(ret, "the description", text, (size_t)n, ret_error);
}

void sonde_labfile_done(struct sonde_labfile *f)
{
	if (f->source >= 0)
		close(f->source);
	f->source = -1;
	sonde_arena_done(&f->arena);
}
