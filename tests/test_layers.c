#include <check.h>
#include <stdlib.h>

#include "packet/draft.h"
#include "packet/beside.h"
#include "packet/layers.h"
#include "tests/valid_json.h"

Suite *layers_suite(void);

static char told[1 << 20], unrolled[1 << 20];

static const char *json_of(const uint8_t *byte, uint32_t len, uint32_t wire, enum sonde_shape first)
{
	struct sonde_verdict v;
	struct sonde_packet p;
	struct sonde_text a, b;

	sonde_decode(&p, byte, len, wire, first);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	sonde_text_init(&a, told, sizeof told, NULL, NULL);
	sonde_text_init(&b, unrolled, sizeof unrolled, NULL, NULL);
	sonde_text_str(&a, "{");
	sonde_layers_json_told(&a, &p, &v);
	sonde_text_bytes(&a, "}", 2);
	sonde_text_str(&b, "{");
	sonde_layers_json(&b, &p, &v);
	sonde_text_bytes(&b, "}", 2);
	ck_assert_str_eq(told, unrolled);
	ck_assert_msg(valid_json(told, strlen(told)), "%s", told);
	return told;
}

static uint8_t buf[512];
static struct sonde_draft d;

static const char *made(enum sonde_shape first)
{
	return json_of(buf, (uint32_t)sonde_draft_encode(&d), 0, first);
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static void begin_tcp(void)
{
	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, SONDE_eth);
	sonde_draft_push(&d, SONDE_ip);
	sonde_draft_push(&d, SONDE_tcp);
}

START_TEST(layers_stand_in_order_each_with_its_fields)
{
	begin_tcp();
	sonde_set(&d, tcp, syn, true);
	has(made(SONDE_eth), "{\"layers\":[{\"layer\":\"eth\",\"eth.dst\":\"00:00:00:00:00:00\",");
	has(told, "},{\"layer\":\"ip\",\"ip.version\":4,\"ip.hdr_len\":20,");
	has(told, "},{\"layer\":\"tcp\",\"tcp.srcport\":0,");
	has(told, "\"tcp.flags.syn\":true,\"tcp.flags.fin\":false,");
	has(told, "}],\"stop\":\"end\"}");
}
END_TEST

START_TEST(a_list_is_one_array_and_the_unknown_has_its_kind)
{
	static const uint8_t odd[] = { 253, 5, 7, 8, 9 };

	begin_tcp();
	sonde_draft_option(&d, SONDE_tcp_mss);
	sonde_draft_option(&d, SONDE_tcp_sack);
	sonde_draft_option(&d, SONDE_tcp_sack_block);
	sonde_draft_option(&d, SONDE_tcp_sack_block);
	sonde_draft_raw(&d, odd, sizeof odd);
	has(made(SONDE_eth),
	    "\"options\":[{\"option\":\"mss\",\"tcp.options.mss_val\":1460},{\"option\":\"sack\","
	    "\"blocks\":[{\"tcp.options.sack_le\":0,\"tcp.options.sack_re\":0},"
	    "{\"tcp.options.sack_le\":0,\"tcp.options.sack_re\":0}]},"
	    "{\"kind\":253,\"data\":\"070809\"}");
}
END_TEST

START_TEST(an_option_longer_than_its_header_is_bad)
{
	static const uint8_t odd[] = { 8, 60, 1, 2 };

	begin_tcp();
	sonde_draft_raw(&d, odd, sizeof odd);
	has(made(SONDE_eth), "\"options\":[{\"option\":\"TS\",\"bad\":true,\"data\":\"0102\"}]");
}
END_TEST

START_TEST(what_is_wrong_is_named_in_its_layer)
{
	begin_tcp();
	sonde_set(&d, tcp, checksum, 0xdead);
	has(made(SONDE_eth), "\"tcp.urgent_pointer\":0,\"wrong\":[\"tcp.checksum\"]}");
	ck_assert_ptr_null(strstr(told, "ip.checksum\"]"));
}
END_TEST

START_TEST(what_follows_is_data_and_what_follows_that_is_padding)
{
	uint32_t len;

	begin_tcp();
	sonde_draft_append(&d, "hello", 5);
	len = (uint32_t)sonde_draft_encode(&d);
	memset(buf + len, 0, 7);
	has(json_of(buf, len + 7, 0, SONDE_eth), ",\"data.len\":5,\"padding.len\":7}");
	has(json_of(buf, len - 2, len, SONDE_eth), ",\"data.len\":3}");
	ck_assert_ptr_null(strstr(told, "padding"));
}
END_TEST

START_TEST(a_header_that_is_cut_is_not_told)
{
	begin_tcp();
	sonde_draft_encode(&d);
	has(json_of(buf, 14 + 20 + 7, 54, SONDE_eth), "\"stop\":\"truncated\",\"data.len\":7}");
	has(json_of(buf, 0, 54, SONDE_eth), "{\"layers\":[],\"stop\":\"truncated\"}");
}
END_TEST

/* Damage of every kind: both ways of writing agree, and what they write is JSON. */
START_TEST(whatever_the_bytes_are_it_is_json)
{
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t len;

		begin_tcp();
		sonde_draft_option(&d, SONDE_tcp_mss);
		sonde_draft_option(&d, SONDE_tcp_sack);
		sonde_draft_option(&d, SONDE_tcp_sack_block);
		sonde_draft_option(&d, SONDE_tcp_ts);
		len = (uint32_t)sonde_draft_encode(&d);
		for (unsigned n = (unsigned)rand() % 4; n; n--)
			buf[12 + (unsigned)rand() % (len - 12)] = (uint8_t)rand();
		json_of(buf, (uint32_t)rand() % (len + 1), len, SONDE_eth);
	}
}
END_TEST

START_TEST(the_facts_of_a_frame_are_absent_where_nobody_knows_them)
{
	struct sonde_frame f = { .wire = 60, .byte = { buf, 40 }, .link = 1 };
	struct sonde_beside facts;
	unsigned told_columns = 0;
	union sonde_column_value v;

	sonde_beside_take(&facts, &f, 3);
	for (size_t i = 0; i < sonde_beside_schema.n; i++)
		told_columns += sonde_column_get(&sonde_beside_schema.column[i], &facts, &v);
	ck_assert_uint_eq(told_columns, 5); /* number, both lengths, link type, interface */
	f.dir = SONDE_DIR_OUT;
	f.sum = SONDE_SUM_NOT_READY;
	sonde_beside_take(&facts, &f, 3);
	ck_assert_str_eq(facts.direction, "out");
	ck_assert_str_eq(facts.sums, "not-ready");
}
END_TEST

Suite *layers_suite(void)
{
	Suite *s = suite_create("layers");
	TCase *c = tcase_create("layers");

	tcase_add_test(c, layers_stand_in_order_each_with_its_fields);
	tcase_add_test(c, a_list_is_one_array_and_the_unknown_has_its_kind);
	tcase_add_test(c, an_option_longer_than_its_header_is_bad);
	tcase_add_test(c, what_is_wrong_is_named_in_its_layer);
	tcase_add_test(c, what_follows_is_data_and_what_follows_that_is_padding);
	tcase_add_test(c, a_header_that_is_cut_is_not_told);
	tcase_add_test(c, whatever_the_bytes_are_it_is_json);
	tcase_add_test(c, the_facts_of_a_frame_are_absent_where_nobody_knows_them);
	suite_add_tcase(s, c);
	return s;
}
