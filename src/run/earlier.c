#include "run/earlier.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "probe/trace.h"

struct path {
	struct sonde_drift_path path;
	struct sonde_hop_record *hop; /* SONDE_TRACE_MOST of them */
};

struct sonde_earlier {
	struct sonde_arena arena;
	struct path *path;
	unsigned n, room;
};

/* ---- a record, by its columns ---- */

static const char *take_text(struct sonde_arena *a, const json_t *v)
{
	return sonde_arena_string(a, json_string_value(v), json_string_length(v));
}

static bool take_list(struct sonde_arena *a, const json_t *v, struct sonde_list *ret)
{
	size_t n = json_array_size(v);
	const char **at = sonde_arena_take(a, (n + 1) * sizeof *at);

	for (size_t i = 0; i < n; i++) {
		if (!json_is_string(json_array_get(v, i)))
			return false;
		at[i] = take_text(a, json_array_get(v, i));
	}
	*ret = (struct sonde_list){ at, n };
	return json_is_array(v);
}

/* Whether this is a value of that column. */
static bool take_member(struct sonde_arena *a, const struct sonde_column *c, const json_t *v,
			void *record)
{
	char *at = (char *)record + c->at;

	switch (c->kind) {
	case SONDE_COLUMN_UINT:
		*(uint64_t *)(void *)at = (uint64_t)json_integer_value(v);
		return json_is_integer(v) && json_integer_value(v) >= 0;
	case SONDE_COLUMN_BOOL: *(uint8_t *)at = json_is_true(v); return json_is_boolean(v);
	case SONDE_COLUMN_TEXT:
		if (!json_is_string(v))
			return false;
		*(const char **)(void *)at = take_text(a, v);
		return true;
	case SONDE_COLUMN_LIST: return take_list(a, v, (struct sonde_list *)(void *)at);
	}
	return false;
}

/* NULL, or the name of the member that is no such. */
static const char *take_record(struct sonde_arena *a, const struct sonde_schema *s, const json_t *o,
			       void *record)
{
	sonde_record_clear(s, record);
	for (size_t i = 0; i < s->n; i++) {
		const json_t *v = json_object_get(o, s->column[i].name);

		if (v && !json_is_null(v) && !take_member(a, &s->column[i], v, record))
			return s->column[i].name;
	}
	return NULL;
}

/* ---- hops ---- */

/* Hops of a path follow each other. */
static struct path *path_of(struct sonde_earlier *e, const char *target, uint64_t ttl)
{
	struct path *p = e->n ? &e->path[e->n - 1] : NULL;

	if (p && !strcmp(p->hop->target, target) && p->hop[p->path.n - 1].ttl < ttl)
		return p;
	if (e->n == e->room) {
		unsigned more = e->room ? e->room : 16;

		e->path = sonde_arena_grow(&e->arena, e->path, e->n, more, sizeof *e->path);
		e->room += more;
	}
	p = &e->path[e->n++];
	p->hop = sonde_arena_take(&e->arena, SONDE_TRACE_MOST * sizeof *p->hop);
	p->path = (struct sonde_drift_path){ p->hop, 0 };
	return p;
}

/* NULL, or what is wrong with it. */
static const char *take_hop(struct sonde_earlier *e, const json_t *o)
{
	struct sonde_hop_record r;
	const char *wrong = take_record(&e->arena, &sonde_hop_schema, o, &r);
	struct path *p;

	if (wrong)
		return wrong;
	if (!r.target || !r.name || !r.status)
		return !r.target ? "target" : !r.name ? "name" : "status";
	if (!r.from != !r.addresses.n)
		return "addresses";
	if (!r.ttl || r.ttl > SONDE_TRACE_MOST)
		return "ttl";
	p = path_of(e, r.target, r.ttl);
	p->hop[p->path.n++] = r;
	return NULL;
}

static int take_line(struct sonde_earlier *e, const char *line, size_t len, unsigned number,
		     char *why, size_t cap)
{
	json_error_t error;
	json_t *o = json_loadb(line, len, 0, &error);
	const char *record = json_string_value(json_object_get(o, "record")), *wrong = NULL;

	if (!json_is_object(o))
		snprintf(why, cap, "line %u is no JSON object", number);
	else if (record && !strcmp(record, "hop") && (wrong = take_hop(e, o)))
		snprintf(why, cap, "line %u: a hop with no such %s", number, wrong);
	json_decref(o);
	return *why ? SONDE_DAMAGED : 0;
}

int sonde_earlier_read(struct sonde_earlier **ret, int fd, char *why, size_t cap)
{
	struct sonde_earlier *e = calloc(1, sizeof *e);
	FILE *file = fdopen(dup(fd), "r");
	size_t room = 0;
	char *line = NULL;
	ssize_t len;
	int r = e && file ? 0 : -ENOMEM;

	*why = 0;
	for (unsigned number = 1; !r && (len = getline(&line, &room, file)) > 0; number++)
		r = take_line(e, line, (size_t)len, number, why, cap);
	if (!r && ferror(file))
		r = -EIO;
	if (!r && !e->n) {
		snprintf(why, cap, "there is no hop of sonde trace --json in it");
		r = SONDE_DAMAGED;
	}
	free(line);
	if (file)
		fclose(file);
	if (r)
		sonde_earlier_close(e);
	else
		*ret = e;
	return r;
}

struct sonde_earlier *sonde_earlier_close(struct sonde_earlier *e)
{
	if (!e)
		return NULL;
	sonde_arena_done(&e->arena);
	free(e);
	return NULL;
}

const struct sonde_drift_path *sonde_earlier_path(const struct sonde_earlier *e, const char *target,
						  const char *name)
{
	for (unsigned i = 0; i < e->n; i++)
		if (!strcmp(e->path[i].hop->target, target))
			return &e->path[i].path;
	for (unsigned i = 0; i < e->n; i++)
		if (!strcmp(e->path[i].hop->name, name))
			return &e->path[i].path;
	return NULL;
}
