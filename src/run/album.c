#include "run/album.h"

#include <errno.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "sys/holder.h"

/* Bytes that each interface takes at the end of a file, and a frame beside its own. */
enum { STATISTICS = 128, BESIDE = 64 };

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
	memset(a->told, 0, sizeof a->told);
	if (fail(a, sonde_savefile_open(&a->file, &a->format, sonde_rotate_sink, &a->files)))
		return a->error;
	for (size_t i = 0; i < a->interfaces; i++)
		fail(a, sonde_savefile_interface(a->file, &a->interface[i]));
	return fail(a, sonde_savefile_flush(a->file));
}

static int end_file(struct sonde_album *a, sonde_ns now)
{
	for (uint32_t i = 0; i < a->interfaces && !a->error; i++) {
		struct sonde_savefile_statistics s = a->count[i];

		s.began = a->begin;
		s.ended = now;
		fail(a, sonde_savefile_statistics(a->file, i, &s));
	}
	fail(a, sonde_savefile_close(a->file));
	a->file = NULL;
	a->total += a->files.bytes;
	return fail(a, sonde_rotate_finish(&a->files));
}

static int turn(struct sonde_album *a, sonde_ns now)
{
	if (end_file(a, now) || fail(a, sonde_rotate_next(&a->files, (time_t)(now / SONDE_SECOND))))
		return a->error;
	return begin_file(a, now);
}

int sonde_album_open(struct sonde_album *a, const struct sonde_album_plan *plan,
		     const struct sonde_savefile_interface *interface,
		     const struct sonde_savefile_statistics *count, size_t interfaces, sonde_ns now)
{
	const struct sonde_rotate_plan files = {
		.name = plan->name,
		.many = plan->bytes || plan->packets || plan->time,
		/* Times tell files of times apart, if the name has any. */
		.numbered =
			plan->bytes || plan->packets || (plan->time && !strchr(plan->name, '%')),
		.keep = plan->keep,
	};

	*a = (struct sonde_album){
		.plan = *plan,
		.format = sonde_savefile_named(plan->name, "sonde " SONDE_VERSION),
		.interface = interface,
		.count = count,
		.interfaces = interfaces,
		.end = plan->time ? now + plan->time : 0,
	};
	a->format.comment = plan->comment;
	if (fail(a, sonde_rotate_open(&a->files, &files, (time_t)(now / SONDE_SECOND))))
		return a->error;
	a->files.whole = sonde_savefile_whole;
	a->files.arg = &a->format;
	return begin_file(a, now);
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

	return a->packets && ((p->packets && a->packets >= p->packets) ||
			      (p->bytes && sonde_savefile_size(a->file) + f->byte.len + BESIDE +
							   a->interfaces * STATISTICS >
						   p->bytes));
}

int sonde_album_put(struct sonde_album *a, uint32_t interface, const struct sonde_frame *f,
		    const struct sonde_savefile_note *note)
{
	if (a->end && f->when >= a->end)
		sonde_album_pass(a, f->when);
	if ((a->plan.packets || a->plan.bytes) && !a->error && is_full(a, f))
		turn(a, f->when);
	if (a->error)
		return a->error;
	a->packets++;
	return fail(a, sonde_savefile_frame(a->file, interface, f, note));
}

static struct sonde_bytes bytes(const char *s)
{
	return (struct sonde_bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

int sonde_album_tell(struct sonde_album *a, uint32_t pid, const char *comm, const char *path)
{
	uint32_t *told = &a->told[pid % SONDE_ALBUM_TOLD];
	struct sonde_process p = { .pid = pid, .told = true, .ppid = -1, .uid = -1 };
	struct sonde_holder h;

	if (*told == pid || a->error)
		return a->error;
	*told = pid;
	p.name = bytes(comm);
	p.path = bytes(path);
	if (!sonde_holder_read(&h, pid)) {
		p.ppid = h.ppid;
		p.uid = h.uid;
		p.start = h.start;
		p.command = (struct sonde_bytes){ (uint8_t *)h.command, h.command_len };
		p.name = p.name.len ? p.name
				    : (struct sonde_bytes){ (uint8_t *)h.comm,
							    strnlen(h.comm, sizeof h.comm) };
		p.path = *h.path ? bytes(h.path) : p.path;
	}
	return fail(a, sonde_savefile_process(a->file, &p));
}

int sonde_album_flush(struct sonde_album *a, sonde_ns now)
{
	if (a->error || (a->format.packing && now < a->flushed + SONDE_SECOND))
		return a->error;
	a->flushed = now;
	return fail(a, sonde_savefile_flush(a->file));
}

uint64_t sonde_album_bytes(const struct sonde_album *a)
{
	return a->total + (a->file ? sonde_savefile_size(a->file) : 0);
}

int sonde_album_close(struct sonde_album *a, sonde_ns now)
{
	if (a->file)
		end_file(a, now);
	sonde_rotate_close(&a->files);
	return a->error;
}
