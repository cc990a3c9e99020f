#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/link.h"
#include "sys/netns.h"
#include "sys/relay.h"
#include "sys/sysctl.h"
#include "sys/wall.h"

Suite *relay_suite(void);

#define HOUR ((int64_t)3600 * 1000000000)

START_TEST(a_stamp_of_the_wall_clock_becomes_a_monotonic_time)
{
	struct sonde_wall w = { .offset = 500 * HOUR };

	sonde_wall_look(&w, 500 * HOUR + 900); /* reading two clocks errs so much */
	ck_assert_int_eq(w.offset, 500 * HOUR);
	ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + 7000, 0, 9000), 7000);
	ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + 7000, 8000, 9000), 8000);
	ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + 9500, 8000, 9000), 9000);
}
END_TEST

/* By an hour, forth or back: neither those stamped before nor those stamped after go far. */
START_TEST(setting_the_wall_clock_moves_no_packet)
{
	for (int64_t by = -HOUR; by <= HOUR; by += 2 * HOUR) {
		struct sonde_wall w = { .offset = 500 * HOUR };

		sonde_wall_look(&w, 500 * HOUR + by);
		ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + 7000, 0, 9000), 9000);
		ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + by + 7000, 0, 9000), 9000);
		sonde_wall_look(&w, 500 * HOUR + by);
		ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + by + 9500, 9000, 9900), 9500);
		ck_assert_uint_eq(sonde_wall_time(&w, 500 * HOUR + 9500, 9000, 9900),
				  by > 0 ? 9000 : 9900); /* a straggler */
	}
}
END_TEST

static int netns[2];

static int be_mute(void *arg)
{
	const struct sonde_sysctl off = { "ipv6/conf/default/disable_ipv6", "1", NULL };
	const struct sonde_sysctl *bad;

	(void)arg;
	return sonde_sysctl_put(&off, 1, &bad);
}

/* Two namespaces with two cables between them, "eth0" and "eth1" at either side; false: not as this
 * user. */
static bool cable(void)
{
	static const char *const name[] = { "eth0", "eth1" };

	if (geteuid()) {
		puts("skipped: network namespaces take root");
		return false;
	}
	for (unsigned i = 0; i < 2; i++) {
		netns[i] = sonde_netns_open();
		ck_assert_int_eq(sonde_netns_visit(netns[i], be_mute, NULL), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(sonde_link_pair(netns[0], name[i], netns[1], name[i]), 0);
		for (unsigned k = 0; k < 2; k++)
			ck_assert_int_eq(sonde_link_up(netns[k], name[i]), 0);
		for (unsigned k = 0; k < 2; k++)
			ck_assert_int_eq(sonde_link_carrier(netns[k], name[i]), 1);
	}
	return true;
}

static void uncable(void)
{
	close(netns[0]);
	close(netns[1]);
}

/* The numbers that the kernel gave to those. */
enum { ETH0 = 2 };

/* Fills a frame of an experimental kind, or with an IEEE 802.1Q tag in front of that. */
static void fill(uint8_t *frame, uint32_t len, bool tagged)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5 };
	static const uint8_t tag[] = { 0x81, 0x00, 0xa0, 0x07, 0x88, 0xb5 };

	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + len);
	memcpy(frame, head, sizeof head);
	if (tagged)
		memcpy(frame + 12, tag, sizeof tag);
}

START_TEST(ports_read_what_others_send_byte_by_byte)
{
	static const uint32_t length[] = { 20, 60, 61, 255, 256, 257, 1000, 1514, 1518 };
	struct sonde_ports *a, *b, *beside;
	struct sonde_ports_frame f;
	uint8_t frame[1519];

	if (!cable())
		return;
	ck_assert_int_eq(sonde_ports_open(&a, -1, 1500, 1 << 20), -EBADF);
	ck_assert_int_eq(sonde_ports_open(&a, netns[0], 1500, 1 << 20), 0);
	ck_assert_int_eq(sonde_ports_open(&b, netns[1], 1500, 1 << 20), 0);
	ck_assert_int_eq(sonde_ports_open(&beside, netns[0], 1500, 1 << 20), 0);
	for (unsigned i = 0; i < 4 * sizeof length / sizeof *length; i++) {
		struct pollfd p = { sonde_ports_fd(b), POLLIN, 0 };
		struct sonde_ports_bytes one = { ETH0 + i % 2, frame, length[i / 4] };
		bool tagged = i / 2 % 2;

		if (one.len == 1518 && !tagged)
			continue; /* only with a tag may it be as long */
		fill(frame, one.len, tagged);
		ck_assert_int_eq(sonde_ports_send(a, &one, 1), 1);
		ck_assert_int_eq(poll(&p, 1, 5000), 1);
		ck_assert_int_eq(sonde_ports_read(b, &f), 1);
		ck_assert_uint_eq(f.index, one.index);
		ck_assert_uint_eq(f.len, one.len);
		ck_assert_mem_eq(f.at, frame, one.len);
		ck_assert(!f.missed);
		sonde_ports_free(b);
		ck_assert_int_eq(sonde_ports_read(b, &f), 0);
		ck_assert_int_eq(sonde_ports_read(a, &f), 0);
		ck_assert_int_eq(sonde_ports_read(beside, &f), 0); /* only what comes is read */
	}
	ck_assert_uint_eq(sonde_ports_missed(b), 0);
	ck_assert_int_eq(sonde_ports_send(a, &(struct sonde_ports_bytes){ ETH0, frame, 1519 }, 1),
			 -EMSGSIZE);
	ck_assert_int_eq(sonde_ports_send(a, &(struct sonde_ports_bytes){ 77, frame, 60 }, 1),
			 -ENXIO);
	ck_assert_ptr_null(sonde_ports_close(a));
	ck_assert_ptr_null(sonde_ports_close(b));
	ck_assert_ptr_null(sonde_ports_close(beside));
	uncable();
}
END_TEST

/* As where an interface is given a larger packet later on. */
START_TEST(a_frame_without_all_its_bytes_is_missed)
{
	struct sonde_ports *a, *b;
	struct sonde_ports_frame f;
	uint8_t frame[1000];

	if (!cable())
		return;
	ck_assert_int_eq(sonde_ports_open(&a, netns[0], 1500, 1 << 20), 0);
	ck_assert_int_eq(sonde_ports_open(&b, netns[1], 100, 1 << 20), 0);
	fill(frame, sizeof frame, false);
	ck_assert_int_eq(sonde_ports_send(a,
					  (struct sonde_ports_bytes[2]){ { ETH0, frame, 1000 },
									 { ETH0, frame, 60 } },
					  2),
			 2);
	ck_assert_int_eq(poll(&(struct pollfd){ sonde_ports_fd(b), POLLIN, 0 }, 1, 5000), 1);
	while (!sonde_ports_read(b, &f))
		;
	ck_assert_uint_eq(f.len, 60);
	ck_assert(f.missed);
	ck_assert_uint_eq(sonde_ports_missed(b), 1);
	ck_assert_uint_eq(sonde_ports_missed(b), 0);
	sonde_ports_close(a);
	sonde_ports_close(b);
	uncable();
}
END_TEST

/* What the hooks hear: how many left, whether in order, and when to end. */
struct heard {
	struct sonde_relay *relay;
	unsigned echoes; /* frames that are kept when they are heard of, inside and due at once */
	sonde_ns due;
	uint32_t number;
	unsigned left, wanted;
	int control;
};

struct label {
	sonde_ns due;
	uint32_t number;
};

static void left(void *arg, const void *note, sonde_ns out, int err, uint8_t *frame, uint32_t len)
{
	const struct label *l = note;
	struct heard *h = arg;

	ck_assert_int_eq(err, 0);
	ck_assert_uint_ge(out, l->due);
	ck_assert_uint_ge(l->due, h->due);
	if (h->left && l->due == h->due)
		ck_assert_uint_gt(l->number, h->number);
	ck_assert_uint_eq(len, 60);
	ck_assert_uint_eq(frame[59], 59 * 7 + 60 - 256);
	h->due = l->due;
	h->number = l->number;
	if (h->echoes && frame[14] && h->left % 50 < 2) { /* one that stayed inside */
		h->echoes--;
		ck_assert_ptr_nonnull(sonde_relay_keep(
			h->relay, &(struct sonde_relay_item){
					  .port = SONDE_RELAY_INSIDE,
					  .due = l->due,
					  .frame = frame,
					  .len = len,
					  .note = &(struct label){ l->due, 1000000 + h->left },
					  .note_len = sizeof *l }));
	}
	if (++h->left == h->wanted)
		close(h->control);
}

static void nothing_comes(void *arg, int port, sonde_ns at, uint8_t *frame, uint32_t len)
{
	(void)arg, (void)port, (void)at, (void)frame, (void)len;
	ck_abort_msg("a frame came");
}

static void nothing_is_missed(void *arg, uint64_t n)
{
	(void)arg, (void)n;
	ck_abort_msg("a frame was missed");
}

static int end(void *arg, int control)
{
	char byte;

	(void)arg;
	return recv(control, &byte, 1, 0) == 0 ? 7 : -EIO;
}

/* 2,000 frames that are due in the last and the next 100 ms, many at the same time, some to be
 * sent precisely. */
static void let_leave(struct sonde_relay *r, struct heard *h, int port)
{
	sonde_ns now = sonde_clock_now();
	uint64_t random = 1;
	uint8_t frame[60];
	int control[2];

	fill(frame, sizeof frame, false);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	*h = (struct heard){ .relay = r,
			     .echoes = port == SONDE_RELAY_INSIDE ? 10 : 0,
			     .wanted = port == SONDE_RELAY_INSIDE ? 2010 : 2000,
			     .control = control[0] };
	for (uint32_t i = 0; i < 2000; i++) {
		struct label l = { .number = i };
		struct sonde_relay_item item = { .port = port && i & 1 ? port : (int)(i & 1),
						 .frame = frame,
						 .len = sizeof frame,
						 .note = &l,
						 .note_len = sizeof l };

		random = random * 6364136223846793005 + 1442695040888963407;
		item.due = l.due = now - 100 * SONDE_MILLISECOND +
				   (random >> 33) % 200 * SONDE_MILLISECOND +
				   (i & 1) * ((random >> 41) % 1000 * SONDE_MICROSECOND);
		item.precise = random >> 40 & 1;
		frame[14] = i & 1;
		ck_assert_ptr_nonnull(sonde_relay_keep(r, &item));
	}
	ck_assert_int_eq(sonde_relay_run(r, control[1]), 7);
	ck_assert_uint_eq(h->left, h->wanted);
	close(control[1]);
}

START_TEST(frames_leave_in_the_order_in_which_they_are_due)
{
	struct heard h;
	const struct sonde_relay_hooks hooks = { &h, nothing_comes, nothing_is_missed, left, end };
	struct sonde_ports *far;
	struct sonde_ports_frame f;
	struct sonde_relay *r;
	unsigned came = 0;

	if (!cable())
		return;
	ck_assert_int_eq(sonde_relay_open(&r,
					  &(struct sonde_relay_ports){ netns[0], ETH0, 2, 1500 },
					  &hooks),
			 0);
	ck_assert_int_eq(sonde_ports_open(&far, netns[1], 1500, 8 << 20), 0);
	let_leave(r, &h, 0);
	for (; sonde_ports_read(far, &f) > 0; came++) {
		ck_assert_uint_eq(f.index, ETH0 + (f.at[14] & 1));
		sonde_ports_free(far);
	}
	ck_assert_uint_eq(came, 2000);
	let_leave(r, &h, SONDE_RELAY_INSIDE); /* of these every other one is only told */
	for (; sonde_ports_read(far, &f) > 0; came++)
		sonde_ports_free(far);
	ck_assert_uint_eq(came, 3000);
	sonde_ports_close(far);
	ck_assert_ptr_null(sonde_relay_close(r));
	uncable();
}
END_TEST

static void count(void *arg, const void *note, sonde_ns out, int err, uint8_t *frame, uint32_t len)
{
	struct heard *h = arg;

	(void)note, (void)out, (void)err, (void)frame, (void)len;
	if (++h->left == h->wanted)
		close(h->control);
}

/* 64 MB; and what has left makes room. */
START_TEST(what_is_kept_has_a_bound)
{
	struct heard h = { 0 };
	const struct sonde_relay_hooks hooks = { &h, nothing_comes, nothing_is_missed, count, end };
	static uint8_t frame[64 << 10];
	struct sonde_relay_item item = { .port = SONDE_RELAY_INSIDE,
					 .frame = frame,
					 .len = sizeof frame,
					 .note = "",
					 .note_len = 1 };
	struct sonde_relay *r;
	int control[2];

	if (!cable())
		return;
	ck_assert_int_eq(sonde_relay_open(&r,
					  &(struct sonde_relay_ports){ netns[0], ETH0, 2, 1500 },
					  &hooks),
			 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
		h = (struct heard){ .control = control[0] };
		while (h.wanted < 2000 && sonde_relay_keep(r, &item))
			h.wanted++;
		ck_assert_uint_le(h.wanted, 1024);
		ck_assert_uint_gt(h.wanted, 1000);
		ck_assert_int_eq(sonde_relay_run(r, control[1]), 7);
		close(control[1]);
	}
	sonde_relay_close(r);
	uncable();
}
END_TEST

Suite *relay_suite(void)
{
	Suite *s = suite_create("relay");
	TCase *c = tcase_create("relay");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, a_stamp_of_the_wall_clock_becomes_a_monotonic_time);
	tcase_add_test(c, setting_the_wall_clock_moves_no_packet);
	tcase_add_test(c, ports_read_what_others_send_byte_by_byte);
	tcase_add_test(c, a_frame_without_all_its_bytes_is_missed);
	tcase_add_test(c, frames_leave_in_the_order_in_which_they_are_due);
	tcase_add_test(c, what_is_kept_has_a_bound);
	suite_add_tcase(s, c);
	return s;
}
