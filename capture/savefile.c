#include "capture/savefile.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/block.h"
#include "capture/process.h"
#include "capture/savefile_inside.h"

enum { STRING_MOST = 4000, TASKS_MOST = 16, OPTIONS_MOST = STRING_MOST + 512 };

struct sonde_savefile_plan sonde_savefile_named(const char *name, const char *app)
{
	static const char *const ends[] = { ".pcap", ".cap", ".dmp" };
	struct sonde_savefile_plan plan = { .app = app };
	size_t len;

	plan.packing = sonde_packing_named(name, &len);
	for (unsigned i = 0; i < 3; i++) {
		size_t n = strlen(ends[i]);

		if (len > n && !memcmp(name + len - n, ends[i], n))
			plan.format = SONDE_SAVEFILE_PCAP;
	}
	return plan;
}

size_t sonde_savefile_whole(const void *plan, uint64_t from, const char *at, size_t len)
{
	const struct sonde_savefile_plan *p = plan;
	bool pcap = p->format == SONDE_SAVEFILE_PCAP;
	size_t n = pcap && !from ? 24 : 0; /* the header of the file */

	if (p->packing)
		return len; /* what can be unpacked of it is said when it is read */
	while (n + 16 <= len) {
		uint32_t size;

		memcpy(&size, at + n + (pcap ? 8 : 4), 4);
		size += pcap ? 16 : 0;
		if (size > len - n)
			break;
		n += size;
	}
	return n <= len ? n : 0;
}

static int put_out(void *arg, const char *at, size_t len)
{
	struct sonde_savefile *s = arg;

	s->size += len;
	return s->sink(s->arg, at, len);
}

int sonde_savefile_open(struct sonde_savefile **ret, const struct sonde_savefile_plan *plan,
			sonde_text_sink sink, void *arg)
{
	struct sonde_savefile *s = calloc(1, sizeof *s);
	int r = 0;

	if (!s || !(s->buffer = malloc(SONDE_SAVEFILE_BUFFER))) {
		free(s);
		return -ENOMEM;
	}
	s->plan = *plan;
	s->sink = sink;
	s->arg = arg;
	if (plan->packing)
		r = sonde_pack_open(&s->pack, plan->packing, put_out, s);
	if (r < 0) {
		free(s->buffer);
		free(s);
		return r;
	}
	sonde_text_init(&s->text, s->buffer, SONDE_SAVEFILE_BUFFER,
			s->pack ? sonde_pack_sink : put_out, s->pack ? (void *)s->pack : s);
	*ret = s;
	return 0;
}

void sonde_savefile_room(struct sonde_savefile *s, size_t len)
{
	if (len < SONDE_SAVEFILE_BUFFER - SONDE_TEXT_SLACK)
		sonde_text_room(&s->text, len);
}

static char *put_string(char *o, uint16_t code, struct sonde_bytes b)
{
	return b.len ? sonde_block_option(o, code, b.at, b.len < STRING_MOST ? b.len : STRING_MOST)
		     : o;
}

static char *put_told(char *o, uint16_t code, const char *string)
{
	return put_string(
		o, code,
		(struct sonde_bytes){ (const uint8_t *)string, string ? strlen(string) : 0 });
}

int sonde_savefile_section(struct sonde_savefile *s, struct sonde_bytes options)
{
	char own[2 * STRING_MOST + 64], *o = own;
	uint32_t total;

	s->n = 0;
	if (s->plan.format == SONDE_SAVEFILE_PCAP)
		return s->text.error;
	s->begun = true;
	if (!options.len) {
		o = put_told(o, SONDE_OPTION_COMMENT, s->plan.comment);
		o = put_told(o, SONDE_OPTION_SECTION_APP, s->plan.app);
		o = sonde_block_put32(o, 0);
		options = (struct sonde_bytes){ (uint8_t *)own, (size_t)(o - own) };
	}
	total = 28 + (uint32_t)options.len;
	sonde_savefile_room(s, total);
	o = sonde_text_room(&s->text, 24);
	o = sonde_block_put32(sonde_block_put32(o, PCAPNG_SECTION), total);
	o = sonde_block_put32(o, PCAPNG_ORDER_MARK);
	o = sonde_block_put16(sonde_block_put16(o, 1), 0);
	o = sonde_block_put64(o, UINT64_MAX); /* length of the section: not known */
	sonde_text_end(&s->text, o);
	sonde_text_bytes(&s->text, options.at, options.len);
	sonde_text_end(&s->text, sonde_block_put32(sonde_text_room(&s->text, 4), total));
	return s->text.error;
}

int sonde_savefile_count(struct sonde_savefile *s, const struct sonde_savefile_place *i)
{
	if (s->n == s->room) {
		uint32_t room = s->room ? s->room * 2 : 8;
		void *more = reallocarray(s->interface, room, sizeof *s->interface);

		if (!more)
			return -ENOMEM;
		s->interface = more;
		s->room = room;
	}
	s->interface[s->n] = *i;
	return (int)s->n++;
}

int sonde_savefile_interface(struct sonde_savefile *s, const struct sonde_savefile_interface *i)
{
	struct sonde_savefile_place place = { i->link, i->fcs, i->unit, i->snaplen };
	int number = sonde_savefile_count(s, &place);
	char *block, *o;

	if (number < 0 || s->plan.format == SONDE_SAVEFILE_PCAP)
		return number < 0 ? number : s->text.error ? s->text.error : number;
	if (!s->begun) {
		sonde_savefile_section(s, (struct sonde_bytes){ 0 });
		s->n = (uint32_t)number + 1;
	}
	o = sonde_block_begin(&s->text, PCAPNG_INTERFACE, &block);
	o = sonde_block_put16(sonde_block_put16(o, i->link), 0);
	o = sonde_block_put32(o, i->snaplen);
	o = put_told(o, SONDE_OPTION_INTERFACE_NAME, i->name);
	o = put_told(o, SONDE_OPTION_INTERFACE_DESCRIPTION, i->description);
	if (i->speed)
		o = sonde_block_count(o, PCAPNG_SPEED, i->speed);
	o = sonde_block_option(o, PCAPNG_TSRESOL, &i->unit, 1);
	if (i->filter) {
		char text[STRING_MOST + 1] = { 0 }; /* the first byte: it is text, no program */
		size_t len = strnlen(i->filter, STRING_MOST);

		memcpy(text + 1, i->filter, len);
		o = sonde_block_option(o, SONDE_OPTION_INTERFACE_FILTER, text, len + 1);
	}
	o = put_told(o, SONDE_OPTION_INTERFACE_OS, i->os);
	if (i->fcs)
		o = sonde_block_option(o, PCAPNG_FCSLEN, &i->fcs, 1);
	sonde_block_end(&s->text, block, sonde_block_put32(o, 0));
	return s->text.error ? s->text.error : number;
}

static uint32_t flags_of(const struct sonde_frame *f)
{
	static const uint32_t dirs[] = { 0, PCAPNG_IN, PCAPNG_OUT };

	return (f->dir <= SONDE_DIR_OUT ? dirs[f->dir] : 0) |
	       (f->sum == SONDE_SUM_NOT_READY ? PCAPNG_SUM_NOT_READY : 0) |
	       (f->sum == SONDE_SUM_VALID ? PCAPNG_SUM_VALID : 0) |
	       (f->gso || f->gso_size ? PCAPNG_SEGMENTED : 0);
}

static char *put_options(char *o, uint32_t flags, const struct sonde_savefile_note *note)
{
	char *begin = o;

	if (flags)
		o = sonde_block_option(o, PCAPNG_FLAGS, &flags, 4);
	o = put_string(o, SONDE_OPTION_COMMENT, note->comment);
	if (note->dropped)
		o = sonde_block_count(o, PCAPNG_DROPCOUNT, note->dropped);
	for (unsigned i = 0; i < note->tasks && i < TASKS_MOST; i++)
		o = sonde_block_option(o, PCAPNG_PROCESSES, &note->task[i], 8);
	return o == begin ? o : sonde_block_put32(o, 0);
}

static void lose(struct sonde_savefile_lost *l, const struct sonde_frame *f,
		 const struct sonde_savefile_note *note)
{
	l->comments += note->comment.len > 0;
	l->directions += f->dir != SONDE_DIR_UNKNOWN;
	l->verdicts += f->sum != SONDE_SUM_UNKNOWN || f->gso || f->gso_size;
	l->drops += note->dropped;
	l->processes += note->tasks > 0;
}

static uint64_t ticks(sonde_ns when, unsigned unit)
{
	for (; unit < 9; unit++)
		when /= 10;
	return when;
}

int sonde_savefile_frame(struct sonde_savefile *s, uint32_t interface, const struct sonde_frame *f,
			 const struct sonde_savefile_note *note)
{
	static const struct sonde_savefile_note nothing;
	uint32_t len = (uint32_t)f->byte.len, fill = -len & 3, total;
	const struct sonde_savefile_place *i = &s->interface[interface];
	char options[OPTIONS_MOST], *end, *o;

	note = note ? note : &nothing;
	if (s->plan.format == SONDE_SAVEFILE_PCAP) {
		lose(&s->lost, f, note);
		return sonde_savefile_record(s, interface, f->when, f->byte, f->wire);
	}
	end = put_options(options, flags_of(f), note);
	total = 32 + len + fill + (uint32_t)(end - options);
	sonde_savefile_room(s, 32 + len + sizeof options + 8);
	o = sonde_text_room(&s->text, 32);
	o = sonde_block_put32(sonde_block_put32(o, PCAPNG_PACKET), total);
	o = sonde_block_put32(o, interface);
	o = sonde_block_time(o, i->unit == 9 ? f->when : ticks(f->when, i->unit));
	o = sonde_block_put32(sonde_block_put32(o, len), f->wire);
	sonde_text_end(&s->text, o);
	sonde_text_bytes(&s->text, f->byte.at, len);
	o = sonde_text_room(&s->text, sizeof options + 8);
	memset(o, 0, 4);
	memcpy(o + fill, options, (size_t)(end - options));
	sonde_text_end(&s->text, sonde_block_put32(o + fill + (end - options), total));
	return s->text.error;
}

/* Numbers of an entry are little-endian. */
static char *put_process_option(char *o, uint16_t code, const void *at, size_t len)
{
	char *head = o;

	o = sonde_block_option(o, code, at, len);
	sonde_block_put16(sonde_block_put16(head, htole16(code)), htole16((uint16_t)len));
	return o;
}

static char *put_process_string(char *o, uint16_t code, struct sonde_bytes b)
{
	return b.len ? put_process_option(o, code, b.at, b.len < STRING_MOST ? b.len : STRING_MOST)
		     : o;
}

static char *put_process(char *o, const struct sonde_process *p)
{
	uint32_t ppid = htole32((uint32_t)p->ppid), uid = htole32((uint32_t)p->uid);
	uint64_t start = htole64(p->start);

	o = put_process_string(o, SONDE_PROCESS_NAME, p->name);
	o = put_process_string(o, SONDE_PROCESS_PATH, p->path);
	o = put_process_string(o, SONDE_PROCESS_COMMAND, p->command);
	if (p->ppid >= 0)
		o = put_process_option(o, SONDE_PROCESS_PARENT, &ppid, 4);
	if (p->uid >= 0)
		o = put_process_option(o, SONDE_PROCESS_UID, &uid, 4);
	o = put_process_string(o, SONDE_PROCESS_USER, p->user);
	o = put_process_string(o, SONDE_PROCESS_UUID, p->uuid);
	if (p->start)
		o = put_process_option(o, SONDE_PROCESS_START, &start, 8);
	return o;
}

int sonde_savefile_process(struct sonde_savefile *s, const struct sonde_process *p)
{
	char *block, *entry, *o;

	if (s->plan.format == SONDE_SAVEFILE_PCAP) {
		s->lost.processes++;
		return s->text.error;
	}
	o = sonde_block_begin(&s->text, PCAPNG_CUSTOM, &block);
	o = sonde_block_put32(o, PCAPNG_WIRESHARK);
	entry = o + 8;
	o = put_process(sonde_block_put32(entry, htole32(p->pid)), p);
	sonde_block_put32(sonde_block_put32(entry - 8, htole32(SONDE_PROCESS_ENTRY)),
			  htole32((uint32_t)(o - entry)));
	sonde_block_end(&s->text, block, o);
	return s->text.error;
}

static char *put_time(char *o, uint16_t code, uint64_t t)
{
	char time[8];

	sonde_block_time(time, t);
	return sonde_block_option(o, code, time, 8);
}

int sonde_savefile_statistics(struct sonde_savefile *s, uint32_t interface,
			      const struct sonde_savefile_statistics *t)
{
	unsigned unit = s->interface[interface].unit;
	const struct {
		uint16_t code;
		uint64_t n;
	} counts[] = { { PCAPNG_RECEIVED, t->received },
		       { PCAPNG_DROPPED, t->dropped },
		       { PCAPNG_DROPPED_BY_OS, t->dropped_by_os },
		       { PCAPNG_DELIVERED, t->delivered } };
	char *block, *o;

	if (s->plan.format == SONDE_SAVEFILE_PCAP) {
		s->lost.statistics++;
		return s->text.error;
	}
	o = sonde_block_begin(&s->text, PCAPNG_STATISTICS, &block);
	o = sonde_block_put32(o, interface);
	o = sonde_block_time(o, ticks(t->ended != UINT64_MAX ? t->ended : 0, unit));
	if (t->began != UINT64_MAX)
		o = put_time(o, PCAPNG_BEGAN, ticks(t->began, unit));
	if (t->ended != UINT64_MAX)
		o = put_time(o, PCAPNG_ENDED, ticks(t->ended, unit));
	for (unsigned i = 0; i < 4; i++)
		if (counts[i].n != UINT64_MAX)
			o = sonde_block_count(o, counts[i].code, counts[i].n);
	sonde_block_end(&s->text, block, sonde_block_put32(o, 0));
	return s->text.error;
}

int sonde_savefile_flush(struct sonde_savefile *s)
{
	if (!sonde_text_flush(&s->text) && s->pack)
		s->text.error = sonde_pack_flush(s->pack);
	return s->text.error;
}

uint64_t sonde_savefile_size(const struct sonde_savefile *s)
{
	return s->size + s->text.len;
}

const struct sonde_savefile_lost *sonde_savefile_lost(const struct sonde_savefile *s)
{
	return &s->lost;
}

/* A file without a frame is a capture as well. */
int sonde_savefile_close(struct sonde_savefile *s)
{
	int r;

	if (!s)
		return 0;
	if (s->plan.format == SONDE_SAVEFILE_PCAP)
		sonde_savefile_record_begin(s, 0);
	else if (!s->begun)
		sonde_savefile_section(s, (struct sonde_bytes){ 0 });
	r = sonde_text_flush(&s->text);
	if (!r && s->pack)
		r = sonde_pack_end(s->pack);
	sonde_pack_close(s->pack);
	free(s->interface);
	free(s->buffer);
	free(s);
	return r;
}
