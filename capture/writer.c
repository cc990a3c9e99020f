#include "capture/writer.h"

#include <endian.h>
#include <sys/utsname.h>

#include "base/reason.h"
#include "capture/block.h"
#include "capture/escape.h"
#include "capture/journal.h"
#include "capture/process.h"
#include "capture/words.h"

enum {
	COOKED = 276,
	COOKED_SIZE = 20,
	RAW = 101,
	ARPHRD_NONE = 0xfffe,
	NAME_MOST = 255,
	MESSAGE_MOST = 1000
};

struct sonde_writer_slot {
	uint64_t key;
	bool used;
	bool written;	  /* its block is in the file */
	uint16_t hatype;  /* ARPHRD_ */
	uint32_t number;  /* of the interface block */
	const char *name; /* interface, in the arena; NULL: not told */
	char comm[16];	  /* process: as last written */
	uint64_t frames, dropped;
	sonde_ns first, last; /* since 1970 */
};

static size_t hash(uint64_t key, size_t room)
{
	return (key * 0x9e3779b97f4a7c15 >> 32) & (room - 1);
}

static struct sonde_writer_slot *probe(struct sonde_writer_table *t, uint64_t key)
{
	size_t i = hash(key, t->room);

	while (t->slot[i].used && t->slot[i].key != key)
		i = (i + 1) & (t->room - 1);
	return &t->slot[i];
}

/* The slot of key, made if there is none. Valid until the next slot is made. */
static struct sonde_writer_slot *find(struct sonde_writer *w, struct sonde_writer_table *t,
				      uint64_t key)
{
	struct sonde_writer_slot *s;

	if (t->n * 2 >= t->room) {
		struct sonde_writer_table more = { .n = t->n, .room = t->room ? t->room * 2 : 64 };

		more.slot = sonde_arena_take(&w->arena, more.room * sizeof *more.slot);
		for (size_t i = 0; i < t->room; i++)
			if (t->slot[i].used)
				*probe(&more, t->slot[i].key) = t->slot[i];
		*t = more;
	}
	s = probe(t, key);
	if (!s->used) {
		*s = (struct sonde_writer_slot){ .key = key, .used = true, .hatype = ARPHRD_NONE };
		t->n++;
	}
	return s;
}

static uint64_t key_of(uint32_t netns, uint32_t ifindex)
{
	return (uint64_t)netns << 32 | ifindex;
}

static void write_interface(struct sonde_writer *w, struct sonde_writer_slot *s)
{
	static const uint8_t nanoseconds = 9;
	char words[SONDE_WORDS_MOST], *block;
	char *o = sonde_block_begin(w->text, PCAPNG_INTERFACE, &block);
	char *end = sonde_words_interface_put(words, (uint32_t)(s->key >> 32), (uint32_t)s->key,
					      w->clock);

	o = sonde_block_put16(sonde_block_put16(o, COOKED), 0);
	o = sonde_block_put32(o, w->snaplen + COOKED_SIZE);
	if (s->name)
		o = sonde_block_string(o, 2, s->name);
	o = sonde_block_option(o, 3, words, (size_t)(end - words));
	o = sonde_block_option(o, 9, &nanoseconds, 1);
	o = sonde_block_put32(o, 0);
	sonde_block_end(w->text, block, o);
	s->number = w->interfaces++;
	s->written = true;
}

static void write_first_interface(struct sonde_writer *w)
{
	struct sonde_writer_slot *s = find(w, &w->interface, key_of(0, 0));

	s->name = "unknown";
	write_interface(w, s);
}

int sonde_writer_begin(struct sonde_writer *w, struct sonde_text *text, uint32_t snaplen,
		       int64_t clock, const char *app)
{
	struct utsname u;
	char os[256], *o, *end, *block;

	if (!snaplen || snaplen > SONDE_WRITER_SNAPLEN_MOST)
		snaplen = SONDE_WRITER_SNAPLEN_MOST;
	*w = (struct sonde_writer){ .text = text, .clock = clock, .snaplen = snaplen };
	o = sonde_block_begin(w->text, PCAPNG_SECTION, &block);
	o = sonde_block_put32(o, PCAPNG_ORDER_MARK);
	o = sonde_block_put16(sonde_block_put16(o, 1), 0);
	o = sonde_block_put32(sonde_block_put32(o, UINT32_MAX),
			      UINT32_MAX); /* length of the section: not known */
	if (!uname(&u)) {
		end = sonde_put_str(os, u.sysname);
		*end++ = ' ';
		end = sonde_put_str(end, u.release);
		o = sonde_block_string(o, 2, u.machine);
		o = sonde_block_option(o, 3, os, (size_t)(end - os));
	}
	o = sonde_block_string(o, 4, app);
	o = sonde_block_put32(o, 0);
	sonde_block_end(w->text, block, o);
	write_first_interface(w);
	return text->error;
}

/* Wireshark's process information: an entry of a custom block, little-endian whatever the section
 * is. Its length counts from the process number. */
static void write_process(struct sonde_writer *w, uint32_t pid, const char *comm)
{
	char *block, *o = sonde_block_begin(w->text, PCAPNG_CUSTOM, &block), *entry, *name;

	o = sonde_block_put32(o, PCAPNG_WIRESHARK);
	o = sonde_block_put32(o, htole32(SONDE_PROCESS_ENTRY));
	entry = sonde_block_put32(o, 0);
	o = sonde_block_put32(entry, htole32(pid));
	name = sonde_block_put32(o, 0);
	o = sonde_escape_put(name, (const uint8_t *)comm, strnlen(comm, 16), 0x20);
	sonde_block_put16(sonde_block_put16(name - 4, htole16(2)), htole16((uint16_t)(o - name)));
	while ((o - block) & 3)
		*o++ = 0;
	o = sonde_block_put32(o, 0);
	sonde_block_put32(entry - 4, htole32((uint32_t)(o - entry)));
	sonde_block_end(w->text, block, o);
}

/* LINKTYPE_LINUX_SLL2. Returns whether the protocol is a guess. */
static bool dress(char *o, const struct sonde_frame *f, uint16_t hatype)
{
	uint16_t nibble = f->byte.len ? f->byte.at[0] >> 4 : 0;
	uint16_t guess = nibble == 4 ? 0x0800 : nibble == 6 ? 0x86dd : 0;
	uint8_t *h = (uint8_t *)o;

	memset(h, 0, COOKED_SIZE);
	sonde_store(h, 2, f->protocol ? f->protocol : guess);
	sonde_store(h + 4, 4, f->ifindex);
	sonde_store(h + 8, 2, hatype);
	h[10] = f->dir == SONDE_DIR_OUT ? 4 : 0; /* sent by us, to us */
	return !f->protocol && guess;
}

static char *put_options(char *o, const struct sonde_frame *f, const struct sonde_writer_note *note,
			 bool guessed)
{
	static const uint32_t dirs[] = { 0, PCAPNG_IN, PCAPNG_OUT };
	char words[SONDE_WORDS_MOST];
	char *begin = o, *end = sonde_words_frame_put(words, f, note, guessed);
	uint32_t flags = (f->dir <= SONDE_DIR_OUT ? dirs[f->dir] : 0) |
			 (f->sum == SONDE_SUM_NOT_READY ? PCAPNG_SUM_NOT_READY : 0) |
			 (f->sum == SONDE_SUM_VALID ? PCAPNG_SUM_VALID : 0) |
			 (f->gso || f->gso_size ? PCAPNG_SEGMENTED : 0);
	uint32_t task[2] = { note->pid, note->tid ? note->tid : note->pid };

	if (flags)
		o = sonde_block_option(o, 2, &flags, 4);
	if (end != words)
		o = sonde_block_option(o, 1, words, (size_t)(end - words));
	if (note->message)
		o = sonde_block_option(o, 1, note->message, strnlen(note->message, MESSAGE_MOST));
	if (note->dropped)
		o = sonde_block_count(o, 4, note->dropped);
	if (note->pid)
		o = sonde_block_option(o, 8, task, 8);
	return o == begin ? o : sonde_block_put32(o, 0);
}

static struct sonde_writer_slot *interface_of(struct sonde_writer *w, const struct sonde_frame *f)
{
	struct sonde_writer_slot *s = find(w, &w->interface, key_of(f->netns, f->ifindex));

	if (!s->written)
		write_interface(w, s);
	return s;
}

static void write_frame(struct sonde_writer *w, const struct sonde_frame *f,
			const struct sonde_writer_note *note)
{
	struct sonde_writer_slot *s = interface_of(w, f);
	char cooked[COOKED_SIZE], options[SONDE_WORDS_MOST + MESSAGE_MOST + 128], *o, *end;
	bool raw = f->link == RAW, guessed = raw && dress(cooked, f, s->hatype);
	uint32_t extra = raw ? COOKED_SIZE : 0, most = w->snaplen + COOKED_SIZE - extra;
	uint32_t len = f->byte.len < most ? (uint32_t)f->byte.len : most, fill = -len & 3;
	sonde_ns t = f->when + (uint64_t)w->clock;
	uint32_t total;

	end = put_options(options, f, note, guessed);
	total = 32 + extra + len + fill + (uint32_t)(end - options);
	o = sonde_text_room(w->text, 64);
	o = sonde_block_put32(sonde_block_put32(sonde_block_put32(o, PCAPNG_PACKET), total),
			      s->number);
	o = sonde_block_time(o, t);
	o = sonde_block_put32(sonde_block_put32(o, extra + len),
			      f->wire < UINT32_MAX - extra ? f->wire + extra : UINT32_MAX);
	memcpy(o, cooked, extra);
	sonde_text_end(w->text, o + extra);
	sonde_text_bytes(w->text, f->byte.at, len);
	o = sonde_text_room(w->text, sizeof options + 8);
	memset(o, 0, 4);
	memcpy(o + fill, options, (size_t)(end - options));
	sonde_text_end(w->text, sonde_block_put32(o + fill + (end - options), total));

	s->first = s->frames++ ? s->first : t;
	s->last = t;
	s->dropped += note->dropped;
}

static void learn_name(struct sonde_writer *w, const struct sonde_event *e)
{
	struct sonde_writer_slot *s;

	if (e->n[1] - 1 >= UINT32_MAX) /* 0: of a namespace */
		return;
	s = find(w, &w->interface, key_of(e->netns, (uint32_t)e->n[1]));
	s->name = sonde_arena_string(&w->arena, (const char *)e->text.at,
				     e->text.len < NAME_MOST ? e->text.len : NAME_MOST);
	s->hatype = (uint16_t)e->n[2];
}

int sonde_writer_put(struct sonde_writer *w, const struct sonde_item *item,
		     const struct sonde_writer_note *note)
{
	static const struct sonde_writer_note nothing;
	const struct sonde_frame *f = &item->frame;
	struct sonde_writer_slot *s;

	note = note ? note : &nothing;
	if (item->is == SONDE_ITEM_EVENT) {
		if (!item->event.kind || item->event.kind >= SONDE_EVENT_END_)
			return SONDE_UNSUPPORTED;
		if (item->event.kind == SONDE_EVENT_NAME)
			learn_name(w, &item->event);
		sonde_journal_write(w->text, &item->event, note, w->clock);
		return w->text->error;
	}
	if (f->link != RAW && f->link != COOKED)
		return SONDE_UNSUPPORTED;
	if (note->pid && note->comm) {
		s = find(w, &w->process, note->pid);
		if (!s->written || strncmp(s->comm, note->comm, sizeof s->comm)) {
			memset(s->comm, 0, sizeof s->comm);
			memcpy(s->comm, note->comm, strnlen(note->comm, sizeof s->comm));
			s->written = true;
			write_process(w, note->pid, note->comm);
		}
	}
	write_frame(w, f, note);
	return w->text->error;
}

static void write_statistics(struct sonde_writer *w, const struct sonde_writer_slot *s)
{
	char time[8], *block, *o = sonde_block_begin(w->text, PCAPNG_STATISTICS, &block);

	o = sonde_block_put32(o, s->number);
	o = sonde_block_time(o, s->last);
	sonde_block_time(time, s->first);
	o = sonde_block_option(o, 2, time, 8);
	sonde_block_time(time, s->last);
	o = sonde_block_option(o, 3, time, 8);
	o = sonde_block_count(o, 7, s->dropped); /* isb_osdrop */
	o = sonde_block_count(o, 8, s->frames);	 /* isb_usrdeliv */
	o = sonde_block_put32(o, 0);
	sonde_block_end(w->text, block, o);
}

int sonde_writer_end(struct sonde_writer *w)
{
	for (size_t i = 0; i < w->interface.room; i++)
		if (w->interface.slot[i].frames)
			write_statistics(w, &w->interface.slot[i]);
	sonde_arena_done(&w->arena);
	return sonde_text_flush(w->text);
}
