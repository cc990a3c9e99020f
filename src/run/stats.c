#include "run/stats.h"

#include "run/stamp.h"

static void say_number(struct sonde_text *t, const char *what, uint64_t v)
{
	sonde_text_print(t, "%-24s%llu\n", what, (unsigned long long)v);
}

/* What is none of it is not worth a line. */
static void say_some(struct sonde_text *t, const char *what, uint64_t v)
{
	if (v && v != UINT64_MAX)
		say_number(t, what, v);
}

static void say_time(struct sonde_text *t, const char *what, sonde_ns when, bool utc)
{
	struct sonde_stamp s = { .form = SONDE_STAMP_DATE, .nano = true, .utc = utc };
	char *o;

	sonde_text_print(t, "%-24s", what);
	o = sonde_stamp_put(&s, sonde_text_room(t, SONDE_STAMP_MAX), when);
	o[-1] = '\n';
	sonde_text_end(t, o);
}

/* v over the time, to two places. */
static void say_rate(struct sonde_text *t, const char *what, uint64_t v, sonde_ns took)
{
	if (took)
		sonde_text_print(t, "%-24s%.2f\n", what, (double)v * 1e9 / (double)took);
}

static void say_text(struct sonde_text *t, const char *what, const char *text)
{
	if (!text || !*text)
		return;
	sonde_text_print(t, "%s", what);
	sonde_text_escape(t, text, strlen(text));
}

static void say_interface(struct sonde_text *t, const struct sonde_facts_interface *i)
{
	sonde_text_print(t, "interface %u: %llu packets, link type %u", i->number,
			 (unsigned long long)i->packets, i->told.link);
	say_text(t, ", ", i->told.name);
	say_text(t, ", ", i->description);
	say_text(t, ", filter ", i->filter);
	say_text(t, ", on ", i->os);
	if (i->told.snaplen)
		sonde_text_print(t, ", at most %u bytes of each", i->told.snaplen);
	if (i->told.dropped != UINT64_MAX)
		sonde_text_print(t, ", %llu dropped", (unsigned long long)i->told.dropped);
	sonde_text_str(t, "\n");
}

static void say_option(struct sonde_text *t, const struct sonde_reader *r, const char *what,
		       unsigned code)
{
	struct sonde_bytes v;

	if (!sonde_reader_section_option(r, code, 0, &v))
		return;
	sonde_text_str(t, what);
	sonde_text_escape(t, v.at, strnlen((const char *)v.at, v.len));
}

void sonde_stats_file(struct sonde_text *t, const char *name, const struct sonde_reader *r)
{
	struct sonde_reader_kind kind = sonde_reader_kind(r);

	sonde_text_print(t, "%-24s", "file");
	sonde_text_escape(t, name, strlen(name));
	if (kind.format)
		sonde_text_print(t, ": %s %u.%u, %s-endian", kind.format, kind.major, kind.minor,
				 kind.big ? "big" : "little");
	if (kind.compression)
		sonde_text_print(t, ", %s", kind.compression);
	sonde_text_print(t, ", %llu bytes%s", (unsigned long long)sonde_reader_place(r).end,
			 kind.compression ? " without that" : "");
	say_option(t, r, ", by ", SONDE_OPTION_SECTION_APP);
	say_option(t, r, ", on ", SONDE_OPTION_SECTION_OS);
	say_option(t, r, ", on ", SONDE_OPTION_SECTION_HARDWARE);
	sonde_text_str(t, "\n");
}

void sonde_stats_print(struct sonde_text *t, const struct sonde_facts *f, bool utc)
{
	sonde_ns took = f->timed ? f->last - f->first : 0;

	say_number(t, "packets", f->packets);
	say_number(t, "bytes", f->bytes);
	say_number(t, "bytes captured", f->captured);
	if (f->cut_most)
		sonde_text_print(t, "%-24s%u to %u bytes\n", "cut packets have", f->cut_least,
				 f->cut_most);
	if (f->timed) {
		say_time(t, "earliest packet", f->first, utc);
		say_time(t, "latest packet", f->last, utc);
		sonde_text_print(t, "%-24s%llu.%09llu\n", "seconds",
				 (unsigned long long)(took / SONDE_SECOND),
				 (unsigned long long)(took % SONDE_SECOND));
	}
	say_rate(t, "packets a second", f->packets, took);
	say_rate(t, "bytes a second", f->bytes, took);
	say_rate(t, "bits a second", 8 * f->bytes, took);
	if (f->packets)
		sonde_text_print(t, "%-24s%.2f\n", "bytes a packet",
				 (double)f->bytes / (double)f->packets);
	sonde_text_print(t, "%-24s%s\n", "in order of time", f->ordered ? "yes" : "no");
	say_some(t, "without a time", f->untimed);
	say_some(t, "with an odd time", f->odd_times);
	say_some(t, "dropped", f->dropped);
	say_some(t, "comments", f->comments);
	say_some(t, "events of programs", f->events);
	say_some(t, "sections", f->sections);
	for (size_t i = 0; i < f->n; i++)
		say_interface(t, &f->interface[i]);
}
