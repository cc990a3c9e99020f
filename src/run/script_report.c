#include "run/script_report.h"

#include <stdlib.h>

#include "out/json.h"
#include "sys/file.h"

enum { ROOM = 64 << 10 };

void sonde_script_report_open(struct sonde_script_report *r, const struct sonde_script_plan *plan)
{
	*r = (struct sonde_script_report){ .plan = plan, .out = plan->out, .buf = malloc(ROOM) };
	if (!r->buf)
		abort();
	sonde_text_init(&r->text, r->buf, ROOM, sonde_file_sink, &r->out);
	if (plan->form == SONDE_SCRIPT_TAP)
		sonde_text_str(&r->text, "TAP version 13\n");
}

static void say(struct sonde_text *t, const char *text)
{
	sonde_text_escape(t, text, strlen(text));
}

/* The words of a script, in which a backslash is one: in front of those of special, and of itself
 * if it is among them, there is another. */
static void say_source(struct sonde_text *t, const char *text, const char *special)
{
	while (*text) {
		size_t plain = strcspn(text, "\\#");

		sonde_text_escape(t, text, plain);
		text += plain;
		if (!*text)
			break;
		if (strchr(special, *text))
			sonde_text_str(t, "\\");
		sonde_text_bytes(t, text++, 1);
	}
}

static void paint(struct sonde_script_report *r, enum sonde_paint paint)
{
	if (r->plan->palette)
		sonde_text_str(&r->text, r->plan->palette[paint]);
}

static void milliseconds(struct sonde_text *t, uint64_t ns)
{
	sonde_text_print(t, "%llu.%03llu ms", (unsigned long long)(ns / 1000000),
			 (unsigned long long)(ns / 1000 % 1000));
}

/* ---- text ---- */

static void more(struct sonde_script_report *r, const char *what, const char *text)
{
	if (!text)
		return;
	sonde_text_print(&r->text, "                   %s", what);
	say(&r->text, text);
	sonde_text_str(&r->text, "\n");
}

/* "ok          line 12  send ...  (0.041 ms)", and what is wrong below it. */
static void text_point(struct sonde_script_report *r, const struct sonde_script_point *p)
{
	bool ok = !strcmp(p->status, "ok"), bad = !strcmp(p->status, "not ok");

	if (ok && r->plan->quiet)
		return;
	paint(r, ok ? SONDE_PAINT_STATE : bad ? SONDE_PAINT_BAD : SONDE_PAINT_FAINT);
	sonde_text_print(&r->text, "%-11s", p->status);
	paint(r, SONDE_PAINT_PLAIN);
	sonde_text_print(&r->text, " %5llu  ", (unsigned long long)p->line);
	say_source(&r->text, p->text, "");
	if (p->took_ns != SONDE_ABSENT && ok && strcmp(p->kind, "check")) {
		paint(r, SONDE_PAINT_FAINT);
		sonde_text_str(&r->text, "  (");
		milliseconds(&r->text, p->took_ns);
		sonde_text_str(&r->text, ")");
		paint(r, SONDE_PAINT_PLAIN);
	}
	sonde_text_str(&r->text, "\n");
	if (!bad)
		return;
	if (p->passed != SONDE_ABSENT && p->passed)
		sonde_text_print(&r->text, "                   %llu packet%s came, none as said\n",
				 (unsigned long long)p->passed, p->passed == 1 ? "" : "s");
	more(r, "", p->packet);
	more(r, "the nearest: ", p->nearest);
	more(r, "", p->why);
}

static void text_end(struct sonde_script_report *r, const struct sonde_script_record *all)
{
	sonde_text_print(&r->text, "%llu point%s: %llu ok", (unsigned long long)all->points,
			 all->points == 1 ? "" : "s", (unsigned long long)all->ok);
	if (all->failed)
		sonde_text_print(&r->text, ", %llu not ok", (unsigned long long)all->failed);
	if (all->unreached)
		sonde_text_print(&r->text, ", %llu not reached",
				 (unsigned long long)all->unreached);
	sonde_text_str(&r->text, ", in ");
	milliseconds(&r->text, all->took_ns);
	sonde_text_str(&r->text, "\n");
}

/* ---- TAP ---- */

static void member(struct sonde_text *t, const char *name, const char *text)
{
	if (!text)
		return;
	sonde_text_print(t, "  %s: ", name);
	sonde_text_json(t, text, strlen(text)); /* as YAML has it, too */
	sonde_text_str(t, "\n");
}

static void tap_point(struct sonde_script_report *r, const struct sonde_script_point *p)
{
	struct sonde_text *t = &r->text;
	bool bad = !strcmp(p->status, "not ok");

	sonde_text_print(t, "%s %llu - ", bad ? "not ok" : "ok", (unsigned long long)p->n);
	sonde_text_print(t, "line %llu: ", (unsigned long long)p->line);
	say_source(t, p->text, "#\\");
	sonde_text_str(t, !bad && strcmp(p->status, "ok") ? " # SKIP not reached\n" : "\n");
	if (!bad)
		return;
	sonde_text_str(t, "  ---\n");
	member(t, "message", p->why);
	member(t, "packet", p->packet);
	member(t, "nearest", p->nearest);
	if (p->passed != SONDE_ABSENT)
		sonde_text_print(t, "  passed: %llu\n", (unsigned long long)p->passed);
	sonde_text_str(t, "  ...\n");
}

/* ---- all of them ---- */

void sonde_script_report_point(struct sonde_script_report *r, const struct sonde_script_point *p)
{
	switch (r->plan->form) {
	case SONDE_SCRIPT_TEXT: text_point(r, p); break;
	case SONDE_SCRIPT_TAP: tap_point(r, p); break;
	case SONDE_SCRIPT_JSON: sonde_json_record(&r->text, &sonde_script_point_schema, p); break;
	}
	sonde_text_flush(&r->text);
}

int sonde_script_report_end(struct sonde_script_report *r, const struct sonde_script_record *all)
{
	switch (r->plan->form) {
	case SONDE_SCRIPT_TEXT: text_end(r, all); break;
	case SONDE_SCRIPT_TAP:
		sonde_text_print(&r->text, "1..%llu\n", (unsigned long long)all->points);
		break;
	case SONDE_SCRIPT_JSON: sonde_json_record(&r->text, &sonde_script_schema, all); break;
	}
	return sonde_text_flush(&r->text);
}

void sonde_script_report_done(struct sonde_script_report *r)
{
	free(r->buf);
}
