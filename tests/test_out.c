#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out/cells.h"
#include "out/csv.h"
#include "out/json.h"
#include "out/paint.h"

Suite *out_suite(void);

static char buf[65536];
static struct sonde_text text;
static struct sonde_arena arena;

static void begin(void)
{
	sonde_text_init(&text, buf, sizeof buf, NULL, NULL);
}

static void finish(void)
{
	sonde_arena_done(&arena);
}

static const char *written(void)
{
	text.at[text.len] = 0;
	return text.at;
}

struct thing {
	uint64_t size, none;
	int64_t result;
	uint8_t seeded;
	const char *name, *raw;
	struct sonde_list states;
	struct sonde_map calls;
};

static const struct sonde_column thing_columns[] = {
	SONDE_COLUMN(thing, size, UINT, "bytes", "how big"),
	SONDE_COLUMN(thing, none, UINT, "ns", "never known"),
	SONDE_COLUMN(thing, result, INT, "", "what came back"),
	SONDE_COLUMN(thing, seeded, BOOL, "", "was there before"),
	SONDE_COLUMN(thing, name, TEXT, "", "what it is called"),
	SONDE_COLUMN(thing, states, LIST, "", "in order"),
	SONDE_COLUMN(thing, calls, MAP, "", "how often each"),
	SONDE_COLUMN(thing, raw, RAW, "", "nested"),
};
static const struct sonde_schema thing_schema = { "thing", thing_columns, 8 };
static const char *const two_states[] = { "SYN_SENT", "ESTABLISHED" };
static const struct sonde_count two_calls[] = { { "send", 2 }, { "close", 1 } };

static struct thing a_thing(void)
{
	return (struct thing){
		.size = 18446744073709551614u,
		.none = SONDE_ABSENT,
		.result = -104,
		.seeded = 1,
		.name = "a \"b\", c",
		.raw = "{\"x\":[1]}",
		.states = { two_states, 2 },
		.calls = { two_calls, 2 },
	};
}

START_TEST(a_record_is_one_json_line_without_what_is_absent)
{
	struct thing t = a_thing();

	sonde_json_record(&text, &thing_schema, &t);
	ck_assert_str_eq(
		written(),
		"{\"record\":\"thing\",\"v\":1,\"size\":18446744073709551614,\"result\":-104,"
		"\"seeded\":true,\"name\":\"a \\\"b\\\", c\",\"states\":[\"SYN_SENT\","
		"\"ESTABLISHED\"],\"calls\":{\"send\":2,\"close\":1},\"raw\":{\"x\":[1]}}\n");
	t = (struct thing){ SONDE_ABSENT, SONDE_ABSENT, SONDE_ABSENT_INT, 2, 0, 0, { 0 }, { 0 } };
	begin();
	sonde_json_record(&text, &thing_schema, &t);
	ck_assert_str_eq(written(), "{\"record\":\"thing\",\"v\":1}\n");
}
END_TEST

START_TEST(json_strings_hold_any_bytes_and_no_terminal_obeys_them)
{
	struct sonde_json j = { .text = &text };

	sonde_json_string(&j, "\x1b[31m\n\\ \xc3\xa9 \xc0\x80 \xe2\x80\xae \x7f \xf3\xa0\x81\x81\0",
			  25);
	ck_assert_str_eq(written(), "\"\\u001b[31m\\n\\\\ \xc3\xa9 \\\\xc0\\\\x80 \\u202e \\u007f "
				    "\\udb40\\udc41\\u0000\"");
}
END_TEST

START_TEST(any_bytes_give_json_that_another_parser_reads)
{
	struct sonde_json j = { .text = &text };
	uint8_t all[2048];
	char path[] = "/tmp/sonde-json-XXXXXX", command[128];
	FILE *f;
	int fd;

	if (system("python3 -c '' 2>/dev/null")) {
		fprintf(stderr, "skipped: no python3 to read JSON with\n");
		return;
	}
	srandom(7);
	sonde_json_open(&j, '[');
	for (int round = 0; round < 8; round++) {
		for (size_t i = 0; i < sizeof all; i++)
			all[i] = round ? (uint8_t)random() : (uint8_t)i;
		sonde_json_string(&j, all, sizeof all / (round ? 1 : 8));
	}
	sonde_json_close(&j, ']');
	ck_assert_int_eq(text.error, 0);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	f = fdopen(fd, "w");
	fwrite(text.at, 1, text.len, f);
	fclose(f);
	snprintf(command, sizeof command, "python3 -m json.tool %s >/dev/null", path);
	fd = system(command);
	remove(path);
	ck_assert_int_eq(fd, 0);
}
END_TEST

START_TEST(csv_quotes_what_must_be_quoted_and_leaves_absent_cells_empty)
{
	struct thing t = a_thing();

	sonde_csv_head(&text, &thing_schema);
	sonde_csv_row(&text, &thing_schema, &t);
	ck_assert_str_eq(written(), "size,none,result,seeded,name,states,calls,raw\r\n"
				    "18446744073709551614,,-104,true,\"a \"\"b\"\", c\","
				    "SYN_SENT ESTABLISHED,send=2 close=1,\"{\"\"x\"\":[1]}\"\r\n");
	begin();
	t.name = "";
	t.states.n = 0;
	sonde_csv_row(&text, &thing_schema, &t);
	ck_assert_str_eq(written(), "18446744073709551614,,-104,true,\"\",\"\",send=2 close=1,"
				    "\"{\"\"x\"\":[1]}\"\r\n");
}
END_TEST

static const struct sonde_grid_column columns[] = {
	{ .title = "us", .align = SONDE_ALIGN_RIGHT },
	{ .title = "who", .weight = 1, .least = 4 },
	{ .title = "wire", .weight = 2, .least = 12, .fill = true, .most = 30 },
	{ .title = "why", .weight = 1, .least = 6, .wrap = true },
	{ .title = "more", .rank = 1, .weight = 1, .least = 10 },
};

static struct sonde_grid a_grid(void)
{
	struct sonde_grid g;
	struct sonde_cell *c;

	sonde_grid_init(&g, &arena, columns, 5);
	sonde_grid_wide(&g, SONDE_PAINT_TITLE, 2,
			"one connection, seen from both of its ends, in full");
	c = sonde_grid_row(&g);
	c[0].text = "12.5";
	c[1] = (struct sonde_cell){ .text = "client[4242]",
				    .brief = "client",
				    .paint = SONDE_PAINT_WHO };
	c[2] = (struct sonde_cell){ .text = "PSH ACK 14 B", .shape = SONDE_CELL_RIGHT };
	c[3].text = "it had something to say";
	c[4].text = "left out first";
	c = sonde_grid_row(&g);
	c[0].text = "1000.0";
	c[1].text = "sérvér";
	c[2] = (struct sonde_cell){ .text = "RST",
				    .shape = SONDE_CELL_LEFT_LOST,
				    .paint = SONDE_PAINT_BAD };
	return g;
}

START_TEST(a_grid_has_its_natural_width_where_there_is_room)
{
	struct sonde_grid g = a_grid();

	ck_assert_uint_eq(
		sonde_cells_print(&text, &g,
				  &(struct sonde_cells_style){ .width = 120, .utf8 = true }),
		0);
	ck_assert_str_eq(written(), "one connection, seen from both of its ends, in full\n"
				    "    us  who           wire                            why     "
				    "                 more\n"
				    "  12.5  client[4242]  ─────── PSH ACK 14 B ────────►  it had "
				    "something to say  left out first\n"
				    "1000.0  sérvér        ×──────────── RST ────────────\n");
}
END_TEST

START_TEST(a_narrow_grid_shortens_wraps_and_leaves_out_in_this_order)
{
	struct sonde_grid g = a_grid();

	ck_assert_uint_eq(
		sonde_cells_print(&text, &g,
				  &(struct sonde_cells_style){ .width = 60, .utf8 = true }),
		0);
	ck_assert_str_eq(written(), "one connection, seen from both of its ends, in full\n"
				    "    us who    wire              why           more\n"
				    "  12.5 client ─ PSH ACK 14 B ─► it had        left out first\n"
				    "                                something to\n"
				    "                                say\n"
				    "1000.0 sérvér ×───── RST ──────\n");
	begin();
	ck_assert_uint_eq(
		sonde_cells_print(&text, &g,
				  &(struct sonde_cells_style){ .width = 41, .utf8 = true }),
		1);
	ck_assert_ptr_null(strstr(written(), "left out"));
}
END_TEST

START_TEST(luxury_goes_before_what_is_good_and_the_needed_after)
{
	static const struct sonde_grid_column some[] = {
		{ .title = "remote", .weight = 1, .least = 12, .good = 21 },
		{ .title = "calls", .rank = SONDE_RANK_NEEDED + 1 },
		{ .title = "role", .rank = SONDE_RANK_NEEDED },
	};
	struct sonde_grid g;
	struct sonde_cell *c;

	sonde_grid_init(&g, &arena, some, 3);
	c = sonde_grid_row(&g);
	c[0].text = "127.127.127.127:45536";
	c[1].text = "eighteen calls here";
	c[2].text = "a client";
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = 46, .utf8 = true });
	ck_assert_str_eq(written(), "remote                role\n"
				    "127.127.127.127:45536 a client\n");
	begin();
	c[2].text = "a client with much to say";
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = 42, .utf8 = true });
	ck_assert_str_eq(written(), "remote           role\n"
				    "127.127.127.127… a client with much to say\n");
}
END_TEST

START_TEST(no_line_is_wider_than_asked_for_and_every_row_is_there)
{
	struct sonde_grid g = a_grid();

	for (unsigned utf8 = 0; utf8 < 2; utf8++)
		for (unsigned width = SONDE_CELLS_LEAST; width <= 200; width++) {
			unsigned lines = 0;

			begin();
			sonde_cells_print(
				&text, &g,
				&(struct sonde_cells_style){ .width = width, .utf8 = utf8 });
			for (const char *at = written(), *end; (end = strchr(at, '\n'));
			     at = end + 1) {
				ck_assert_uint_le(sonde_text_columns(at, (size_t)(end - at)),
						  width);
				ck_assert_msg(end == at || end[-1] != ' ', "a space ends a line");
				lines++;
			}
			ck_assert_uint_ge(lines, 4);
			ck_assert_ptr_nonnull(strstr(buf, "1000.0"));
		}
}
END_TEST

START_TEST(without_utf8_all_is_ascii)
{
	struct sonde_grid g = a_grid();

	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = 100 });
	for (const char *at = written(); *at; at++)
		ck_assert_int_gt(*at, 0);
	ck_assert_ptr_nonnull(strstr(buf, "------- PSH ACK 14 B ------->"));
	ck_assert_ptr_nonnull(strstr(buf, "x----------- RST ------------"));
	ck_assert_ptr_nonnull(strstr(buf, "s\\xc3\\xa9rv\\xc3\\xa9r"));
}
END_TEST

START_TEST(colour_changes_no_column)
{
	struct sonde_grid g = a_grid();
	char bare[4096], *o = bare;

	sonde_cells_print(&text, &g,
			  &(struct sonde_cells_style){
				  .width = 100, .utf8 = true, .palette = sonde_paint_palette });
	ck_assert_ptr_nonnull(strstr(written(), "\033[1;36mclient[4242]\033[0m"));
	for (const char *at = buf; *at; at++) {
		if (*at == '\033')
			at = strchr(at, 'm');
		else
			*o++ = *at;
	}
	*o = 0;
	begin();
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = 100, .utf8 = true });
	ck_assert_str_eq(written(), bare);
}
END_TEST

Suite *out_suite(void)
{
	Suite *s = suite_create("out");
	TCase *t = tcase_create("out");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, a_record_is_one_json_line_without_what_is_absent);
	tcase_add_test(t, json_strings_hold_any_bytes_and_no_terminal_obeys_them);
	tcase_add_test(t, any_bytes_give_json_that_another_parser_reads);
	tcase_add_test(t, csv_quotes_what_must_be_quoted_and_leaves_absent_cells_empty);
	tcase_add_test(t, a_grid_has_its_natural_width_where_there_is_room);
	tcase_add_test(t, a_narrow_grid_shortens_wraps_and_leaves_out_in_this_order);
	tcase_add_test(t, luxury_goes_before_what_is_good_and_the_needed_after);
	tcase_add_test(t, no_line_is_wider_than_asked_for_and_every_row_is_there);
	tcase_add_test(t, without_utf8_all_is_ascii);
	tcase_add_test(t, colour_changes_no_column);
	suite_add_tcase(s, t);
	return s;
}
