#include "run/album.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"

enum { BUFFER = 1 << 20, STATISTICS = 128 /* bytes for each interface at the end of a file */ };

static size_t whole(const void *save, uint64_t from, const char *at, size_t len)
{
	return sonde_save_whole(save, from, at, len);
}

static int fail(struct sonde_album *a, int code)
{
	if (code < 0 && !a->error)
		a->error = code;
	return a->error;
}

static int begin_file(struct sonde_album *a, sonde_ns now)
{
	a->packets = 0;
	a->begin = now;
	a->text.total = 0;
	fail(a, sonde_save_begin(&a->save, &a->text, a->plan.format, "sonde " SONDE_VERSION,
				 a->plan.comment));
	for (size_t i = 0; i < a->interfaces; i++)
		fail(a, sonde_save_add(&a->save, &a->interface[i]));
	return fail(a, sonde_text_flush(&a->text));
}

static int end_file(struct sonde_album *a, sonde_ns now)
{
	for (uint32_t i = 0; i < a->interfaces; i++) {
		struct sonde_save_counts c = a->count[i];

		c.begin = a->begin;
		c.end = now;
		sonde_save_count(&a->save, i, &c);
	}
	fail(a, sonde_text_flush(&a->text));
	a->total += a->files.bytes;
	return fail(a, sonde_rotate_finish(&a->files));
}

static int turn(struct sonde_album *a, sonde_ns now)
{
	if (end_file(a, now))
		return a->error;
	if (fail(a, sonde_rotate_next(&a->files, (time_t)(now / SONDE_SECOND))))
		return a->error;
	return begin_file(a, now);
}

int sonde_album_open(struct sonde_album *a, const struct sonde_album_plan *plan,
		     const struct sonde_save_interface *interface,
		     const struct sonde_save_counts *count, size_t interfaces, sonde_ns now)
{
	const struct sonde_rotate_plan files = {
		.name = plan->name,
		.many = plan->bytes || plan->packets || plan->time,
		/* Times tell files of times apart, if the name has any. */
		.numbered =
			plan->bytes || plan->packets || (plan->time && !strchr(plan->name, '%')),
		.keep = plan->keep,
	};
	char *buffer = malloc(BUFFER);
	int r;

	if (!buffer)
		abort();
	*a = (struct sonde_album){
		.plan = *plan, .interface = interface, .count = count, .interfaces = interfaces
	};
	sonde_text_init(&a->text, buffer, BUFFER, sonde_rotate_sink, &a->files);
	r = sonde_rotate_open(&a->files, &files, (time_t)(now / SONDE_SECOND));
	a->files.whole = whole;
	a->files.arg = &a->save;
	if (plan->time)
		a->end = now + plan->time;
	return fail(a, r) ? a->error : begin_file(a, now);
}

int sonde_album_pass(struct sonde_album *a, sonde_ns now)
{
	sonde_ns at = a->end;

	if (!at || now < at || a->error)
		return a->error;
	/* One file, however many times have passed with the machine asleep. */
	a->end += (now - at) / a->plan.time * a->plan.time + a->plan.time;
	return turn(a, at);
}

static bool is_full(const struct sonde_album *a, const struct sonde_frame *f)
{
	const struct sonde_album_plan *p = &a->plan;
	uint64_t after =
		a->files.bytes + a->text.len + f->byte.len + 64 + a->interfaces * STATISTICS;

	return a->packets &&
	       ((p->packets && a->packets >= p->packets) || (p->bytes && after > p->bytes));
}

int sonde_album_put(struct sonde_album *a, uint32_t interface, const struct sonde_frame *f,
		    const struct sonde_save_note *note)
{
	if (a->end && f->when >= a->end)
		sonde_album_pass(a, f->when);
	if ((a->plan.packets || a->plan.bytes) && is_full(a, f))
		turn(a, f->when);
	if (a->error)
		return a->error;
	a->packets++;
	return sonde_save_put(&a->save, interface, f, note) ? fail(a, a->text.error) : 0;
}

int sonde_album_flush(struct sonde_album *a)
{
	return a->error ? a->error : fail(a, sonde_text_flush(&a->text));
}

uint64_t sonde_album_bytes(const struct sonde_album *a)
{
	return a->total + (a->files.fd < 0 ? 0 : a->files.bytes + a->text.len);
}

int sonde_album_close(struct sonde_album *a, sonde_ns now)
{
	end_file(a, now);
	sonde_rotate_close(&a->files);
	free(a->text.at);
	a->text.at = NULL;
	return a->error;
}
