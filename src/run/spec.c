#include "run/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/file.h"

/* The part of a long text that is shown: so many bytes around the place. */
enum { AROUND = 60 };

int sonde_spec_bytes(struct sonde_arena *a, const char *name, struct sonde_bytes *ret)
{
	uint8_t *at = sonde_arena_take(a, SONDE_SPEC_FILE_MOST + 1);
	int fd = sonde_file_open(name);
	ssize_t n = fd < 0 ? fd : 1;
	size_t len = 0;

	while (n > 0 && len <= SONDE_SPEC_FILE_MOST) {
		n = sonde_file_pull(&fd, at + len, SONDE_SPEC_FILE_MOST + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd > STDERR_FILENO)
		close(fd);
	if (n >= 0 && len > SONDE_SPEC_FILE_MOST)
		n = -EFBIG;
	*ret = (struct sonde_bytes){ at, len };
	return n < 0 ? (int)n : 0;
}

bool sonde_spec_file(void *arena, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	int r = sonde_spec_bytes(arena, name, ret);

	if (r)
		*ret_why = sonde_arena_print(arena, "a file that can be read (%s)",
					     sonde_reason_text(r));
	return !r;
}

/* What a terminal shows of it, in columns. */
static size_t columns(const char *at, size_t len)
{
	char buffer[8 * AROUND + SONDE_TEXT_SLACK];
	struct sonde_text t;

	sonde_text_init(&t, buffer, sizeof buffer, NULL, NULL);
	sonde_text_escape(&t, at, len);
	return sonde_text_columns(t.at, t.len);
}

void sonde_spec_point(struct sonde_text *why, const char *text, size_t at)
{
	size_t len = strlen(text), from = at > AROUND ? at - AROUND : 0;
	size_t to = len - at > AROUND ? at + AROUND : len, shift;

	while (from && ((uint8_t)text[from] & 0xc0) == 0x80)
		from--;
	while (to < len && ((uint8_t)text[to] & 0xc0) == 0x80)
		to++;
	sonde_text_str(why, from ? "\n  ..." : "\n  ");
	sonde_text_escape(why, text + from, to - from);
	sonde_text_str(why, to < len ? "...\n  " : "\n  ");
	shift = columns(text + from, at - from) + (from ? 3 : 0);
	while (shift--)
		sonde_text_bytes(why, " ", 1);
	sonde_text_bytes(why, "^", 1);
}

int sonde_spec_read(struct sonde_craft **ret, struct sonde_arena *a, const char *text,
		    struct sonde_text *why)
{
	struct sonde_craft_world world = { .arg = a, .file = sonde_spec_file };
	struct sonde_craft_error e;

	if (sonde_craft_parse(ret, a, text, strlen(text), &world, NULL, &e))
		return 0;
	sonde_text_print(why, "at byte %zu, expected ", e.at + 1);
	sonde_text_str(why, e.expected);
	if (e.nearest) {
		sonde_text_str(why, "; the nearest name is ");
		sonde_text_str(why, e.nearest);
	}
	sonde_spec_point(why, text, e.at);
	return -EINVAL;
}
