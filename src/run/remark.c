#include "run/remark.h"

#include "out/json.h"
#include "run/stamp.h"

static const char *keep(struct sonde_arena *a, struct sonde_bytes from)
{
	return from.len ? sonde_arena_string(a, from.at, from.len) : NULL;
}

/* The arguments, a NUL after each, as one text. */
static const char *keep_command(struct sonde_arena *a, struct sonde_bytes from)
{
	char *text;

	while (from.len && !from.at[from.len - 1])
		from.len--;
	if (!from.len)
		return NULL;
	text = sonde_arena_string(a, from.at, from.len);
	for (size_t i = 0; i < from.len; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

static void take_processes(struct sonde_beside *b, struct sonde_arena *a,
			   const struct sonde_reader *r, unsigned n)
{
	struct sonde_beside_process *all = sonde_arena_take(a, n * sizeof *all);
	struct sonde_process p;
	unsigned i = 0;

	for (; i < n && sonde_reader_process(r, i, &p); i++)
		all[i] = (struct sonde_beside_process){
			.pid = p.pid,
			.tid = p.tid,
			.ppid = p.ppid < 0 ? SONDE_ABSENT : (uint64_t)p.ppid,
			.uid = p.uid < 0 ? SONDE_ABSENT : (uint64_t)p.uid,
			.start = p.start,
			.name = keep(a, p.name),
			.path = keep(a, p.path),
			.cmdline = keep_command(a, p.command),
			.user = keep(a, p.user),
		};
	sonde_beside_processes(b, a, all, i);
}

static void take_comments(struct sonde_beside *b, struct sonde_arena *a,
			  const struct sonde_reader *r, unsigned n)
{
	const char **all = sonde_arena_take(a, n * sizeof *all);
	struct sonde_bytes text;

	b->comment.at = all;
	for (unsigned i = 0; i < n && sonde_reader_option(r, SONDE_OPTION_COMMENT, i, &text); i++)
		all[b->comment.n++] = sonde_arena_string(a, text.at, text.len);
}

void sonde_remark_take(struct sonde_beside *b, struct sonde_arena *a, const struct sonde_reader *r)
{
	const struct sonde_remark *m = sonde_reader_remark(r);
	const struct sonde_interface *i = sonde_reader_interface(r, m->interface);

	b->interface = m->interface;
	if (i && *i->name)
		b->interface_name = i->name;
	if (m->dropped)
		b->dropped = m->dropped;
	if (m->comments)
		take_comments(b, a, r, m->comments);
	if (m->processes)
		take_processes(b, a, r, m->processes);
}

static void put_process(struct sonde_text *t, const struct sonde_beside_process *p)
{
	if (p->name)
		sonde_text_escape(t, p->name, strlen(p->name));
	sonde_text_print(t, "[%llu]", (unsigned long long)p->pid);
}

void sonde_remark_put_processes(struct sonde_text *t, const struct sonde_beside *b)
{
	for (size_t i = 0; i < b->processes; i++) {
		sonde_text_str(t, i ? ", " : "");
		put_process(t, &b->process[i]);
	}
}

static void put_fact(struct sonde_text *t, const char *name, const char *text)
{
	if (!text)
		return;
	sonde_text_str(t, name);
	sonde_text_escape(t, text, strlen(text));
}

static void put_number(struct sonde_text *t, const char *name, uint64_t v)
{
	if (v != SONDE_ABSENT)
		sonde_text_print(t, "%s%llu", name, (unsigned long long)v);
}

void sonde_remark_tree(struct sonde_text *t, const struct sonde_beside *b)
{
	for (size_t i = 0; i < b->comment.n; i++) {
		put_fact(t, "  comment: ", b->comment.at[i]);
		sonde_text_str(t, "\n");
	}
	for (size_t i = 0; i < b->processes; i++) {
		const struct sonde_beside_process *p = &b->process[i];

		sonde_text_str(t, "  process: ");
		put_process(t, p);
		if (p->tid != p->pid)
			put_number(t, ", thread ", p->tid);
		put_fact(t, ", path ", p->path);
		put_fact(t, ", arguments ", p->cmdline);
		put_number(t, ", parent ", p->ppid);
		put_number(t, ", uid ", p->uid);
		put_fact(t, ", user ", p->user);
		sonde_text_str(t, "\n");
	}
}

static void json_text(struct sonde_json *j, const char *key, const char *text)
{
	if (!text)
		return;
	sonde_json_key(j, key);
	sonde_json_string(j, text, strlen(text));
}

static void json_number(struct sonde_json *j, const char *key, uint64_t v)
{
	if (v == SONDE_ABSENT)
		return;
	sonde_json_key(j, key);
	sonde_json_uint(j, v);
}

static void json_process(struct sonde_json *j, const struct sonde_beside_process *p)
{
	struct sonde_stamp stamp = { .utc = true };
	char start[SONDE_STAMP_MAX];

	sonde_json_open(j, '{');
	json_number(j, "pid", p->pid);
	json_number(j, "tid", p->tid);
	json_text(j, "name", p->name);
	json_text(j, "path", p->path);
	json_text(j, "cmdline", p->cmdline);
	json_number(j, "ppid", p->ppid);
	json_number(j, "uid", p->uid);
	json_text(j, "user", p->user);
	if (p->start) {
		*sonde_stamp_put_rfc3339(&stamp, start, p->start) = 0;
		json_text(j, "start", start);
	}
	sonde_json_close(j, '}');
}

void sonde_remark_json(struct sonde_text *t, const struct sonde_beside *b)
{
	struct sonde_json j = { .text = t, .comma = true };

	if (b->comment.n > 1) {
		sonde_json_key(&j, "frame.comments");
		sonde_json_open(&j, '[');
		for (size_t i = 0; i < b->comment.n; i++)
			sonde_json_string(&j, b->comment.at[i], strlen(b->comment.at[i]));
		sonde_json_close(&j, ']');
	}
	if (b->processes) {
		sonde_json_key(&j, "frame.processes");
		sonde_json_open(&j, '[');
		for (size_t i = 0; i < b->processes; i++)
			json_process(&j, &b->process[i]);
		sonde_json_close(&j, ']');
	}
}
