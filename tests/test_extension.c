/* What routers add to their errors, where they put it, and what of it is believed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "packet/sum.h"
#include "probe/extension.h"

Suite *extension_suite(void);

static uint8_t error[600];
static uint32_t error_len;
static struct sonde_extension e;

/* One label; two. RFC 4950 section 3. */
#define LABEL  0, 8, 1, 1, 0x03, 0xe8, 0x11, 0x01
#define LABELS 0, 12, 1, 1, 0x05, 0xdc, 0x10, 0x01, 0x03, 0xe8, 0x4b, 0x07
/* All that can be said of one. RFC 5837 section 4. */
#define INTERFACE                                                                                  \
	0, 28, 2, 0x0f, 0, 0, 0, 7, 0, 1, 0, 0, 10, 128, 0, 3, 8, 'x', 'e', '-', '0', 0, 0, 0, 0,  \
		0, 5, 0xdc

/* An error that quotes so many bytes and says that it quotes `told` of its words, and then a
 * structure of these objects. sum: what is added to the right checksum. */
static void make(bool v6, unsigned quoted, unsigned told, const void *objects, unsigned n,
		 uint16_t sum)
{
	uint8_t *at = error + 8 + quoted;

	memset(error, 0, sizeof error);
	error[0] = v6 ? 3 : 11;
	error[v6 ? 4 : 5] = (uint8_t)told;
	error[8] = v6 ? 0x60 : 0x45;
	error[v6 ? 14 : 17] = 17;
	if (v6)
		error[13] = 200;
	else
		error[11] = 200;
	at[0] = 0x20;
	memcpy(at + 4, objects, n);
	sonde_store(at + 2, 2, (uint64_t)sonde_sum_end(sonde_sum(at, n + 4)) + sum);
	error_len = 8 + quoted + 4 + n;
}

static void read(bool v6)
{
	struct sonde_packet p;
	uint8_t *exact = malloc(error_len ? error_len : 1);

	memcpy(exact, error, error_len);
	sonde_decode(&p, exact, error_len, error_len, v6 ? SONDE_icmpv6 : SONDE_icmp);
	sonde_extension_read(&e, &p);
	free(exact);
}

static const char *text(void)
{
	static char buf[4000];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_extension_print(&t, &e);
	ck_assert_int_eq(t.error, 0);
	buf[t.len] = 0;
	return buf;
}

/* Objects of an IPv4 error with its length told. */
static const char *told(const void *objects, unsigned n)
{
	make(false, 128, 32, objects, n, 0);
	read(false);
	return text();
}
#define TOLD(...) told((const uint8_t[]){ __VA_ARGS__ }, sizeof(const uint8_t[]){ __VA_ARGS__ })

START_TEST(labels_are_told_as_traceroute_tells_them)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		make(v6, 128, v6 ? 16 : 32, (const uint8_t[]){ LABELS }, 12, 0);
		read(v6);
		ck_assert_str_eq(text(), "<MPLS:L=24001,E=0,S=0,T=1/L=16004,E=5,S=1,T=7>");
		ck_assert_uint_eq(e.labels, 2);
		ck_assert_uint_eq(e.label[1].label, 16004);
		ck_assert_uint_eq(e.label[1].tc, 5);
		ck_assert(e.label[1].bottom && !e.label[0].bottom);
		ck_assert_uint_eq(e.label[1].ttl, 7);
	}
}
END_TEST

START_TEST(an_interface_is_told_with_all_that_is_said)
{
	ck_assert_str_eq(TOLD(INTERFACE), "<INC:7,10.128.0.3,\"xe-0\",mtu=1500>");
	ck_assert_uint_eq(e.interface[0].index, 7);
	ck_assert_uint_eq(e.interface[0].name_len, 4);
	ck_assert_uint_eq(e.interface[0].mtu, 1500);
	ck_assert_str_eq(TOLD(LABEL, INTERFACE),
			 "<MPLS:L=16001,E=0,S=1,T=1;INC:7,10.128.0.3,\"xe-0\",mtu=1500>");
	ck_assert_str_eq(TOLD(0, 4, 2, 0x40), "<SUB:>");
	ck_assert_str_eq(TOLD(0, 8, 2, 0x88, 0, 0, 0, 9), "<OUT:9>");
	ck_assert(!e.interface[0].has_mtu && e.interface[0].address.family == 0);
	ck_assert_str_eq(TOLD(0, 24, 2, 0xc4, 0, 2, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			      0, 0, 0, 1),
			 "<NXT:fe80::1>");
}
END_TEST

START_TEST(a_name_cannot_reach_the_terminal)
{
	ck_assert_str_eq(TOLD(0, 12, 2, 0x02, 8, 0x1b, '[', '2', 'J', 0x9b, 0xff, '\n'),
			 "<INC:\"\\x1b[2J\\x9b\\xff\\x0a\">");
	ck_assert_uint_eq(e.interface[0].name[0], 0x1b); /* as it came */
}
END_TEST

START_TEST(an_old_router_puts_it_behind_128_bytes_and_says_nothing)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		make(v6, 128, 0, (const uint8_t[]){ LABEL }, 8, 0);
		read(v6);
		ck_assert_str_eq(text(), "<MPLS:L=16001,E=0,S=1,T=1>");
		/* Without being told, only what is right beyond doubt. */
		make(v6, 128, 0, (const uint8_t[]){ LABEL }, 8, 1);
		read(v6);
		ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
		make(v6, 124, 0, (const uint8_t[]){ LABEL }, 8, 0);
		read(v6);
		ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
	}
}
END_TEST

START_TEST(a_wrong_checksum_is_named_and_nothing_believed)
{
	make(false, 128, 32, (const uint8_t[]){ LABEL }, 8, 1);
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_SUM);
	ck_assert_str_eq(text(), "<extension with a wrong checksum>");
	ck_assert_uint_eq(e.labels, 0);
	make(false, 128, 32, (const uint8_t[]){ LABEL }, 8, 0);
	memset(error + 8 + 128 + 2, 0, 2); /* none was made, RFC 4884 section 7 */
	read(false);
	ck_assert_str_eq(text(), "<MPLS:L=16001,E=0,S=1,T=1>");
}
END_TEST

START_TEST(lengths_that_lie_are_named_and_nothing_believed)
{
	static const uint8_t label[] = { LABEL };

	TOLD(LABEL, 0, 9, 1, 1, 1, 2, 3, 4); /* longer than what is there */
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	ck_assert_str_eq(text(), "<extension that contradicts itself>");
	ck_assert_uint_eq(e.labels, 0);
	TOLD(LABEL, 0, 3, 1, 1); /* shorter than its own head */
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	TOLD(LABEL, 0, 0, 0, 0);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	TOLD(0, 6, 1, 1, 9, 9); /* no whole label */
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	TOLD(0, 4, 1, 1);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	for (unsigned told = 36; told < 256; told += 20) { /* behind the end of the error */
		make(false, 128, told, label, 8, 0);
		read(false);
		ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	}
	make(false, 128, 31, label, 8, 0); /* into the quote, where there are zeros */
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_VERSION);
}
END_TEST

START_TEST(an_interface_whose_flags_lie_is_not_believed)
{
	static const uint8_t whole[] = { INTERFACE };
	uint8_t x[sizeof whole];

	for (unsigned flag = 0; flag < 4; flag++) { /* what a flag says is not there */
		const uint8_t none[4] = { 0, 4, 2, (uint8_t)(1 << flag) };

		told(none, 4);
		ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
		ck_assert_uint_eq(e.interfaces, 0);
	}
	for (unsigned cut = 5; cut < sizeof whole; cut++) {
		memcpy(x, whole, cut);
		x[1] = (uint8_t)cut;
		told(x, cut);
		ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	}
	memcpy(x, whole, sizeof x);
	x[9] = 99; /* of no family that is known */
	told(x, sizeof x);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
	memcpy(x, whole, sizeof x);
	x[16] = 99; /* a name longer than the object */
	told(x, sizeof x);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_LIES);
}
END_TEST

START_TEST(what_nobody_knows_is_told_in_hex)
{
	uint8_t big[44] = { 0, 44, 200, 9, 1, 2 };

	ck_assert_str_eq(TOLD(0, 8, 77, 3, 0xde, 0xad, 0xbe, 0xef), "<77/3:deadbeef>");
	ck_assert_str_eq(TOLD(0, 8, 1, 2, 1, 2, 3, 4), "<1/2:01020304>"); /* labels of no type */
	told(big, sizeof big);
	ck_assert_ptr_nonnull(strstr(text(), "<200/9:0102000000"));
	ck_assert_ptr_nonnull(strstr(text(), "...>"));
	ck_assert_uint_eq(e.other[0].len, 40);
}
END_TEST

START_TEST(what_has_no_room_is_told_as_more)
{
	uint8_t many[4 + 4 * 20] = { 0, 84, 1, 1 };

	told(many, sizeof many);
	ck_assert_uint_eq(e.labels, SONDE_EXTENSION_LABELS);
	ck_assert(e.more);
	ck_assert_ptr_nonnull(strstr(text(), ";...>"));
	TOLD(0, 4, 9, 1, 0, 4, 9, 2, 0, 4, 9, 3, 0, 4, 9, 4, 0, 4, 9, 5);
	ck_assert_uint_eq(e.others, SONDE_EXTENSION_OTHERS);
	ck_assert(e.more);
	TOLD(0, 4, 2, 0, 0, 4, 2, 0, 0, 4, 2, 0, 0, 4, 2, 0, 0, 4, 2, 0);
	ck_assert_uint_eq(e.interfaces, SONDE_EXTENSION_INTERFACES);
	ck_assert(e.more);
}
END_TEST

START_TEST(an_error_without_one_says_nothing)
{
	make(false, 128, 0, "", 0, 0);
	error_len = 8 + 28;
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
	ck_assert_str_eq(text(), "");
	error_len = 0;
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
	make(false, 128, 32, (const uint8_t[]){ LABEL }, 8, 0);
	error[0] = 0; /* an echo reply quotes nothing */
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
}
END_TEST

/* Somebody asked about an interface, RFC 8335 section 2, and an error quotes that: it is not the
 * router that says so. */
START_TEST(an_extension_that_is_quoted_is_not_the_routers)
{
	static const uint8_t probe[] = { 0x45, 0, 0,  40, 0, 0, 0,  0, 1, 1, 0, 0, 10, 0,
					 0,    1, 10, 0,  0, 2, 42, 0, 0, 0, 0, 1, 2,  0,
					 0x20, 0, 0,  0,  0, 8, 3,  2, 0, 0, 0, 9 };

	memset(error, 0, sizeof error);
	error[0] = 11;
	memcpy(error + 8, probe, sizeof probe);
	error_len = 8 + sizeof probe;
	read(false);
	ck_assert_uint_eq(e.is, SONDE_EXTENSION_NONE);
	ck_assert_uint_eq(e.others, 0);
}
END_TEST

START_TEST(one_cut_anywhere_is_never_half_believed)
{
	struct sonde_packet p;

	make(false, 128, 32, (const uint8_t[]){ LABEL, INTERFACE }, 36, 0);
	for (uint32_t cut = 0; cut < error_len; cut++) {
		sonde_decode(&p, error, cut, error_len, SONDE_icmp);
		sonde_extension_read(&e, &p);
		ck_assert_uint_eq(e.labels + e.interfaces, 0);
		ck_assert_uint_eq(e.is, cut < 8 ? SONDE_EXTENSION_NONE : SONDE_EXTENSION_CUT);
	}
}
END_TEST

START_TEST(no_bytes_break_it)
{
	static const uint8_t good[] = { LABELS, INTERFACE };

	srand(3);
	for (unsigned round = 0; round < 20000; round++) {
		bool v6 = rand() % 2;

		make(v6, 128, v6 ? 16 : 32, good, sizeof good, 0);
		for (unsigned i = (unsigned)rand() % 6; i; i--)
			error[140 + rand() % 40] = (uint8_t)rand();
		memset(error + 138, 0, rand() % 2 ? 2 : 0); /* else the checksum stops all */
		error_len -= (unsigned)rand() % 8;
		read(v6);
		text();
	}
}
END_TEST

Suite *extension_suite(void)
{
	Suite *s = suite_create("extension");
	TCase *c = tcase_create("extension");

	tcase_add_test(c, labels_are_told_as_traceroute_tells_them);
	tcase_add_test(c, an_interface_is_told_with_all_that_is_said);
	tcase_add_test(c, a_name_cannot_reach_the_terminal);
	tcase_add_test(c, an_old_router_puts_it_behind_128_bytes_and_says_nothing);
	tcase_add_test(c, a_wrong_checksum_is_named_and_nothing_believed);
	tcase_add_test(c, lengths_that_lie_are_named_and_nothing_believed);
	tcase_add_test(c, an_interface_whose_flags_lie_is_not_believed);
	tcase_add_test(c, what_nobody_knows_is_told_in_hex);
	tcase_add_test(c, what_has_no_room_is_told_as_more);
	tcase_add_test(c, an_error_without_one_says_nothing);
	tcase_add_test(c, an_extension_that_is_quoted_is_not_the_routers);
	tcase_add_test(c, one_cut_anywhere_is_never_half_believed);
	tcase_add_test(c, no_bytes_break_it);
	suite_add_tcase(s, c);
	return s;
}
