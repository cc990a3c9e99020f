#include "capture/save.h"

#include <endian.h>
#include <sys/utsname.h>

/* draft-ietf-opsawg-pcapng; numbers in the byte order of this machine. */

enum {
	SECTION = 0x0a0d0d0a,
	ORDER_MARK = 0x1a2b3c4d,
	INTERFACE = 1,
	STATISTICS = 5,
	PACKET = 6,
	CUSTOM = 0xbad,
	WIRESHARK = 32622, /* private enterprise number */
	PROCESS = 3,	   /* its entry type for process information */
};

enum { /* epb_flags */
       INBOUND = 1,
       OUTBOUND = 2,
       SUM_NOT_READY = 1 << 9,
       SUM_VALID = 1 << 10,
       SEGMENTED = 1 << 11,
};

enum {
	PCAP_NANOSECONDS = 0xa1b23c4d,
	PCAP_SNAPLEN = 262144,
	STRING_MOST = 4000,
	BLOCK_MOST = 64 << 10,
};

static char *put16(char *o, uint16_t v)
{
	memcpy(o, &v, 2);
	return o + 2;
}

static char *put32(char *o, uint32_t v)
{
	memcpy(o, &v, 4);
	return o + 4;
}

static char *put_time(char *o, sonde_ns t)
{
	return put32(put32(o, (uint32_t)(t >> 32)), (uint32_t)t);
}

static char *put_option(char *o, uint16_t code, const void *at, size_t len)
{
	o = put16(put16(o, code), (uint16_t)len);
	memset(o + (len & ~(size_t)3), 0, 4); /* what fills up the last word */
	memcpy(o, at, len);
	return o + ((len + 3) & ~(size_t)3);
}

static size_t length(const char *s, size_t most)
{
	size_t n = strlen(s);

	return n < most ? n : most;
}

static char *put_string(char *o, uint16_t code, const char *s)
{
	return s ? put_option(o, code, s, length(s, STRING_MOST)) : o;
}

static char *put_count(char *o, uint16_t code, uint64_t v)
{
	return put_option(o, code, &v, 8);
}

static char *block_begin(struct sonde_save *s, uint32_t type, char **ret_block)
{
	*ret_block = sonde_text_room(s->text, BLOCK_MOST);
	return put32(*ret_block, type) + 4;
}

static int block_end(struct sonde_save *s, char *block, char *o)
{
	uint32_t len = (uint32_t)(o - block) + 4;

	put32(block + 4, len);
	sonde_text_end(s->text, put32(o, len));
	return s->text->error;
}

static int write_section(struct sonde_save *s, const char *app, const char *comment)
{
	char os[256], *end, *block, *o = block_begin(s, SECTION, &block);
	struct utsname u;

	o = put32(o, ORDER_MARK);
	o = put16(put16(o, 1), 0);
	o = put32(put32(o, UINT32_MAX), UINT32_MAX); /* length of the section: not known */
	o = put_string(o, 1, comment);
	if (!uname(&u)) {
		end = sonde_put_str(os, u.sysname);
		*end++ = ' ';
		end = sonde_put_str(end, u.release);
		o = put_string(o, 2, u.machine);
		o = put_option(o, 3, os, (size_t)(end - os));
	}
	o = put_string(o, 4, app);
	return block_end(s, block, put32(o, 0));
}

int sonde_save_begin(struct sonde_save *s, struct sonde_text *text, enum sonde_save_format format,
		     const char *app, const char *comment)
{
	*s = (struct sonde_save){ .text = text, .format = (uint8_t)format };
	return format == SONDE_SAVE_PCAP ? 0 : write_section(s, app, comment);
}

static int write_pcap_header(struct sonde_save *s, uint16_t link)
{
	char *o = sonde_text_room(s->text, 24);

	o = put16(put16(put32(o, PCAP_NANOSECONDS), 2), 4);
	o = put32(put32(put32(o, 0), 0), PCAP_SNAPLEN);
	sonde_text_end(s->text, put32(o, link));
	return s->text->error;
}

int sonde_save_add(struct sonde_save *s, const struct sonde_save_interface *i)
{
	static const uint8_t nanoseconds = 9;
	char *block, *o;

	if (s->format == SONDE_SAVE_PCAP)
		return s->interfaces++ ? 0 : write_pcap_header(s, i->link);
	s->interfaces++;
	o = block_begin(s, INTERFACE, &block);
	o = put32(put16(put16(o, i->link), 0), i->snaplen);
	o = put_string(o, 2, i->name);
	o = put_string(o, 3, i->description);
	o = put_option(o, 9, &nanoseconds, 1);
	if (i->filter) { /* behind a byte that says it is text */
		size_t len = length(i->filter, STRING_MOST);
		char *value = o + 4;

		*value = 0;
		memcpy(value + 1, i->filter, len);
		memset(value + 1 + len, 0, 4);
		put16(put16(o, 11), (uint16_t)(len + 1));
		o = value + ((len + 1 + 3) & ~(size_t)3);
	}
	return block_end(s, block, put32(o, 0));
}

/* Little-endian whatever the section is; its length counts from the process number. */
int sonde_save_tell(struct sonde_save *s, const struct sonde_save_process *p)
{
	uint64_t start = htole64(p->start);
	uint32_t number;
	char *block, *entry, *o;

	if (s->format == SONDE_SAVE_PCAP)
		return 0;
	o = block_begin(s, CUSTOM, &block);
	o = put32(put32(o, WIRESHARK), htole32(PROCESS));
	entry = o + 4;
	o = put32(entry, htole32(p->pid));
	o = put_string(o, 2, p->name);
	o = put_string(o, 3, p->path);
	if (p->command.len)
		o = put_option(o, 4, p->command.at,
			       p->command.len < STRING_MOST ? p->command.len : STRING_MOST);
	number = (uint32_t)p->ppid;
	if (p->ppid >= 0)
		o = put_option(o, 5, &number, 4);
	number = (uint32_t)p->uid;
	if (p->uid >= 0)
		o = put_option(o, 6, &number, 4);
	if (p->start)
		o = put_option(o, 9, &start, 8);
	o = put32(o, 0);
	put32(entry - 4, htole32((uint32_t)(o - entry)));
	return block_end(s, block, put32(o, 0));
}

static char *put_options(char *o, const struct sonde_frame *f, const struct sonde_save_note *note)
{
	static const uint16_t dirs[] = { 0, INBOUND, OUTBOUND, 0 };
	static const uint16_t sums[] = { 0, SUM_NOT_READY, SUM_VALID, 0 };
	uint32_t flags = dirs[f->dir & 3] | sums[f->sum & 3] | (f->gso ? SEGMENTED : 0);
	uint32_t task[2] = { note->pid, note->tid ? note->tid : note->pid };
	char *begin = o;

	if (flags)
		o = put32(put16(put16(o, 2), 4), flags);
	if (note->dropped)
		o = put_count(o, 4, note->dropped);
	if (note->pid)
		o = put_option(o, 8, task, 8);
	if (note->comment)
		o = put_option(o, 1, note->comment, length(note->comment, 200));
	return o == begin ? o : put32(o, 0);
}

static int put_pcap(struct sonde_save *s, const struct sonde_frame *f)
{
	uint32_t len = (uint32_t)f->byte.len;
	char *o = sonde_text_room(s->text, 16 + len);

	o = put32(o, (uint32_t)(f->when / SONDE_SECOND));
	o = put32(o, (uint32_t)(f->when % SONDE_SECOND));
	o = put32(put32(o, len), f->wire);
	memcpy(o, f->byte.at, len);
	sonde_text_end(s->text, o + len);
	return s->text->error;
}

int sonde_save_put(struct sonde_save *s, uint32_t interface, const struct sonde_frame *f,
		   const struct sonde_save_note *note)
{
	uint32_t len = (uint32_t)f->byte.len, total;
	char *block, *o;

	if (s->format == SONDE_SAVE_PCAP)
		return put_pcap(s, f);
	block = sonde_text_room(s->text, len + 512);
	o = put_time(put32(block + 8, interface), f->when);
	o = put32(put32(o, len), f->wire);
	memcpy(o, f->byte.at, len);
	o += len;
	memset(o, 0, 4);
	o = put_options(o + (-len & 3), f, note);
	total = (uint32_t)(o - block) + 4;
	put32(put32(block, PACKET), total);
	sonde_text_end(s->text, put32(o, total));
	return s->text->error;
}

int sonde_save_count(struct sonde_save *s, uint32_t interface, const struct sonde_save_counts *c)
{
	char time[8], *block, *o;

	if (s->format == SONDE_SAVE_PCAP)
		return 0;
	o = block_begin(s, STATISTICS, &block);
	o = put_time(put32(o, interface), c->end);
	put_time(time, c->begin);
	o = put_option(o, 2, time, 8);
	put_time(time, c->end);
	o = put_option(o, 3, time, 8);
	o = put_count(o, 4, c->received + c->dropped); /* isb_ifrecv: that passed the filter */
	o = put_count(o, 7, c->dropped);	       /* isb_osdrop */
	o = put_count(o, 8, c->received);	       /* isb_usrdeliv */
	return block_end(s, block, put32(o, 0));
}

size_t sonde_save_whole(const struct sonde_save *s, uint64_t from, const char *at, size_t len)
{
	bool pcap = s->format == SONDE_SAVE_PCAP;
	size_t n = pcap && !from ? 24 : 0; /* the file's header */

	while (n + 12 <= len) {
		uint32_t size;

		memcpy(&size, at + n + (pcap ? 8 : 4), 4);
		size += pcap ? 16 : 0;
		if (size > len - n)
			break;
		n += size;
	}
	return n <= len ? n : 0;
}
