#include "run/labfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

enum { LARGEST = 4 << 20 };

/* All of the file, into the arena. */
static int read_text(struct sonde_arena *a, const char *path, const char **ret, size_t *ret_len)
{
	int fd = sonde_file_open(path);
	size_t len = 0, room = 64 << 10;
	char *text = sonde_arena_take(a, room + 1);
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	while (n > 0 && len <= LARGEST) {
		if (len == room) {
			text = sonde_arena_grow(a, text, len, room + 1, 1);
			room *= 2;
		}
		n = sonde_file_pull(&fd, text + len, room - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	if (n < 0)
		return (int)n;
	if (len > LARGEST)
		return -EFBIG;
	text[len] = 0;
	*ret = text;
	*ret_len = len;
	return 0;
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

static int read_profiles(struct sonde_labfile *f, const char *path,
			 struct sonde_labfile_error *ret_error)
{
	for (unsigned i = 0; i < f->lab.nodes; i++) {
		struct sonde_lab_node *n = &f->lab.node[i];
		const char *from;
		size_t len;
		int r;

		if (!n->profile_file)
			continue;
		from = path_of(&f->arena, path, n->profile_file);
		r = read_text(&f->arena, from, &n->profile, &len);
		if (r)
			return fail(ret_error, from, r, NULL);
		n->profile_line = 1;
	}
	return 0;
}

int sonde_labfile_read(struct sonde_labfile *ret, const char *path,
		       struct sonde_labfile_error *ret_error)
{
	struct sonde_lab_error e = { 0 };
	int r;

	*ret = (struct sonde_labfile){ 0 };
	r = read_text(&ret->arena, path, &ret->text, &ret->len);
	if (r)
		return fail(ret_error, path, r, NULL);
	r = sonde_lab_parse(&ret->lab, &ret->arena, ret->text, ret->len, &e);
	if (!r)
		r = read_profiles(ret, path, ret_error);
	else
		return fail(ret_error, path, r, &e);
	if (r)
		return r;
	r = sonde_lab_plan(&ret->lab, &e);
	return r ? fail(ret_error, path, r, &e) : 0;
}

void sonde_labfile_done(struct sonde_labfile *f)
{
	sonde_arena_done(&f->arena);
}
