#include "run/resend.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "out/json.h"
#include "packet/beside.h"
#include "packet/summary.h"
#include "probe/say_value.h"
#include "run/resend_inside.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sender.h"
#include "sys/sleep.h"

/* Who was kept from running so long does not make up for it at once. */
#define LAG (100 * SONDE_MILLISECOND)

enum { ROOM = 64 << 10, FAST = 1000 }; /* packets a second: more is a flood to somebody else */

/* clang-format off */
static const struct sonde_column columns[] = { SONDE_RESEND_COLUMNS(SONDE_MEMBER_COLUMN, sonde_resend_record) };
/* clang-format on */
const struct sonde_schema sonde_resend_schema = { "replay", columns,
						  sizeof columns / sizeof *columns };

/* ---- what is asked for ---- */

static int fail(struct sonde_resend *r, int code, const char *doing)
{
	snprintf(r->end->doing, sizeof r->end->doing, "%s", doing);
	return code;
}

static int refuse(struct sonde_resend *r, const char *doing, size_t at, const char *expected,
		  const char *nearest)
{
	snprintf(r->end->why, sizeof r->end->why, "at byte %zu, %s is expected%s%s", at + 1,
		 expected, nearest ? "; the nearest name is " : "", nearest ? nearest : "");
	return fail(r, -EINVAL, doing);
}

static int parse(struct sonde_resend *r)
{
	const struct sonde_resend_plan *plan = r->plan;
	struct sonde_craft_error set;
	struct sonde_match_error match;

	for (unsigned i = 0; i < plan->sets; i++)
		if (!sonde_alter_parse(&r->alter, &r->arena, plan->set[i], &set))
			return refuse(r, plan->set[i], set.at, set.expected, set.nearest);
	if (plan->match &&
	    !sonde_match_parse(&r->match, &r->arena, plan->match, &sonde_beside_schema, &match))
		return refuse(r, plan->match, match.at, match.expected, match.nearest);
	return 0;
}

/* What needs privilege. What is left of it has the kernel ask for neighbours by itself, not for the
 * sake of a datagram to them (sys/way.c). */
static int open_door(struct sonde_resend *r)
{
	const struct sonde_resend_plan *plan = r->plan;
	struct sonde_sender_plan sender = { .by = SONDE_SENDER_RAW,
					    .device = plan->device,
					    .mark = -1 };
	int code = plan->device ? sonde_way_of_device(&r->device, plan->device) : 0;

	if (code)
		return fail(r, code, plan->device);
	r->link = plan->device &&
		  (r->device.hatype == ARPHRD_ETHER || r->device.hatype == ARPHRD_LOOPBACK);
	if (r->link)
		sender.by = plan->xdp ? SONDE_SENDER_XDP : SONDE_SENDER_LINK;
	if (!plan->dry)
		code = sonde_sender_open(&r->sender, &sender);
	sonde_privilege_drop(r->link && !plan->dry ? CAP_NET_ADMIN : -1);
	r->count.by = r->sender ? sonde_sender_mode(r->sender)
		      : r->link ? "packet socket"
				: "raw socket";
	return code ? fail(r, code, plan->device ? plan->device : r->count.by) : 0;
}

/* ---- when each is due ---- */

/* Of one round. */
static sonde_ns round_time(const struct sonde_resend *r)
{
	sonde_ns all = r->packet[r->n - 1].at;

	return r->n == 1 ? SONDE_SECOND : all + all / (r->n - 1);
}

/* Since the first packet. */
static sonde_ns due(const struct sonde_resend *r, uint64_t k)
{
	const struct sonde_resend_plan *plan = r->plan;

	if (plan->flood)
		return 0;
	if (plan->rate)
		return k / plan->rate * SONDE_SECOND + k % plan->rate * SONDE_SECOND / plan->rate;
	return k / r->n * round_time(r) + r->packet[k % r->n].at;
}

static uint64_t total(const struct sonde_resend *r)
{
	uint64_t loops = r->plan->loops;

	return !loops || loops > UINT64_MAX / r->n ? UINT64_MAX : loops * r->n;
}

static int refuse_harm(struct sonde_resend *r)
{
	uint64_t all = total(r), seen = all < 4 * FAST ? all : 4 * FAST;
	bool fast = all > FAST && (r->plan->flood || seen * SONDE_SECOND / FAST > due(r, seen - 1));

	if (r->plan->meant || !r->stranger || !(fast || r->spoofed || r->alter.varies))
		return 0;
	snprintf(r->end->why, sizeof r->end->why,
		 "%s an address that is neither local nor private takes --i-mean-it",
		 r->spoofed ? "a source that is not this machine's, to"
		 : fast	    ? "more than 1000 packets a second to"
			    : "values that vary, in packets to");
	return -EINVAL;
}

/* ---- sending ---- */

/* A field that varies has another value each time. */
static void put(struct sonde_resend *r, uint64_t k)
{
	const struct sonde_resend_packet *s = &r->packet[k % r->n];
	struct sonde_craft_turn turn = { .n = k, .seed = r->plan->seed };
	uint8_t *room = sonde_sender_room(r->sender);
	struct sonde_packet p;

	memcpy(room, s->byte, s->len);
	if (r->alter.varies) {
		sonde_decode_link(&p, room, s->len, s->len, r->link ? 1 : 101);
		sonde_alter_packet(&r->alter, &p, room, &turn);
	}
	sonde_sender_put_room(r->sender, s->len);
}

/* Waits until the packet is due; what is gathered leaves before. */
static void wait_for(struct sonde_resend *r, sonde_ns *began, uint64_t k)
{
	sonde_ns at = due(r, k), now = sonde_clock_now();

	if (now > *began + at + LAG)
		*began = now - at;
	while (now < *began + at && !sonde_sleep_signal()) {
		sonde_sender_flush(r->sender);
		sonde_sleep_for(NULL, 0, *began + at - now);
		now = sonde_clock_now();
	}
}

static void send_all(struct sonde_resend *r)
{
	sonde_ns started = sonde_clock_now(), began = started;
	struct sonde_sender_count count;
	uint64_t all = total(r), k;

	for (k = 0; k < all && !sonde_sleep_signal(); k++) {
		if (!r->plan->flood)
			wait_for(r, &began, k);
		if (!sonde_sleep_signal())
			put(r, k);
	}
	sonde_sender_flush(r->sender);
	sonde_sender_drain(r->sender);
	count = sonde_sender_count(r->sender);
	r->count.duration_ns = sonde_clock_now() - started;
	r->count.sent = count.sent;
	r->count.bytes = count.bytes;
	r->count.refused = count.refused;
	if (count.error)
		r->count.refusal = sonde_reason_text(-count.error);
	r->end->met = r->end->met && !count.refused && (k == all || !r->plan->loops);
}

/* ---- telling ---- */

static void say_packets(struct sonde_resend *r, struct sonde_text *t)
{
	for (uint64_t k = 0; k < r->n && !sonde_sleep_signal(); k++) {
		const struct sonde_resend_packet *s = &r->packet[k];
		struct sonde_packet p;

		sonde_decode_link(&p, s->byte, s->len, s->len, r->link ? 1 : 101);
		sonde_text_print(t, "would %llu  +%.6f  ", (unsigned long long)s->number,
				 (double)due(r, k) / 1e9);
		sonde_text_end(t, sonde_summary(sonde_text_room(t, SONDE_SUMMARY_MAX), &p));
		sonde_text_str(t, "\n");
	}
}

static void say_plan(struct sonde_resend *r, struct sonde_text *t)
{
	const struct sonde_resend_plan *plan = r->plan;

	sonde_text_print(t, "%s %llu packet%s of ", plan->dry ? "would send" : "sends",
			 (unsigned long long)r->n, r->n == 1 ? "" : "s");
	sonde_say_name(t, plan->file);
	sonde_text_print(t, " by %s", r->count.by);
	if (plan->device) {
		sonde_text_str(t, " on ");
		sonde_say_name(t, plan->device);
	}
	if (plan->flood)
		sonde_text_str(t, ", as fast as can be");
	else if (plan->rate)
		sonde_text_print(t, ", %u a second", plan->rate);
	else
		sonde_text_print(t, ", in %.3f s", (double)r->packet[r->n - 1].at / 1e9);
	if (!plan->loops)
		sonde_text_str(t, ", again and again");
	else if (plan->loops > 1)
		sonde_text_print(t, ", %llu times", (unsigned long long)plan->loops);
	if (r->count.renumbered)
		sonde_text_print(t, "; %llu of them get an identification by the raw socket",
				 (unsigned long long)r->count.renumbered);
	sonde_text_str(t, "\n");
	sonde_text_flush(t);
}

static void say_skipped(struct sonde_resend *r, struct sonde_text *t)
{
	static const char *const words[] = {
		NULL,
		"cut",
		"of a foreign link",
		"too large",
		"without a way there",
		"only by a frame",
	};
	const char *before = "; left out: ";

	for (unsigned i = SONDE_RESEND_FINE + 1; i < SONDE_RESEND_WRONGS; i++)
		if (r->wrong[i]) {
			sonde_text_print(t, "%s%llu %s", before, (unsigned long long)r->wrong[i],
					 words[i]);
			before = ", ";
		}
}

static void say_end(struct sonde_resend *r, struct sonde_text *t)
{
	const struct sonde_resend_record *c = &r->count;

	if (r->plan->json) {
		sonde_json_record(t, &sonde_resend_schema, c);
		return;
	}
	if (r->plan->dry)
		sonde_text_print(t, "%llu packets would be sent", (unsigned long long)r->n);
	else
		sonde_text_print(t, "%llu packet%s sent, %llu bytes, in %.3f s: %.0f a second",
				 (unsigned long long)c->sent, c->sent == 1 ? "" : "s",
				 (unsigned long long)c->bytes, (double)c->duration_ns / 1e9,
				 c->duration_ns ? (double)c->sent * 1e9 / (double)c->duration_ns
						: 0.0);
	if (c->refused != SONDE_ABSENT && c->refused)
		sonde_text_print(t, ", %llu refused, the first one by: %s",
				 (unsigned long long)c->refused, c->refusal);
	say_skipped(r, t);
	if (r->plan->sets)
		sonde_text_print(t, "; %llu have a field that was set",
				 (unsigned long long)c->altered);
	sonde_text_str(t, "\n");
}

static void take_counts(struct sonde_resend *r)
{
	struct sonde_resend_record *c = &r->count;

	c->packets = r->n;
	c->cut = r->wrong[SONDE_RESEND_CUT];
	c->foreign = r->wrong[SONDE_RESEND_FOREIGN];
	c->large = r->wrong[SONDE_RESEND_LARGE];
	c->wayless = r->wrong[SONDE_RESEND_WAYLESS];
	c->mended = r->wrong[SONDE_RESEND_MENDED];
	c->rounds = r->plan->loops ? r->plan->loops : SONDE_ABSENT;
}

static int run(struct sonde_resend *r, struct sonde_text *t)
{
	const struct sonde_resend_plan *plan = r->plan;
	int code = parse(r);

	if (!code)
		code = open_door(r);
	if (code)
		return code;
	code = sonde_resend_load(r);
	sonde_privilege_drop(-1);
	if (!code)
		code = refuse_harm(r);
	if (code)
		return fail(r, code, plan->file);
	take_counts(r);
	if (!plan->json)
		say_plan(r, t);
	if (!plan->dry)
		send_all(r);
	else if (!plan->json && !plan->quiet)
		say_packets(r, t);
	say_end(r, t);
	return 0;
}

int sonde_resend_run(const struct sonde_resend_plan *plan, struct sonde_resend_end *end)
{
	struct sonde_resend r = { .plan = plan, .end = end };
	char *room = malloc(ROOM);
	struct sonde_text t;
	int fd = plan->out, code, said;

	if (!room)
		abort();
	*end = (struct sonde_resend_end){ .met = false };
	sonde_record_clear(&sonde_resend_schema, &r.count);
	r.count.file = plan->file;
	r.count.interface = plan->device;
	r.count.passed = r.count.renumbered = r.count.altered = 0;
	sonde_text_init(&t, room, ROOM, sonde_file_sink, &fd);
	sonde_sleep_init();
	code = run(&r, &t);
	said = sonde_text_flush(&t);
	sonde_sleep_done();
	sonde_sender_close(r.sender);
	sonde_arena_done(&r.arena);
	free(room);
	return code ? code : said;
}
