/* Captures made by others, whose truth is known: pcapng-test-generator's, and those with processes.
 */
#include <check.h>

#include "base/reason.h"
#include "capture/pcapng.h"
#include "capture/state.h"
#include "tests/captures.h"
#include "tests/corpus.h"

Suite *pcapng_suite(void);

/* Blocks as the truth beside each file names them. */
static const struct {
	const char *name;
	uint32_t type;
} kinds[] = {
	{ "CB", PCAPNG_CUSTOM },     { "DCB", PCAPNG_CUSTOM_PRIVATE }, { "EPB", PCAPNG_PACKET },
	{ "IDB", PCAPNG_INTERFACE }, { "ISB", PCAPNG_STATISTICS },     { "NRB", PCAPNG_NAMES },
	{ "SHB", PCAPNG_SECTION },   { "SPB", PCAPNG_SIMPLE_PACKET },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *name_of(uint32_t type)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (kinds[i].type == type)
			return kinds[i].name;
	return "?";
}

static char sequence[4096];

static void add(uint32_t type)
{
	if (*sequence)
		strcat(sequence, ", ");
	strcat(sequence, name_of(type));
}

static int hear(void *arg, uint32_t type, struct sonde_bytes whole)
{
	(void)arg;
	ck_assert_uint_ge(whole.len, 12);
	add(type);
	return 0;
}

static unsigned truths;

static void is_as_its_truth(const struct corpus_file *f)
{
	struct sonde_listener listener = { .hear = hear };
	struct memory m = { f->at, f->len, 0 };
	struct sonde_reader *r;
	struct corpus_file text;
	struct sonde_item item;
	char path[1024], *want;
	int k;

	snprintf(path, sizeof path, "%s", f->path);
	if (!strstr(path, "/pcapng/output_"))
		return;
	strcpy(strstr(path, ".pcapng"), ".txt");
	text = corpus_file(path);
	text.at = realloc(text.at, text.len + 1);
	text.at[text.len] = 0;
	want = strstr((char *)text.at, "Block sequence: ");
	ck_assert_ptr_nonnull(want);
	want += 16;
	want[strcspn(want, "\r\n")] = 0;
	*sequence = 0;
	r = memory_reader(&m);
	sonde_reader_listen(r, &listener);
	while ((k = sonde_reader_next(r, &item)) > 0)
		add(r->type);
	ck_assert_msg(k == 0, "%s: %s", f->path, sonde_reason_text(k));
	ck_assert_msg(!strcmp(sequence, want), "%s: %s, not %s", f->path, sequence, want);
	sonde_reader_close(r);
	free(text.at);
	truths++;
}

START_TEST(every_block_is_the_one_that_its_truth_names)
{
	if (!corpus_each(is_as_its_truth))
		return;
	ck_assert_uint_eq(truths, 48);
}
END_TEST

/* One line per packet: interface, link, time since 2026 in ns, captured/wire, direction, sum, gso,
 * drops, comments, then the processes. */
static const char *told(const char *name, int *ret_end)
{
	static char text[4096];
	const char *root = corpus_root();
	struct sonde_process p;
	struct sonde_reader *r;
	struct sonde_item item;
	struct corpus_file f;
	struct memory m;
	char path[1024], *o = text;

	*o = 0;
	*ret_end = 0;
	if (!root)
		return NULL;
	snprintf(path, sizeof path, "%s/process-info/%s.pcapng", root, name);
	f = corpus_file(path);
	m = (struct memory){ f.at, f.len, 0 };
	r = memory_reader(&m);
	while ((*ret_end = sonde_reader_next(r, &item)) > 0) {
		const struct sonde_remark *k = sonde_reader_remark(r);
		const struct sonde_frame *e = &item.frame;

		o += sprintf(o, "%u %u %lu %zu/%u %u%u%u -%lu %u", k->interface, e->link,
			     e->when - 1767225600 * SONDE_SECOND, e->byte.len, e->wire, e->dir,
			     e->sum, e->gso, k->dropped, k->comments);
		for (unsigned i = 0; sonde_reader_process(r, i, &p); i++)
			o += sprintf(o, " %u/%u%s%.*s", p.pid, p.tid, p.told ? "=" : "",
				     (int)p.name.len, (const char *)p.name.at);
		o += sprintf(o, "\n");
	}
	sonde_reader_close(r);
	free(f.at);
	return text;
}

static const struct {
	const char *name, *told;
	int end;
} facts[] = {
	{ "bad_caplen", "", SONDE_DAMAGED },
	{ "bad_ifid", "", SONDE_DAMAGED },
	{ "bad_options",
	  "0 1 0 50/50 000 -0 0\n"
	  "0 1 0 50/50 000 -0 0 16843009/16843009\n",
	  SONDE_DAMAGED },
	{ "epb_flags",
	  "0 1 0 50/50 100 -0 2\n"
	  "0 1 1000 50/50 200 -1 2\n"
	  "0 1 2000 50/50 100 -2 2\n"
	  "0 1 3000 50/50 210 -3 2\n"
	  "0 1 4000 50/50 120 -4 2\n"
	  "0 1 5000 50/50 211 -5 2\n"
	  "0 1 6000 50/50 100 -6 2\n",
	  0 },
	{ "pid_multi", "0 1 0 50/50 000 -0 0 10/0 11/0\n", 0 },
	{ "pid_reuse",
	  "0 1 5000 50/50 000 -0 0 500/0=old\n"
	  "0 1 25000 50/50 000 -0 0 500/0=new\n"
	  "0 1 26000 50/50 000 -0 0 700/0\n",
	  0 },
	{ "pidtid_le_be",
	  "0 1 0 50/50 000 -0 0 1234/5678\n"
	  "0 1 1000 50/50 000 -0 0 0/0\n"
	  "0 1 2000 50/50 000 -0 0\n"
	  "0 1 0 50/50 000 -0 0 1234/5678\n"
	  "0 1 1000 50/50 000 -0 0 0/0\n"
	  "0 1 2000 50/50 000 -0 0\n",
	  0 },
	{ "tsresol_linktype_mix",
	  "0 1 1000 50/50 000 -0 0\n"
	  "1 1 1 40/50 000 -0 0\n"
	  "2 101 500000000 36/36 000 -0 0\n"
	  "3 113 0 52/52 000 -0 0\n"
	  "4 1 3600000000000 50/50 000 -0 0\n",
	  0 },
	{ "wireshark_pib_le_be",
	  "0 1 0 50/50 000 -0 0 1234/0=curl\n"
	  "0 1 5 50/50 000 -0 0 4321/7=\n"
	  "0 1 9 50/50 000 -0 0 77/0=sshd\n",
	  0 },
};

START_TEST(processes_flags_and_units_are_as_the_names_of_the_files_say)
{
	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		int end;
		const char *text = told(facts[i].name, &end);

		if (!text)
			return;
		ck_assert_msg(!strcmp(text, facts[i].told), "%s:\n%s", facts[i].name, text);
		ck_assert_int_eq(end, facts[i].end);
	}
}
END_TEST

/* An entry as little-endian bytes: pid, name "x", start in seconds where not 0. */
static void learn(struct sonde_processes *p, uint8_t pid, char name, unsigned start)
{
	uint8_t e[24] = { pid, 0, 0, 0, 2, 0, 1, 0, (uint8_t)name };
	uint64_t ns = start * SONDE_SECOND;

	if (start) {
		e[12] = 9, e[14] = 8;
		for (unsigned i = 0; i < 8; i++)
			e[16 + i] = (uint8_t)(ns >> 8 * i);
	}
	ck_assert_int_eq(sonde_processes_learn(p, (struct sonde_bytes){ e, start ? 24 : 12 }), 0);
}

static char who(const struct sonde_processes *p, uint32_t pid, unsigned second)
{
	struct sonde_process found = { .pid = pid };

	if (!sonde_processes_find(p, second * SONDE_SECOND, &found))
		return 0;
	ck_assert(found.told);
	return (char)*found.name.at;
}

START_TEST(a_process_is_the_one_that_ran_when_the_packet_came)
{
	struct sonde_processes p = { 0 };

	learn(&p, 7, 'm', 0);
	for (unsigned i = 0; i < 100; i++)
		learn(&p, 9, 'z', i + 1);
	learn(&p, 7, 'a', 100);
	learn(&p, 7, 'c', 300);
	learn(&p, 7, 'b', 200);
	learn(&p, 5, 'e', 500);
	learn(&p, 5, 'd', 400);
	ck_assert_int_eq(who(&p, 7, 100), 'a');
	ck_assert_int_eq(who(&p, 7, 199), 'a');
	ck_assert_int_eq(who(&p, 7, 200), 'b');
	ck_assert_int_eq(who(&p, 7, 1000), 'c');
	ck_assert_int_eq(who(&p, 7, 99), 'm'); /* told without a start */
	learn(&p, 7, 'n', 0);
	ck_assert_int_eq(who(&p, 7, 99), 'n');
	ck_assert_int_eq(who(&p, 5, 1), 'd'); /* the earliest */
	ck_assert_int_eq(who(&p, 6, 1000), 0);
	ck_assert_int_eq(sonde_processes_learn(&p, (struct sonde_bytes){ (uint8_t *)"abc", 3 }), 0);
	ck_assert_uint_eq(p.n, 107);
	sonde_processes_done(&p);
}
END_TEST

Suite *pcapng_suite(void)
{
	Suite *s = suite_create("pcapng");
	TCase *t = tcase_create("pcapng");

	tcase_add_test(t, every_block_is_the_one_that_its_truth_names);
	tcase_add_test(t, processes_flags_and_units_are_as_the_names_of_the_files_say);
	tcase_add_test(t, a_process_is_the_one_that_ran_when_the_packet_came);
	suite_add_tcase(s, t);
	return s;
}
