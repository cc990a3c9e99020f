#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "tests/captures.h"

Suite *evidence_suite(void);

static uint8_t file[8 << 20];
static size_t file_len;
static char buffer[SONDE_WRITER_BUFFER_LEAST];

static int sink(void *arg, const char *at, size_t len)
{
	(void)arg;
	ck_assert_uint_le(len, sizeof file - file_len);
	memcpy(file + file_len, at, len);
	file_len += len;
	return 0;
}

static struct sonde_writer writer;
static struct sonde_text text;

enum { SNAPLEN = 2000 };
static const int64_t clock_offset = 1763700000123456789;

static void write_begin(void)
{
	file_len = 0;
	sonde_text_init(&text, buffer, sizeof buffer, sink, NULL);
	ck_assert_int_eq(sonde_writer_begin(&writer, &text, SNAPLEN, clock_offset, "sonde test"),
			 0);
}

static void put(const struct sonde_item *i, const struct sonde_writer_note *note)
{
	ck_assert_int_eq(sonde_writer_put(&writer, i, note), 0);
}

static void same_bytes(struct sonde_bytes a, struct sonde_bytes b)
{
	ck_assert_uint_eq(a.len, b.len);
	if (a.len)
		ck_assert_mem_eq(a.at, b.at, a.len);
}

/* Every field, those with holes beside them too. */
static void same(const struct sonde_item *a, const struct sonde_item *b)
{
	struct sonde_item x = *a, y = *b;

	ck_assert_int_eq(x.is, y.is);
	if (x.is == SONDE_ITEM_FRAME) {
		same_bytes(x.frame.byte, y.frame.byte);
		x.frame.byte = y.frame.byte = (struct sonde_bytes){ 0 };
		ck_assert_mem_eq(&x.frame, &y.frame, offsetof(struct sonde_frame, fcs) + 1);
		return;
	}
	same_bytes(x.event.text, y.event.text);
	same_bytes(x.event.address, y.event.address);
	x.event.text = x.event.address = y.event.text = y.event.address = (struct sonde_bytes){ 0 };
	ck_assert_mem_eq(&x.event, &y.event, offsetof(struct sonde_event, address));
}

static uint64_t seed = 1;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Zero, small, or anything, about as often. */
static uint64_t any(void)
{
	uint64_t v = random64();

	return v % 3 == 0 ? 0 : v % 3 == 1 ? (v >> 8) % 100 : random64();
}

static uint8_t wild[4096];

static struct sonde_bytes wild_bytes(size_t most)
{
	size_t len = any() % (most + 1);

	return (struct sonde_bytes){ len ? wild + random64() % (sizeof wild - most) : NULL, len };
}

static struct sonde_address wild_address(void)
{
	static const uint16_t families[] = { 0, AF_INET, AF_INET6, AF_INET, AF_INET6, 77 };
	struct sonde_address a;

	memset(&a, 0, sizeof a);
	if (random64() % 3 == 0)
		return a;
	a.family = families[random64() % 6];
	a.port = (uint16_t)any();
	a.scope = random64() % 4 ? 0 : (uint32_t)any();
	for (unsigned i = 0; i < (a.family == AF_INET && random64() % 4 ? 4 : 16); i++)
		a.ip[i] = (uint8_t)any();
	return a;
}

static struct sonde_item wild_event(void)
{
	struct sonde_item i;
	struct sonde_event *e = &i.event;

	memset(&i, 0, sizeof i);
	i.is = SONDE_ITEM_EVENT;
	e->when = any(), e->took = any();
	e->cookie = any(), e->ino = any(), e->ino2 = any(), e->cookie2 = any();
	e->ret = (int64_t)any(), e->bytes = any();
	for (unsigned k = 0; k < 3; k++)
		e->n[k] = any(), e->arg[k] = (int64_t)(any() ^ (random64() % 2 ? UINT64_MAX : 0));
	e->netns = (uint32_t)any(), e->pid = (uint32_t)any(), e->tid = (uint32_t)any();
	e->fd = (int32_t)any() - 1, e->fd2 = (int32_t)any() - 1;
	e->reason = (uint32_t)any();
	e->kind = (uint16_t)(1 + random64() % (SONDE_EVENT_END_ - 1));
	e->flags = (uint16_t)any(), e->cpu = (uint16_t)any();
	e->family = (uint16_t)any(), e->type = (uint16_t)any(), e->protocol = (uint16_t)any();
	e->call = (uint8_t)any(), e->state = (uint8_t)any();
	e->from = (uint8_t)any(), e->to = (uint8_t)any();
	for (uint64_t k = 0, n = any() % 17; k < n; k++)
		e->comm[k] = (char)any();
	e->local = wild_address(), e->remote = wild_address();
	e->address = wild_bytes(110);
	e->text = wild_bytes(random64() % 20 ? 200 : 3000);
	return i;
}

static struct sonde_item wild_frame(void)
{
	struct sonde_item i;
	struct sonde_frame *f = &i.frame;

	memset(&i, 0, sizeof i);
	i.is = SONDE_ITEM_FRAME;
	f->when = any();
	f->byte = wild_bytes(SNAPLEN);
	f->wire = (uint32_t)any();
	f->wire = f->wire > UINT32_MAX - 20 ? 5 : f->wire;
	f->link = f->byte.len > 20 && random64() % 8 == 0 ? 276 : 101;
	f->dir = (uint8_t)(random64() % 3), f->sum = (uint8_t)(random64() % 3);
	f->netns = (uint32_t)any() % 500, f->ifindex = (uint32_t)any() % 5;
	f->cookie = any();
	f->gso_size = (uint16_t)any(), f->gso_segs = (uint16_t)any(), f->cpu = (uint16_t)any();
	f->protocol = f->link == 276 ? 0 : random64() % 3 ? 0x0800 : (uint16_t)any();
	return i;
}

static struct sonde_item wild_item(void)
{
	return random64() % 2 ? wild_event() : wild_frame();
}

enum { ITEMS = 3000 };

static void wild_begin(void)
{
	seed = 88172645463325252;
	for (size_t k = 0; k < sizeof wild; k++)
		wild[k] = (uint8_t)random64();
}

static void every_field_of_items_survives(size_t step)
{
	static const struct sonde_writer_note note = {
		"a\nsentence\x01", "o wner", "tup le", 77, 78, 3, 4, 5
	};
	struct memory m = { file, 0, step };
	struct sonde_item want, got;
	struct sonde_reader *r;

	wild_begin();
	write_begin();
	for (int k = 0; k < ITEMS; k++) {
		want = wild_item();
		put(&want, k % 2 ? &note : NULL);
	}
	ck_assert_int_eq(sonde_writer_end(&writer), 0);
	m.len = file_len;
	r = memory_reader(&m);
	wild_begin();
	for (int k = 0; k < ITEMS; k++) {
		want = wild_item();
		ck_assert_int_eq(sonde_reader_next(r, &got), 1);
		ck_assert(sonde_reader_ours(r));
		same(&want, &got);
	}
	ck_assert_int_eq(sonde_reader_next(r, &got), 0);
	sonde_reader_close(r);
}

START_TEST(what_is_written_is_read_back_in_every_field)
{
	every_field_of_items_survives(0);
}
END_TEST

START_TEST(the_size_of_the_pieces_a_file_comes_in_does_not_matter)
{
	every_field_of_items_survives(1);
	every_field_of_items_survives(4099);
}
END_TEST

/* A run as small as can be, with everything that a file may hold. */
static const uint8_t datagram[] = { 0x45, 0, 0,	 28, 0, 1, 0,  0, 64, 17, 0x66, 0xcf, 10, 0,
				    0,	  2, 10, 0,  0, 1, 16, 0, 0,  80, 0,	8,    0,  0 };

static struct sonde_item run_item(unsigned n)
{
	static const char argv[] = "curl\0-s", sockaddr[16] = { 2, 0, 0, 80, 10, 0, 0, 1 };
	struct sonde_item i = { .is = SONDE_ITEM_EVENT };
	struct sonde_event *e = &i.event;

	*e = (struct sonde_event){ .when = 1000000 + n * 1000, .fd = -1, .fd2 = -1 };
	switch (n) {
	case 0:
		e->kind = SONDE_EVENT_RUN;
		e->n[0] = (uint64_t)clock_offset;
		e->text = (struct sonde_bytes){ (const uint8_t *)argv, sizeof argv };
		break;
	case 1:
		e->kind = SONDE_EVENT_NAME;
		e->netns = 4026531840;
		e->n[1] = 2;
		e->n[2] = 1;
		e->text = (struct sonde_bytes){ (const uint8_t *)"eth7", 4 };
		break;
	case 2:
		e->kind = SONDE_EVENT_CALL;
		e->call = SONDE_CALL_CONNECT;
		e->fd = 4, e->ret = -111, e->took = 12345, e->cpu = 1;
		e->pid = 77, e->tid = 78;
		memcpy(e->comm, "cu rl", 5);
		e->cookie = 1234, e->ino = 34567, e->netns = 4026531840;
		e->family = AF_INET, e->type = 1, e->protocol = 6, e->state = 7;
		e->local = (struct sonde_address){ .family = AF_INET,
						   .port = 45678,
						   .ip = { 10, 0, 0, 2 } };
		e->remote = (struct sonde_address){ .family = AF_INET,
						    .port = 80,
						    .ip = { 10, 0, 0, 1 } };
		e->address = (struct sonde_bytes){ (const uint8_t *)sockaddr, 16 };
		break;
	case 5:
		e->kind = SONDE_EVENT_STATE;
		e->from = 2, e->to = 1, e->cookie = 1234;
		break;
	default:
		i.is = SONDE_ITEM_FRAME;
		i.frame = (struct sonde_frame){ .when = 1000000 + n * 1000,
						.byte = { datagram, sizeof datagram },
						.wire = 1500,
						.link = 101,
						.dir = n == 3 ? SONDE_DIR_OUT : SONDE_DIR_IN,
						.sum = SONDE_SUM_NOT_READY,
						.netns = n == 6 ? 0 : 4026531840,
						.ifindex = n == 6 ? 0 : 2,
						.cookie = 1234,
						.gso_size = n == 4 ? 1448 : 0,
						.gso_segs = n == 4 ? 2 : 0,
						.cpu = 1,
						.protocol = 0x0800 };
	}
	return i;
}

enum { RUN_ITEMS = 7 };

static void write_run(void)
{
	static const struct sonde_writer_note note = {
		.message = "connect to 10.0.0.1:80: refused",
		.comm = "cu rl",
		.how = "cookie",
		.pid = 77,
		.tid = 78,
		.sid = 3,
		.dropped = 2,
	};

	write_begin();
	for (unsigned n = 0; n < RUN_ITEMS; n++) {
		struct sonde_item i = run_item(n);

		put(&i, n == 2 || n == 3 || n == 5 ? &note : NULL);
	}
	ck_assert_int_eq(sonde_writer_end(&writer), 0);
}

static void expect_bytes(const char *what, const void *bytes, size_t len)
{
	ck_assert_msg(memmem(file, file_len, bytes, len) != NULL, "no such bytes: %s", what);
}

/* Numbers as this machine writes them, little-endian. */
#define EXPECT(what, ...)                                                                          \
	expect_bytes(what, (const uint32_t[]){ __VA_ARGS__ }, sizeof(uint32_t[]){ __VA_ARGS__ })

static void expect_text(const char *text_)
{
	expect_bytes(text_, text_, strlen(text_));
}

START_TEST(what_others_read_is_written_as_they_read_it)
{
	static const uint8_t process[] =
		"\x6e\x7f\0\0\3\0\0\0\x14\0\0\0\x4d\0\0\0\2\0\5\0cu rl\0\0\0\0\0\0";
	static const uint8_t cooked[] = { 8, 0, 0, 0, 0, 0, 0, 2, 0, 1,	  4,
					  0, 0, 0, 0, 0, 0, 0, 0, 0, 0x45 };
	uint64_t t = (uint64_t)clock_offset + 1000000;
	uint64_t from = t + 3000, to = t + 4000, two = 2, one = 1, none = 0;

	write_run();
	expect_bytes("process information", process, sizeof process - 1);
	expect_bytes("cooked header", cooked, sizeof cooked);
	EXPECT("epb_processid_threadid", 8 << 16 | 8, 77, 78, 0);
	EXPECT("epb_dropcount", 8 << 16 | 4, 2, 0);
#define HALVES(v) (uint32_t)((v) >> 32), (uint32_t)(v)
#define WHOLE(v)  (uint32_t)(v), (uint32_t)((v) >> 32)
	EXPECT("statistics of eth7", 5, 76, 1, HALVES(to), 8 << 16 | 2, HALVES(from), 8 << 16 | 3,
	       HALVES(to), 8 << 16 | 7, WHOLE(two), 8 << 16 | 8, WHOLE(two), 0, 76);
	from = to = t + 6000;
	EXPECT("statistics of unknown", 5, 76, 0, HALVES(to), 8 << 16 | 2, HALVES(from),
	       8 << 16 | 3, HALVES(to), 8 << 16 | 7, WHOLE(none), 8 << 16 | 8, WHOLE(one), 0, 76);
}
END_TEST

/* Whatever was whole before the cut is what was written; the end is known as a cut. */
START_TEST(every_cut_of_evidence_gives_what_was_whole)
{
	unsigned ends = 0;

	write_run();
	for (size_t cut = 0; cut <= file_len; cut++) {
		uint8_t *part = malloc(cut ? cut : 1);
		struct memory m = { part, cut, 0 };
		struct sonde_reader *r = memory_reader(&m);
		struct sonde_item got, want;
		unsigned n = 0;
		int k;

		memcpy(part, file, cut);
		while ((k = sonde_reader_next(r, &got)) > 0) {
			want = run_item(n++);
			same(&want, &got);
		}
		ck_assert(k == 0 || k == SONDE_CUT);
		ends += k == 0;
		ck_assert(cut < file_len || n == RUN_ITEMS);
		sonde_reader_close(r);
		free(part);
	}
	/* after the section, 2 interfaces, 1 process, 7 items and the statistics of 2 */
	ck_assert_uint_eq(ends, 1 + 2 + 1 + RUN_ITEMS + 2);
}
END_TEST

START_TEST(what_the_file_cannot_hold_is_refused_or_cut_short)
{
	static uint8_t much[SONDE_WRITER_TEXT_MOST + 9];
	struct memory m = { file, 0, 0 };
	struct sonde_item i = run_item(3), got;
	struct sonde_reader *r;

	write_begin();
	i.frame.link = 1;
	ck_assert_int_eq(sonde_writer_put(&writer, &i, NULL), SONDE_UNSUPPORTED);
	i = run_item(5);
	i.event.kind = 0;
	ck_assert_int_eq(sonde_writer_put(&writer, &i, NULL), SONDE_UNSUPPORTED);
	i = run_item(0);
	i.event.text = i.event.address = (struct sonde_bytes){ much, sizeof much };
	put(&i, NULL);
	i = run_item(3);
	i.frame.byte = (struct sonde_bytes){ much, SNAPLEN + 1 };
	put(&i, NULL);
	ck_assert_int_eq(sonde_writer_end(&writer), 0);
	m.len = file_len;
	r = memory_reader(&m);
	ck_assert_int_eq(sonde_reader_next(r, &got), 1);
	ck_assert_uint_eq(got.event.text.len, SONDE_WRITER_TEXT_MOST);
	ck_assert_uint_eq(got.event.address.len, SONDE_WRITER_ADDRESS_MOST);
	ck_assert_int_eq(sonde_reader_next(r, &got), 1);
	ck_assert_uint_eq(got.frame.byte.len, SNAPLEN);
	ck_assert_int_eq(sonde_reader_next(r, &got), 0);
	sonde_reader_close(r);
}
END_TEST

static int full_sink(void *arg, const char *at, size_t len)
{
	(void)arg, (void)at, (void)len;
	return -ENOSPC;
}

START_TEST(a_full_disk_is_told_and_stays_told)
{
	struct sonde_item i = run_item(3);
	int k = 0;

	sonde_text_init(&text, buffer, sizeof buffer, full_sink, NULL);
	ck_assert_int_eq(sonde_writer_begin(&writer, &text, SNAPLEN, 0, "sonde test"), 0);
	for (unsigned n = 0; n < 1000 && !k; n++)
		k = sonde_writer_put(&writer, &i, NULL);
	ck_assert_int_eq(k, -ENOSPC);
	ck_assert_int_eq(sonde_writer_put(&writer, &i, NULL), -ENOSPC);
	ck_assert_int_eq(sonde_writer_end(&writer), -ENOSPC);
}
END_TEST

START_TEST(an_event_without_a_sentence_gets_one)
{
	struct sonde_item i;

	write_begin();
	for (unsigned n = 0; n < RUN_ITEMS; n++) {
		i = run_item(n);
		put(&i, NULL);
	}
	i = run_item(5);
	i.event.kind = SONDE_EVENT_FORK;
	i.event.n[0] = 4711;
	put(&i, NULL);
	ck_assert_int_eq(sonde_writer_end(&writer), 0);
	expect_text("\nMESSAGE=run curl\\x00-s\\x00\n");
	expect_text("\nMESSAGE=name eth7\n");
	expect_text("\nMESSAGE=connect(4) 10.0.0.1:80 = -1 ECONNREFUSED\n");
	expect_text("\nMESSAGE=SYN_SENT -> ESTABLISHED\n");
	expect_text("\nMESSAGE=fork 4711\n");
}
END_TEST

/* A replay knows an event's kind by one word. */
START_TEST(no_word_is_both_a_call_and_an_event)
{
	for (unsigned k = 1; k < SONDE_EVENT_END_; k++) {
		const char *name = sonde_event_name(k);

		ck_assert_uint_eq(sonde_call_find(name, strlen(name)), SONDE_CALL_NONE);
	}
}
END_TEST

START_TEST(an_entry_of_a_later_sonde_or_with_a_bad_value_is_told)
{
	static const struct {
		const char *change, *to;
		int end;
	} facts[] = {
		{ "CODE_FUNC=connect", "CODE_FUNC=cunnect", SONDE_UNSUPPORTED },
		{ "SONDE_TS=1002", "SONDE_TS=1x02", SONDE_DAMAGED },
		{ "SONDE_TYPE=1", "SONDE_TYPE=-", SONDE_DAMAGED },
		{ "SONDE_STATE=7\nS", "SONDE_STATE=777", SONDE_DAMAGED },
		{ "SONDE_LOCAL=10.0", "SONDE_LOCAL=10,0", SONDE_DAMAGED },
		{ "_COMM=cu rl", "_COMM=c\\x0g", SONDE_DAMAGED },
		{ "_PID=77", "_PID=7 ", SONDE_DAMAGED },
	};

	for (unsigned k = 0; k < sizeof facts / sizeof *facts; k++) {
		unsigned items;
		uint64_t block;
		char *at;

		write_run();
		at = memmem(file, file_len, facts[k].change, strlen(facts[k].change));
		ck_assert_ptr_nonnull(at);
		memcpy(at, facts[k].to, strlen(facts[k].to));
		ck_assert_int_eq(memory_end(file, file_len, &items, &block), facts[k].end);
		ck_assert_uint_eq(items, 2);
		ck_assert_uint_eq(block, 5);
	}
}
END_TEST

static char path[] = "/tmp/sonde-evidence-XXXXXX", other[64];

static void save_run(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	write_run();
	ck_assert_int_eq(write(fd, file, file_len), (ssize_t)file_len);
	close(fd);
	snprintf(other, sizeof other, "%s.other", path);
}

static void forget_run(void)
{
	unlink(path);
	unlink(other);
}

/* What the command prints, with the file's name for each %s; its exit status must be 0. */
static const char *printed(const char *command)
{
	static char out[65536];
	char line[512];
	FILE *f;
	size_t n;

	snprintf(line, sizeof line, command, path, other);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(out, 1, sizeof out - 1, f);
	out[n] = 0;
	ck_assert_msg(pclose(f) == 0, "failed: %s", line);
	return out;
}

static bool there(const char *program)
{
	char line[64];

	snprintf(line, sizeof line, "command -v %s >/dev/null", program);
	if (!system(line))
		return true;
	printf("skipped: no %s here\n", program);
	return false;
}

START_TEST(tcpdump_reads_the_packets)
{
	if (!there("tcpdump"))
		return;
	save_run();
	ck_assert_str_eq(printed("TZ=UTC0 tcpdump -ttnr %s 2>/dev/null | sed 's/ [^ ]* "
				 "*\\(In\\|Out\\)/ \\1/'"),
			 "1763700000.124459 Out IP 10.0.0.2.4096 > 10.0.0.1.80: UDP, length 0\n"
			 "1763700000.124460 In  IP 10.0.0.2.4096 > 10.0.0.1.80: UDP, length 0\n"
			 "1763700000.124462 In  IP 10.0.0.2.4096 > 10.0.0.1.80: UDP, length 0\n");
	forget_run();
}
END_TEST

START_TEST(tshark_shows_packets_and_events_in_order_and_filters_them)
{
	if (!there("tshark"))
		return;
	save_run();
	ck_assert_str_eq(printed("tshark -r %s -T fields -e frame.interface_name"
				 " -e systemd_journal.code_func -e udp.dstport "
				 "2>/dev/null"),
			 "\trun\t\n"
			 "\tname\t\n"
			 "\tconnect\t\n"
			 "\t\t\n" /* the process */
			 "eth7\t\t80\n"
			 "eth7\t\t80\n"
			 "\tstate\t\n"
			 "unknown\t\t80\n");
	ck_assert_str_eq(
		printed("tshark -r %s -Y 'systemd_journal.pid==77 && systemd_journal.session_id==3"
			" && systemd_journal.code_func==\"connect\" && systemd_journal.errno==111'"
			" -T fields -e systemd_journal.message -e systemd_journal.comm "
			"2>/dev/null"),
		"connect to 10.0.0.1:80: refused\tcu rl\n");
	ck_assert_str_eq(printed("tshark -r %s -Y 'systemd_journal.pid==77' -T fields"
				 " -e systemd_journal.code_func 2>/dev/null"),
			 "connect\nstate\n");
	ck_assert_str_eq(
		printed("tshark -r %s -Y frame.comment -T fields -e frame.comment 2>/dev/null"),
		"sonde: sid=3 how=cookie pid=77 comm=cu\\x20rl cookie=1234 cpu=1,"
		"connect to 10.0.0.1:80: refused\n"
		"sonde: cookie=1234 gso_size=1448 gso_segs=2 cpu=1\n"
		"sonde: cookie=1234 cpu=1\n");
	ck_assert_str_eq(printed("tshark -r %s -Y frame.packet_flags -T fields"
				 " -e frame.packet_flags -e frame.time_epoch 2>/dev/null"),
			 "0x00000202\t1763700000.124459789\n"
			 "0x00000a01\t1763700000.124460789\n"
			 "0x00000201\t1763700000.124462789\n");
	forget_run();
}
END_TEST

static void other_file_holds_the_run(void)
{
	static uint8_t copy[65536];
	FILE *f = fopen(other, "rb");
	struct memory m = { copy, 0, 0 };
	struct sonde_item got, want;
	struct sonde_reader *r;

	ck_assert_ptr_nonnull(f);
	m.len = fread(copy, 1, sizeof copy, f);
	fclose(f);
	r = memory_reader(&m);
	for (unsigned n = 0; n < RUN_ITEMS; n++) {
		want = run_item(n);
		ck_assert_int_eq(sonde_reader_next(r, &got), 1);
		same(&want, &got);
	}
	ck_assert_int_eq(sonde_reader_next(r, &got), 0);
	sonde_reader_close(r);
	unlink(other);
}

START_TEST(wiresharks_tools_keep_evidence_whole)
{
	static const char *const commands[] = {
		"editcap %s %s 2>/dev/null",
		"tshark -r %s -w %s 2>/dev/null",
		"mergecap %s -w %s 2>/dev/null",
	};

	for (unsigned k = 0; k < 3; k++) {
		if (!there(k == 1 ? "tshark" : k ? "mergecap" : "editcap"))
			continue;
		save_run();
		printed(commands[k]);
		other_file_holds_the_run();
		forget_run();
		memcpy(path + sizeof path - 7, "XXXXXX", 6);
	}
}
END_TEST

Suite *evidence_suite(void)
{
	Suite *s = suite_create("evidence");
	TCase *t = tcase_create("evidence");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_written_is_read_back_in_every_field);
	tcase_add_test(t, the_size_of_the_pieces_a_file_comes_in_does_not_matter);
	tcase_add_test(t, what_others_read_is_written_as_they_read_it);
	tcase_add_test(t, every_cut_of_evidence_gives_what_was_whole);
	tcase_add_test(t, what_the_file_cannot_hold_is_refused_or_cut_short);
	tcase_add_test(t, a_full_disk_is_told_and_stays_told);
	tcase_add_test(t, an_event_without_a_sentence_gets_one);
	tcase_add_test(t, no_word_is_both_a_call_and_an_event);
	tcase_add_test(t, an_entry_of_a_later_sonde_or_with_a_bad_value_is_told);
	tcase_add_test(t, tcpdump_reads_the_packets);
	tcase_add_test(t, tshark_shows_packets_and_events_in_order_and_filters_them);
	tcase_add_test(t, wiresharks_tools_keep_evidence_whole);
	suite_add_tcase(s, t);
	return s;
}
