/* The end of a text report. */
#include <check.h>
#include <string.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "run/session.h"

Suite *session_suite(void);

static char out[16384];
static struct sonde_text text;
static struct sonde_session session;

static int swallow(void *arg, const char *at, size_t len)
{
	(void)arg;
	(void)at;
	(void)len;
	return 0;
}

static void tell(struct sonde_event e)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = e };

	sonde_session_hear(&session, &item);
}

/* What is printed of a run of this width with one socket, of this family, after so many lost. */
static const char *report(unsigned width, uint16_t family, uint64_t lost, int *ret_code)
{
	struct sonde_look look = { .style = { .width = width } };

	sonde_text_init(&text, out, sizeof out, NULL, NULL);
	sonde_session_init(&session, &look, &text, NULL);
	tell((struct sonde_event){ .kind = SONDE_EVENT_RUN, .when = 1 });
	tell((struct sonde_event){ .kind = SONDE_EVENT_CALL,
				   .call = SONDE_CALL_SOCKET,
				   .when = 1000,
				   .pid = 7,
				   .ino = 9,
				   .family = family,
				   .type = SOCK_RAW,
				   .fd = 3,
				   .fd2 = -1,
				   .ret = 3,
				   .comm = "a" });
	if (lost)
		tell((struct sonde_event){ .kind = SONDE_EVENT_LOST,
					   .when = 2000,
					   .n = { lost },
					   .text = { (const uint8_t *)"bpf", 3 } });
	tell((struct sonde_event){ .kind = SONDE_EVENT_END, .when = 3000 });
	*ret_code = sonde_session_end(&session);
	out[text.len] = 0;
	sonde_session_done(&session);
	return out;
}

START_TEST(what_was_lost_is_said_at_the_end_even_where_nothing_is_compared)
{
	int code;
	const char *end = strstr(report(200, AF_NETLINK, 12, &code), "endpoint");

	ck_assert_int_eq(code, SONDE_LOST);
	ck_assert_ptr_nonnull(end);
	ck_assert_ptr_nonnull(strstr(end, "events lost: 12; counts are lower bounds\n"));
	ck_assert_ptr_null(strstr(report(200, AF_NETLINK, 0, &code), "events lost"));
	ck_assert_int_eq(code, 0);
}
END_TEST

START_TEST(columns_left_out_for_width_are_told_of)
{
	int code;

	ck_assert_ptr_nonnull(strstr(report(40, AF_NETLINK, 0, &code),
				     " columns left out; --width shows them\n"));
	ck_assert_ptr_null(strstr(report(200, AF_NETLINK, 0, &code), "left out"));
}
END_TEST

/* No source gives such a frame; if one did, it must not be missing in silence. */
START_TEST(what_the_evidence_cannot_hold_ends_it_with_a_reason)
{
	static char file[SONDE_WRITER_BUFFER_LEAST];
	struct sonde_item ethernet = { .is = SONDE_ITEM_FRAME, .frame = { .when = 2, .link = 1 } };
	struct sonde_look look = { 0 };
	struct sonde_writer writer;
	struct sonde_text kept;

	sonde_text_init(&text, out, sizeof out, NULL, NULL);
	sonde_text_init(&kept, file, sizeof file, swallow, NULL);
	ck_assert_int_eq(sonde_writer_begin(&writer, &kept, 128, 0, "test"), 0);
	sonde_session_init(&session, &look, &text, &writer);
	tell((struct sonde_event){ .kind = SONDE_EVENT_RUN, .when = 1 });
	ck_assert_int_eq(session.saved, 0);
	sonde_session_hear(&session, &ethernet);
	ck_assert_int_eq(session.saved, SONDE_UNSUPPORTED);
	sonde_session_end(&session);
	ck_assert_int_eq(session.saved, SONDE_UNSUPPORTED);
	sonde_session_done(&session);
}
END_TEST

Suite *session_suite(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");

	tcase_add_test(t, what_was_lost_is_said_at_the_end_even_where_nothing_is_compared);
	tcase_add_test(t, what_the_evidence_cannot_hold_ends_it_with_a_reason);
	tcase_add_test(t, columns_left_out_for_width_are_told_of);
	suite_add_tcase(s, t);
	return s;
}
