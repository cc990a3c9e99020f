/* Packets in words by chance, of every protocol: made, read, and said again in the same words; and
 * bytes by chance: said, and made again the same. SONDE_CRAFT_CASES=1000000 tries as many of both
 * together, SONDE_CRAFT_SEED others of them. */
#include <stdio.h>

#include "tests/craft_made.h"

#include "tests/craft_chance.h"

Suite *craft_random_suite(void);

enum { CASES = 20000, SPEC_MOST = 1 << 16, SEED_STEP = 7919 };

static char spec[SPEC_MOST], other[SPEC_MOST];
static uint8_t kept[CRAFT_MOST];
static uint64_t seed_now;

/* By protocol. */
static unsigned long said[SONDE_PROTOCOLS], same_words[SONDE_PROTOCOLS], bytes_of[SONDE_PROTOCOLS];

/* The counts by protocol, of which none may be 0. */
static void tell(const char *what, const unsigned long n[static SONDE_PROTOCOLS],
		 const unsigned long *of)
{
	printf("craft_random, %s:", what);
	for (unsigned i = 1; i < SONDE_PROTOCOLS; i++)
		printf(of ? " %s %lu/%lu" : " %s %lu", sonde_shapes[i].name, n[i], of ? of[i] : 0);
	printf("\n");
	for (unsigned i = 1; i < SONDE_PROTOCOLS; i++)
		ck_assert_msg(n[i] && (!of || of[i]), "none of %s", sonde_shapes[i].name);
}

static unsigned long cases(void)
{
	const char *asked = getenv("SONDE_CRAFT_CASES");

	return (asked ? strtoul(asked, NULL, 0) : CASES) / 2;
}

static uint64_t seed_of(unsigned long i)
{
	const char *asked = getenv("SONDE_CRAFT_SEED");

	return sonde_random_at((asked ? strtoull(asked, NULL, 0) : 1) * SEED_STEP + i);
}

static enum sonde_shape wanted(unsigned long i)
{
	return 1 + i % (SONDE_PROTOCOLS - 1);
}

/* Made into craft_bytes; false: an option too many for its header. */
static bool make(const char *text, size_t len, struct sonde_draft *d)
{
	struct sonde_craft_turn turn = { .n = 0 };
	struct sonde_craft_error error;
	struct sonde_craft *c = NULL;
	int r;

	ck_assert_msg(sonde_craft_parse(&c, &craft_arena, text, len, NULL, NULL, &error),
		      "seed %#llx: %.2000s: at %zu: expected %s", (unsigned long long)seed_now,
		      text, error.at, error.expected);
	sonde_draft_init(d, craft_bytes, CRAFT_MOST);
	r = sonde_craft_encode(c, &turn, d);
	ck_assert_msg(r >= 0 || r == SONDE_NO_ROOM_FOR_OPTION, "seed %#llx: %.2000s: %s",
		      (unsigned long long)seed_now, text, sonde_reason_text(r));
	return r >= 0;
}

/* Whether the packet is read with the very headers that were said. */
static bool read_as_said(const struct sonde_draft *d, const struct sonde_packet *p)
{
	if (p->n != d->p.n || p->stop == SONDE_STOP_MALFORMED)
		return false;
	for (unsigned i = 0; i < p->n; i++)
		if (p->layer[i].shape != d->p.layer[i].shape ||
		    p->layer[i].at != d->p.layer[i].at || p->layer[i].head != d->p.layer[i].head ||
		    p->layer[i].end != d->p.layer[i].end)
			return false;
	return true;
}

/* In words, and from these the same bytes. */
static void returns(const struct sonde_packet *p, const char *from)
{
	const char *words = craft_said(p);
	struct sonde_draft d;

	memcpy(kept, p->byte, p->len);
	ck_assert_msg(make(words, strlen(words), &d), "seed %#llx: %.2000s: not made again",
		      (unsigned long long)seed_now, words);
	ck_assert_msg(d.p.len == p->len && !memcmp(kept, d.p.byte, p->len),
		      "seed %#llx: %.2000s: %u bytes, said as %.2000s: %u",
		      (unsigned long long)seed_now, from, p->len, words, d.p.len);
}

/* Said again, it is the same text. */
static void comes_back(const struct chance *c, const struct sonde_packet *p, size_t len)
{
	struct chance again = *c;
	struct sonde_draft d;
	struct sonde_packet q;

	for (unsigned i = 0; i < c->n; i++)
		same_words[c->shape[i]]++;
	if (!strcmp(craft_said(p), spec))
		return;
	again.flip = ~c->flip; /* a pin that happens to be right is not said; twice it is not */
	len = chance_spec(&again, seed_now, c->shape[0], other, sizeof other - 1);
	(void)len;
	other[again.t.len] = 0;
	if (!make(spec, strlen(spec), &d))
		return;
	sonde_decode(&q, d.p.byte, d.p.len, d.p.len, d.p.layer[0].shape);
	ck_abort_msg("seed %#llx: %.3000s\ncomes back as %.3000s", (unsigned long long)seed_now,
		     spec, craft_said(&q));
}

static void try_spec(enum sonde_shape shape, bool lies)
{
	struct chance c = { .lies = lies };
	struct sonde_packet p;
	struct sonde_draft d;
	size_t len = chance_spec(&c, seed_now, shape, spec, sizeof spec - 1);

	ck_assert_int_eq(c.t.error, 0);
	spec[len] = 0;
	if (!make(spec, len, &d))
		return;
	for (unsigned i = 0; i < c.n; i++)
		said[c.shape[i]]++;
	sonde_decode(&p, d.p.byte, d.p.len, d.p.len, c.shape[0]);
	if (!lies && read_as_said(&d, &p))
		comes_back(&c, &p, len);
	returns(&p, spec);
}

START_TEST(random_packets_come_back_in_the_same_words)
{
	for (unsigned long i = 0; i < cases(); i++) {
		seed_now = seed_of(i);
		try_spec(wanted(i), i / SONDE_PROTOCOLS % 4 == 3);
		sonde_arena_rewind(&craft_arena);
	}
	tell("packets said with it, and those of them that are read as said", said, same_words);
}
END_TEST

/* ---- bytes ---- */

/* A packet's bytes with a few of them changed, lost or added. Returns how many there are. */
static uint32_t change(struct chance *c, uint8_t *at, uint32_t len)
{
	for (unsigned n = 1 + chance_of(c, 4); n-- && len;) {
		uint32_t from = chance_of(c, len), rest = len - from;

		switch (chance_of(c, 6)) {
		case 0: at[from] = (uint8_t)chance_number(c, 8); break;
		case 1: at[from] ^= (uint8_t)(1u << chance_of(c, 8)); break;
		case 2: memset(at + from, 0, chance_of(c, rest + 1)); break;
		case 3: len = from + chance_of(c, rest + 1); break;
		case 4:
			memmove(at + from, at + from + 1, rest - 1);
			len--;
			break;
		default: memmove(at + from + 1, at + from, rest); len++;
		}
	}
	return len;
}

static void try_bytes(enum sonde_shape shape)
{
	static uint8_t changed[CRAFT_MOST];
	struct chance c = { .lies = true };
	struct sonde_packet p;
	struct sonde_draft d;
	uint32_t len, wire;

	spec[chance_spec(&c, seed_now, shape, spec, sizeof spec - 1)] = 0;
	if (!make(spec, strlen(spec), &d))
		return;
	memcpy(changed, d.p.byte, d.p.len);
	len = change(&c, changed, d.p.len);
	wire = len + (chance_once_in(&c, 8) ? chance_of(&c, 50) : 0);
	sonde_decode(&p, changed, len, wire, chance_once_in(&c, 4) ? shape : c.shape[0]);
	for (unsigned i = 0; i < p.n; i++)
		bytes_of[p.layer[i].shape]++;
	returns(&p, spec);
}

START_TEST(random_bytes_come_back_from_their_words)
{
	for (unsigned long i = 0; i < cases(); i++) {
		seed_now = seed_of(~i);
		try_bytes(wanted(i));
		sonde_arena_rewind(&craft_arena);
	}
	tell("changed packets with it", bytes_of, NULL);
}
END_TEST

START_TEST(another_spelling_is_the_same_packet)
{
	for (unsigned long i = 0; i < cases() / 4; i++) {
		struct chance c = { .loose = false }, loose = { .loose = true };
		struct sonde_draft d;
		uint32_t len;

		seed_now = seed_of(i);
		spec[chance_spec(&c, seed_now, wanted(i), spec, sizeof spec - 1)] = 0;
		other[chance_spec(&loose, seed_now, wanted(i), other, sizeof other - 1)] = 0;
		if (make(spec, strlen(spec), &d)) {
			memcpy(kept, d.p.byte, len = d.p.len);
			ck_assert_msg(make(other, strlen(other), &d) && d.p.len == len &&
					      !memcmp(kept, d.p.byte, len),
				      "%.2000s\nis another packet than %.2000s", other, spec);
		}
		sonde_arena_rewind(&craft_arena);
	}
}
END_TEST

Suite *craft_random_suite(void)
{
	Suite *s = suite_create("craft_random");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 1e6); /* as many as were asked for */
	tcase_add_test(t, random_packets_come_back_in_the_same_words);
	tcase_add_test(t, random_bytes_come_back_from_their_words);
	tcase_add_test(t, another_spelling_is_the_same_packet);
	suite_add_tcase(s, t);
	return s;
}
