/* Any text as a packet in words. What is understood is made, cut into fragments, said again, and
 * made again the same; as a pattern it is held against what it made. What is not is told where and
 * why. */
#include "tests/fuzz/craft.h"

/* Words that say long packets are many, and slow: what is made of any text is short. */
enum { MADE_MOST = 1 << 13 };

static uint8_t made[MADE_MOST];

static struct sonde_craft_var names[] = {
	{ .name = "a", .known = true, .value = 7 },
	{ .name = "b" },
};

static bool file(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	(void)arg;
	*ret_why = "there is none";
	*ret = (struct sonde_bytes){ (const uint8_t *)name, strlen(name) };
	return *name == 'f';
}

static int take(void *arg, const uint8_t *byte, uint32_t len)
{
	unsigned *sum = arg;

	for (uint32_t i = 0; i < len; i++)
		*sum += byte[i];
	return 0;
}

/* The packet of a turn, if it can be made, is said and made again. */
static void turn(const struct sonde_craft *c, const struct sonde_craft_vars *vars, uint64_t n)
{
	struct sonde_craft_turn t = { .n = n, .seed = 3, .vars = vars };
	struct sonde_packet p;
	struct sonde_draft d, e;
	unsigned sum = 0;
	size_t at;
	int r;

	sonde_draft_init(&d, made, sizeof made);
	if ((r = sonde_craft_encode(c, &t, &d)) < 0)
		return;
	stop_unless((uint32_t)r == d.p.len && d.p.len <= sizeof made);
	sonde_craft_contradicts(c, &d, &at);
	sonde_craft_send(c, &d, take, &sum);
	sonde_decode(&p, d.p.byte, d.p.len, d.p.len, d.p.n ? d.p.layer[0].shape : SONDE_NONE);
	stop_unless_returns(&p);
	sonde_draft_init(&e, again, sizeof again); /* the same turn is the same packet */
	stop_unless(sonde_craft_encode(c, &t, &e) == r && !memcmp(made, again, (size_t)r));
}

static void as_pattern(const char *text, size_t len, const struct sonde_draft *d)
{
	struct sonde_craft_vars vars = { .of = names, .n = 2 };
	struct sonde_craft_world world = { .vars = &vars, .pattern = true, .file = file };
	struct sonde_craft_error error;
	struct sonde_craft *c;
	struct sonde_packet p;
	struct sonde_text why;

	if (!sonde_craft_parse(&c, &arena, text, len, &world, NULL, &error))
		return;
	sonde_decode(&p, d->p.byte, d->p.len, d->p.len, d->p.n ? d->p.layer[0].shape : SONDE_ip);
	sonde_text_init(&why, more_words, sizeof more_words, NULL, NULL);
	sonde_craft_match(c, &p, &vars, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct sonde_craft_vars vars = { .of = names, .n = 2 };
	struct sonde_craft_world world = { .vars = &vars, .file = file };
	struct sonde_craft_error error = { 0 };
	struct sonde_craft *c;
	struct sonde_draft d;
	const char *text = (const char *)at;

	if (len > 4096)
		return 0;
	names[1].known = false;
	if (!sonde_craft_parse(&c, &arena, text, len, &world, NULL, &error)) {
		stop_unless(error.expected && error.at <= len);
		sonde_arena_rewind(&arena);
		return 0;
	}
	stop_unless(sonde_craft_count(c) >= 1);
	turn(c, &vars, 0);
	turn(c, &vars, sonde_craft_count(c) / 2 + 1);
	sonde_draft_init(&d, made, sizeof made);
	if (sonde_craft_encode(c, &(struct sonde_craft_turn){ .vars = &vars }, &d) >= 0)
		as_pattern(text, len, &d);
	sonde_arena_rewind(&arena);
	return 0;
}
