#include "lab/parse_inside.h"

#include <sys/socket.h>

/* Adds n to an address. */
static void add_to(struct sonde_address *a, unsigned n)
{
	for (unsigned i = a->family == AF_INET ? 4 : 16; i-- > 0; n >>= 8) {
		n += a->ip[i];
		a->ip[i] = (uint8_t)n;
	}
}

static bool has_host_bits(const struct sonde_address *a, unsigned prefix)
{
	struct sonde_address net = *a;

	sonde_lab_network(&net, prefix);
	return !sonde_address_equal(&net, a);
}

static bool usable(const struct sonde_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	if (a->family == AF_INET)
		return a->ip[0] && a->ip[0] != 127 && a->ip[0] < 224;
	return a->ip[0] != 0xff && !(a->ip[0] == 0xfe && a->ip[1] >> 6 == 2) &&
	       memcmp(a->ip, (const uint8_t[15]){ 0 }, 15) != 0 && memcmp(a->ip, mapped, 12) != 0;
}

/* Into the end at ret. */
static const char *read_address(struct sonde_words *w, struct sonde_word value,
				const struct sonde_word_key *key, void *ret)
{
	struct sonde_lab_end *end = ret;
	bool v6 = key->name[1] == '6';
	struct sonde_address a;
	unsigned prefix;

	(void)w;
	if (!sonde_word_network(value, &a, &prefix) || (a.family == AF_INET6) != v6 || !prefix ||
	    prefix > (v6 ? 127 : 31) || !usable(&a))
		return v6 ? "an address with its prefix, such as 2001:db8::1/64, up to /127"
			  : "an address with its prefix, such as 192.0.2.1/30, up to /31";
	*(v6 ? &end->v6 : &end->v4) = a;
	*(v6 ? &end->v6_prefix : &end->v4_prefix) = prefix;
	return NULL;
}

/* Into both ends at ret: the first two addresses of the network. */
static const char *read_network(struct sonde_words *w, struct sonde_word value,
				const struct sonde_word_key *key, void *ret)
{
	struct sonde_lab_end *end = ret;
	bool v6 = key->name[1] == '6';
	const char *expected = read_address(w, value, key, &end[0]);
	struct sonde_address *a = v6 ? &end[0].v6 : &end[0].v4;
	unsigned prefix = v6 ? end[0].v6_prefix : end[0].v4_prefix;
	unsigned first = prefix < (v6 ? 127 : 31);

	if (expected || has_host_bits(a, prefix))
		return v6 ? "a network such as 2001:db8::/64, or ->v6=2001:db8::1/64 for one end"
			  : "a network such as 192.0.2.0/30, or ->v4=192.0.2.1/30 for one end";
	read_address(w, value, key, &end[1]);
	add_to(a, first);
	add_to(v6 ? &end[1].v6 : &end[1].v4, first + 1);
	return NULL;
}

#define IMPAIR(member) offsetof(struct sonde_lab_end, impair.member)
#define IMPAIRMENTS                                                                                \
	{ "delay", sonde_word_time, IMPAIR(delay), 0, 0 },                                         \
		{ "jitter", sonde_word_time, IMPAIR(jitter), 0, 0 },                               \
		{ "loss", sonde_word_chance, IMPAIR(loss), 0, 0 },                                 \
		{ "dup", sonde_word_chance, IMPAIR(dup), 0, 0 },                                   \
		{ "reorder", sonde_word_chance, IMPAIR(reorder), 0, 0 },                           \
		{ "corrupt", sonde_word_chance, IMPAIR(corrupt), 0, 0 },                           \
		{ "rate", sonde_word_rate, IMPAIR(rate), 0, 0 },                                   \
	{                                                                                          \
		"queue", sonde_word_number, IMPAIR(queue), 1, SONDE_LAB_QUEUE                      \
	}
enum { IMPAIRS = 8 };
#define LINK(member) offsetof(struct sonde_lab_link, member)

/* Of one end. */
static const struct sonde_word_key end_keys[] = {
	IMPAIRMENTS,
	{ "v4", read_address, 0, 0, 0 },
	{ "v6", read_address, 0, 0, 0 },
};

/* Of both; the impairments stand here for whoever looks for the nearest word. */
static const struct sonde_word_key link_keys[] = {
	{ "v4", read_network, LINK(end), 0, 0 },
	{ "v6", read_network, LINK(end), 0, 0 },
	{ "mtu", sonde_word_number, LINK(mtu), 1280, 65535 }, /* RFC 8200 section 5 */
	{ "metric", sonde_word_number, LINK(metric), 1, 65535 },
	{ "precise", NULL, LINK(precise), 0, 0 },
	IMPAIRMENTS,
};

struct said {
	uint32_t end[2], both;
};

/* "->delay=5ms" of what leaves the first end, "<-delay=5ms" of what leaves the second, "delay=5ms"
 * of both. */
static int set(struct sonde_words *w, struct sonde_word word, struct sonde_lab_link *l,
	       struct said *said, unsigned keys)
{
	struct sonde_word name, value;
	bool forth = word.len > 2 && !memcmp(word.at, "->", 2);
	bool back = word.len > 2 && !memcmp(word.at, "<-", 2);
	bool impairs = false;
	int r = 0;

	if (forth || back)
		return sonde_words_set(w, (struct sonde_word){ word.at + 2, word.len - 2 },
				       end_keys, keys, &l->end[back], &said->end[back]);
	sonde_word_part(word, '=', &name, &value);
	for (unsigned i = 0; i < IMPAIRS; i++)
		impairs |= sonde_word_is(name, end_keys[i].name);
	if (!impairs && keys > IMPAIRS)
		return sonde_words_set(w, word, link_keys, sizeof link_keys / sizeof *link_keys, l,
				       &said->both);
	for (unsigned e = 0; e < 2 && !r; e++)
		r = sonde_words_set(w, word, end_keys, keys, &l->end[e], &said->end[e]);
	return r;
}

static int check_addresses(struct sonde_words *w, const struct sonde_lab_link *l,
			   const struct said *said)
{
	for (unsigned f = 0; f < 2; f++) {
		const struct sonde_address *a = f ? &l->end[0].v6 : &l->end[0].v4;
		const struct sonde_address *b = f ? &l->end[1].v6 : &l->end[1].v4;
		unsigned p = f ? l->end[0].v6_prefix : l->end[0].v4_prefix;
		unsigned q = f ? l->end[1].v6_prefix : l->end[1].v4_prefix;
		const char *name = end_keys[IMPAIRS + f].name;
		uint32_t one = (said->end[0] | said->end[1]) >> (IMPAIRS + f) & 1;
		struct sonde_address m = *a, n = *b;

		if (one && said->both >> f & 1)
			return sonde_words_fail(w, "%s is said of the link and of an end", name);
		if (!a->family != !b->family)
			return sonde_words_fail(w, "%s is said of one end alone: both, or neither",
						name);
		sonde_lab_network(&m, p);
		sonde_lab_network(&n, q);
		if (a->family && sonde_address_equal(a, b))
			return sonde_words_fail(w, "both ends have the same %s", name);
		if (a->family && (p != q || !sonde_address_equal(&m, &n)))
			return sonde_words_fail(w, "the %s of the ends are of two networks", name);
	}
	return 0;
}

int sonde_parse_link(struct sonde_parse *p)
{
	struct sonde_words *w = &p->words;
	struct sonde_lab *lab = p->lab;
	struct sonde_lab_link l = { .line = w->from, .metric = 1 };
	struct said said = { .both = 0 };
	int a, b, r = 0;

	if (w->n < 3)
		return sonde_words_fail(w,
					"expected: link NODE NODE [delay=TIME] [loss=CHANCE]...");
	if ((a = sonde_parse_node(p, w->word[1])) < 0 || (b = sonde_parse_node(p, w->word[2])) < 0)
		return SONDE_DESCRIPTION;
	if (a == b)
		return sonde_words_fail(w, "a link from %s to itself", lab->node[a].name);
	if (lab->links == SONDE_LAB_LINKS)
		return sonde_words_fail(w, "more than %d links", SONDE_LAB_LINKS);
	if (lab->node[a].kind == SONDE_LAB_SIM && lab->node[b].kind == SONDE_LAB_SIM)
		return sonde_words_fail(w, "a link between two sims, which begin nothing");
	l.end[0].node = (unsigned)a;
	l.end[1].node = (unsigned)b;
	for (unsigned i = 3; i < w->n && !r; i++)
		r = set(w, w->word[i], &l, &said, sizeof end_keys / sizeof *end_keys);
	if (r < 0 || (r = check_addresses(w, &l, &said)) < 0)
		return r;
	l.impaired = (said.end[0] | said.end[1]) & ((1u << IMPAIRS) - 1);
	lab->link = sonde_parse_more(lab->arena, lab->link, lab->links, sizeof l);
	lab->link[lab->links++] = l;
	return 0;
}

int sonde_lab_impair_parse(struct sonde_lab_link *link, struct sonde_arena *arena, const char *text,
			   size_t len, struct sonde_lab_error *ret_error)
{
	struct sonde_lab_link l = *link;
	struct said said = { .both = 0 };
	struct sonde_words w;
	int r;

	sonde_words_init(&w, arena, text, len, 1, ret_error);
	if ((r = sonde_words_next(&w)) < 0)
		return r;
	if (!r || w.block)
		return sonde_words_fail(&w, "expected words such as delay=20ms ->loss=1%%");
	if (!l.impaired)
		return sonde_words_fail(&w, "this link is a plain cable: only one that has an "
					    "impairment in the description, such as delay=0, "
					    "can be changed");
	for (unsigned i = 0; i < w.n; i++)
		if ((r = set(&w, w.word[i], &l, &said, IMPAIRS)) < 0)
			return r;
	if ((r = sonde_words_next(&w)))
		return r < 0 ? r : sonde_words_fail(&w, "more than one line");
	*link = l;
	return 0;
}

int sonde_lab_find_link(const struct sonde_lab *lab, const char *name, unsigned *ret_end)
{
	static const struct sonde_word_key key = { "link", NULL, 0, 1, SONDE_LAB_LINKS };
	struct sonde_words none = { .arena = lab->arena };
	struct sonde_word whole = { name, strlen(name) }, a, b;
	unsigned number;

	if (*name >= '0' && *name <= '9') { /* no node's name begins so */
		if (sonde_word_number(&none, whole, &key, &number) || number > lab->links)
			return -1;
		*ret_end = 0;
		return (int)number - 1;
	}
	if (!sonde_word_part(whole, '-', &a, &b))
		return -1;
	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned e = 0; e < 2; e++) {
			const struct sonde_lab_end *end = lab->link[i].end;

			if (sonde_word_is(a, lab->node[end[e].node].name) &&
			    sonde_word_is(b, lab->node[end[1 - e].node].name)) {
				*ret_end = e;
				return (int)i;
			}
		}
	return -1;
}
