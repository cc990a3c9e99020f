/* Any text as a script, gone through in invented time with any packets as answers: it comes to an
 * end, what is wrong has a place in the text, and what is told is one thing for each point. An
 * input is the text, a zero, and packets, each behind its length. */
#include "probe/script.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MOST = 2000, STEPS = 3000, HEARD = 200, SENT = 500 };

static void hear_one(struct sonde_script *s, struct steps *rest, sonde_ns now)
{
	static const uint16_t links[] = { 1, 101, 276, 113 };
	uint16_t link = links[next_byte(rest) % 4];
	size_t len = next_byte(rest);

	len = len < rest->len ? len : rest->len;
	sonde_script_hear(s, &(struct sonde_frame){ .when = now,
						    .byte = { rest->at, len },
						    .wire = (uint32_t)len,
						    .link = link });
	rest->at += len;
	rest->len -= len;
}

static void check_told(const struct sonde_script_point *p, uint64_t *told)
{
	stop_unless(p->n == ++*told);
	stop_unless(p->text && p->kind && p->line);
	stop_unless(!strcmp(p->status, "not ok") == (p->why != NULL));
	if (p->packet)
		stop_unless_harmless(p->packet, strlen(p->packet), false);
	if (p->nearest)
		stop_unless_harmless(p->nearest, strlen(p->nearest), false);
}

static void play(struct sonde_script *s, struct steps *rest)
{
	sonde_ns now = SONDE_SECOND;
	struct sonde_script_record all;
	struct sonde_script_step step;
	unsigned n = 0, heard = 0, sent = 0;
	uint64_t told = 0;

	while (n++ < STEPS && (step = sonde_script_step(s, now)).is != SONDE_STEP_DONE) {
		switch (step.is) {
		case SONDE_STEP_TELL: check_told(step.point, &told); break;
		case SONDE_STEP_SEND:
			stop_unless(step.packet->p.len <= SONDE_SCRIPT_PACKET);
			sonde_script_sent(s, sent++ < SENT ? NULL : "enough");
			break;
		default:
			stop_unless(step.is == SONDE_STEP_WAIT && step.until > now);
			if (step.listens && rest->len && heard++ < HEARD)
				hear_one(s, rest, now);
			else
				now = step.until;
		}
	}
	if (n > STEPS) {
		sonde_script_stop(s, now, "enough");
		while (n++ < 2 * STEPS && (step = sonde_script_step(s, now)).is == SONDE_STEP_TELL)
			check_told(step.point, &told);
	}
	sonde_script_told(s, now, &all);
	stop_unless(all.points == all.ok + all.failed + all.unreached && all.points == told);
	stop_unless(all.failed <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t n = zero ? (size_t)(zero - at) : len;
	struct steps rest = { at + n + (zero != NULL), len - n - (zero != NULL) };
	struct sonde_script_world world = {
		.given = &(struct sonde_script_given){ "given", "10.0.0.1" },
		.n = zero && len > n + 1 ? zero[1] & 1 : 0,
	};
	struct sonde_arena arena = { 0 };
	struct sonde_craft_error e = { .at = 0 };
	struct sonde_script *s = NULL;

	if (n > TEXT_MOST)
		return 0;
	if (!sonde_script_parse(&s, &arena, (const char *)at, n, &world, &e))
		play(s, &rest);
	else
		stop_unless((e.at <= n || e.at == SIZE_MAX) && e.expected);
	sonde_script_done(s);
	sonde_arena_done(&arena);
	return 0;
}
