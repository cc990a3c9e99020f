#include "run/script_file.h"

#include <errno.h>
#include <stdio.h>

#include "run/spec.h"

/* The line of the text that holds this place, with a sign below that. */
static void point(struct sonde_text *t, struct sonde_arena *a, const struct sonde_bytes *text,
		  size_t at, unsigned column)
{
	size_t from = at - (column - 1);
	const uint8_t *end = memchr(text->at + from, '\n', text->len - from);
	size_t len = end ? (size_t)(end - text->at) - from : text->len - from;

	sonde_spec_point(t, sonde_arena_string(a, text->at + from, len), column - 1);
}

static void explain(struct sonde_script_end *end, struct sonde_arena *a, const char *file,
		    const struct sonde_bytes *text, const struct sonde_craft_error *e)
{
	struct sonde_text t;
	unsigned line, column;

	sonde_text_init(&t, end->doing, sizeof end->doing, NULL, NULL);
	end->told = true;
	if (e->at == SIZE_MAX) {
		sonde_text_escape(&t, e->nearest, strlen(e->nearest));
		sonde_text_print(&t, ": %s is expected", e->expected);
	} else {
		sonde_script_place((const char *)text->at, text->len, e->at, &line, &column);
		sonde_text_escape(&t, file, strlen(file));
		sonde_text_print(&t, ":%u:%u: expected ", line, column);
		sonde_text_escape(&t, e->expected, strlen(e->expected));
		if (e->nearest) {
			sonde_text_str(&t, "; the nearest name is ");
			sonde_text_escape(&t, e->nearest, strlen(e->nearest));
		}
		point(&t, a, text, e->at, column);
	}
	end->doing[t.len] = 0;
}

/* "name=value" in two. */
static bool part(struct sonde_arena *a, const char *word, struct sonde_script_given *ret)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return false;
	ret->name = sonde_arena_string(a, word, (size_t)(equals - word));
	ret->value = equals + 1;
	return true;
}

int sonde_script_read(struct sonde_script **ret, struct sonde_arena *a,
		      const struct sonde_script_plan *plan, struct sonde_script_end *ret_end)
{
	struct sonde_script_given *given = sonde_arena_take(a, (plan->n + 1) * sizeof *given);
	struct sonde_script_world world = {
		.arg = a, .file = sonde_spec_file, .given = given, .n = plan->n, .seed = plan->seed
	};
	struct sonde_craft_error e = { 0 };
	struct sonde_bytes text;
	int r;

	for (unsigned i = 0; i < plan->n; i++)
		if (!part(a, plan->values[i], &given[i])) {
			ret_end->told = true;
			snprintf(ret_end->doing, sizeof ret_end->doing,
				 "%s: NAME=VALUE is expected", plan->values[i]);
			return -EINVAL;
		}
	snprintf(ret_end->doing, sizeof ret_end->doing, "%s", plan->file);
	r = sonde_spec_bytes(a, plan->file, &text);
	if (r)
		return r;
	r = sonde_script_parse(ret, a, (const char *)text.at, text.len, &world, &e);
	if (r)
		explain(ret_end, a, plan->file, &text, &e);
	return r;
}
