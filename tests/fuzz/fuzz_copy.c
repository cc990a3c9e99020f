/* Any bytes as a capture file, copied: the copy gives the same items, and a copy of the copy is the
 * copy. As a pcap and merged with itself it can at least be written and read. */
#include <stdio.h>

#include "capture/copy.h"
#include "capture/facts.h"
#include "capture/files.h"
#include "tests/fuzz/captures.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { INPUT_MOST = 64 << 10 };

struct output {
	uint8_t *at;
	size_t len, cap;
};

static int keep(void *arg, const char *at, size_t len)
{
	struct output *o = arg;

	if (o->cap < o->len + len) {
		o->cap = 2 * (o->len + len);
		o->at = realloc(o->at, o->cap);
		if (!o->at)
			abort();
	}
	memcpy(o->at + o->len, at, len);
	o->len += len;
	return 0;
}

static void expect(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* times files of the same bytes into one. */
static struct output copy(const uint8_t *at, size_t len, const char *name, unsigned times)
{
	struct sonde_savefile_plan plan = sonde_savefile_named(name, NULL);
	struct input in[2] = { { at, len }, { at, len } };
	struct output o = { 0 };
	struct sonde_savefile *to;
	struct sonde_files *files;
	struct sonde_copy *c;
	struct sonde_item item;
	unsigned from;
	int k = 0;

	expect(!sonde_savefile_open(&to, &plan, keep, &o) && !sonde_copy_open(&c, to) &&
		       !sonde_files_open(&files),
	       "open");
	for (unsigned i = 0; i < times; i++) {
		struct sonde_reader *r = input_reader(&in[i]);

		expect(sonde_copy_from(c, r) == (int)i && sonde_files_add(files, r) == (int)i,
		       "from");
	}
	while (!k && sonde_files_next(files, &item, &from))
		k = sonde_copy_item(c, from, &item);
	expect(k == 0 || k == SONDE_ONE_LINK, "an item could not be copied");
	sonde_copy_close(c);
	expect(!sonde_savefile_close(to), "close");
	sonde_files_close(files);
	return o;
}

static void same_bytes(struct sonde_bytes a, struct sonde_bytes b)
{
	expect(a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len)), "other bytes");
}

static void same_frame(struct sonde_reader *x, struct sonde_reader *y, const struct sonde_frame *a,
		       const struct sonde_frame *b)
{
	const struct sonde_remark *m = sonde_reader_remark(x), *n = sonde_reader_remark(y);

	same_bytes(a->byte, b->byte);
	same_bytes(m->comment, n->comment);
	expect(a->when == b->when && a->wire == b->wire && a->link == b->link && a->dir == b->dir &&
		       a->sum == b->sum && a->gso == b->gso && a->cookie == b->cookie,
	       "another frame");
	expect(m->comments == n->comments && m->dropped == n->dropped &&
		       m->processes == n->processes && m->interface == n->interface &&
		       m->pid == n->pid,
	       "other remarks");
}

/* Whole files may hold what a copy leaves out; items are what it keeps. */
static void same(const uint8_t *at, size_t len, const struct output *o)
{
	struct input one = { at, len }, two = { o->at, o->len };
	struct sonde_reader *x = input_reader(&one), *y = input_reader(&two);
	struct sonde_item a, b;

	while (sonde_reader_next(x, &a) > 0) {
		expect(sonde_reader_next(y, &b) == 1, "the copy ends early");
		expect(a.is == b.is && sonde_reader_ours(x) == sonde_reader_ours(y),
		       "another item");
		if (a.is == SONDE_ITEM_FRAME)
			same_frame(x, y, &a.frame, &b.frame);
		else
			same_bytes(a.event.text, b.event.text);
	}
	expect(sonde_reader_next(y, &b) == 0, "the copy does not end well");
	sonde_reader_close(x);
	sonde_reader_close(y);
}

static uint64_t count(const uint8_t *at, size_t len)
{
	struct input in = { at, len };
	struct sonde_reader *r = input_reader(&in);
	struct sonde_facts facts;
	struct sonde_item item;
	uint64_t n;

	sonde_facts_init(&facts);
	sonde_facts_from(&facts, r);
	while (sonde_reader_next(r, &item) > 0)
		sonde_facts_hear(&facts, 0, &item);
	sonde_facts_end(&facts);
	n = facts.packets;
	sonde_facts_done(&facts);
	sonde_reader_close(r);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct output first, again, pcap, twice;

	if (len > INPUT_MOST || (len >= 4 && sonde_packing_of(at)))
		return 0;
	first = copy(at, len, "x.pcapng", 1);
	same(at, len, &first);
	again = copy(first.at, first.len, "x.pcapng", 1);
	expect(first.len == again.len && !memcmp(first.at, again.at, first.len),
	       "a copy of the copy is another");
	free(first.at);
	free(again.at);
	if (len % 4 == 1) { /* not each time: allocating costs more than copying */
		pcap = copy(at, len, "x.pcap", 1);
		expect(count(pcap.at, pcap.len) <= count(at, len), "a pcap has more packets");
		free(pcap.at);
	} else if (len % 4 == 2) {
		twice = copy(at, len, "x.pcapng", 2);
		expect(count(twice.at, twice.len) == 2 * count(at, len),
		       "two files are not twice one");
		free(twice.at);
	}
	return 0;
}
