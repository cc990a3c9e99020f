/* Any frame to simulated routers of any profile: what they send is whole, goes back to who asked,
 * and has right sums unless the profile wants wrong ones. An input is the profile, a zero, the
 * frame. */
#include "lab/sim.h"
#include "packet/derive.h"
#include "packet/packet.h"
#include "tests/fuzz/fuzz.h"

enum { PROFILE_MOST = 400, FRAME_MOST = 70000 };

static struct sonde_arena arena;
static const struct sonde_lab *heard_by;
static const uint8_t *heard;
static bool bad_sums;

static void emit(void *arg, sonde_ns due, const uint8_t *frame, size_t len)
{
	uint8_t *exact = malloc(len);
	struct sonde_packet p;
	struct sonde_verdict v;

	(void)arg;
	stop_unless(due >= 1000 && len >= 34);
	memcpy(exact, frame, len);
	stop_unless(!memcmp(exact, heard + 6, 6) || heard[12] == 8); /* ARP: to who says it asks */
	stop_unless(!memcmp(exact + 6, heard_by->link[0].end[1].mac, 6));
	sonde_decode(&p, exact, (uint32_t)len, (uint32_t)len, SONDE_eth);
	stop_unless(p.n >= 2);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	for (unsigned d = 0; d < p.n && d < 3 && !bad_sums; d++)
		stop_unless(!v.wrong[d]);
	free(exact);
}

static void hear(struct sonde_sim *s, const uint8_t *frame, size_t len)
{
	struct sonde_sim before = *s;
	int sent;

	heard = frame;
	sent = sonde_sim_hear(s, 1000, frame, len, emit, NULL);
	stop_unless(sent >= 0 && sent <= 101);
	stop_unless(s->lab == before.lab && s->buf == before.buf);
}

/* As it came, and with its lengths and sums mended and sent to the sim. */
static void hear_both(struct sonde_sim *s, const uint8_t *frame, size_t len)
{
	static const uint32_t none[SONDE_LAYERS];
	uint8_t *exact = malloc(len ? len : 1);
	struct sonde_packet p;

	memcpy(exact, frame, len);
	hear(s, exact, len);
	if (len >= 14) {
		memcpy(exact, heard_by->link[0].end[1].mac, 6);
		hear(s, exact, len);
		sonde_decode(&p, exact, (uint32_t)len, (uint32_t)len, SONDE_eth);
		for (unsigned d = 0; d < p.n; d++)
			if (p.layer[d].end > len)
				p.layer[d].end = (uint32_t)len;
		sonde_fill(&p, exact, none);
		hear(s, exact, len);
	}
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t n = zero ? (size_t)(zero - at) : len, rest = zero ? len - n - 1 : 0;
	char text[PROFILE_MOST + 64];
	struct sonde_lab_error e = { 0 };
	struct sonde_lab lab;
	struct sonde_sim s;

	if (n > PROFILE_MOST || rest > FRAME_MOST)
		return 0;
	snprintf(text, sizeof text, "host h\nsim s {%.*s\n}\nlink h s\n", (int)n, (const char *)at);
	if (sonde_lab_parse(&lab, &arena, text, strlen(text), &e) < 0 ||
	    sonde_lab_plan(&lab, &e) < 0) {
		stop_unless(e.line && e.text && *e.text);
	} else if (lab.nodes == 2 && lab.links == 1 && lab.node[1].kind == SONDE_LAB_SIM &&
		   lab.link[0].end[1].node == 1) {
		bad_sums = false;
		for (unsigned i = 0; i < lab.node[1].sim->hops; i++)
			bad_sums |= lab.node[1].sim->hop[i].bad_sum;
		heard_by = &lab;
		sonde_sim_init(&s, &arena, &lab, 1);
		hear_both(&s, at + len - rest, rest);
	}
	sonde_arena_rewind(&arena);
	return 0;
}
