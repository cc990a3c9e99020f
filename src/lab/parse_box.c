#include "lab/parse_inside.h"

/* "nat=isp": the neighbour outside. Without a name, the other end of the box's second link. */
static const char *read_nat(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *ret)
{
	const struct sonde_lab *lab = ((const struct sonde_parse *)w)->lab;
	struct sonde_lab_node *node = ret;
	unsigned box = (unsigned)(node - lab->node), links = 0, last = 0;

	(void)key;
	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned e = 0; e < 2; e++) {
			unsigned other = lab->link[i].end[1 - e].node;

			if (lab->link[i].end[e].node != box)
				continue;
			links++;
			last = other;
			if (value.len && sonde_word_is(value, lab->node[other].name)) {
				node->nat = true;
				node->nat_towards = other;
				return NULL;
			}
		}
	if (value.len || links != 2)
		return "the neighbour outside, as in nat=NODE (where there are two links it may "
		       "be left out: it is that of the second)";
	node->nat = true;
	node->nat_towards = last;
	return NULL;
}

static const char *read_drop(struct sonde_words *w, struct sonde_word value,
			     const struct sonde_word_key *key, void *ret)
{
	(void)w, (void)key;
	if (!sonde_word_is(value, "icmp-frag-needed"))
		return "icmp-frag-needed";
	return *(bool *)ret = true, NULL;
}

static const char *read_firewall(struct sonde_words *w, struct sonde_word value,
				 const struct sonde_word_key *key, void *ret)
{
	static const char *const kinds[] = { "drop", "reject", "reset" };
	enum sonde_lab_firewall *firewall = ret;

	(void)w, (void)key;
	for (unsigned i = 0; i < 3; i++)
		if (sonde_word_is(value, kinds[i])) {
			*firewall = (enum sonde_lab_firewall)(SONDE_LAB_DROP + i);
			return NULL;
		}
	return "drop, reject or reset";
}

static const char *read_open(struct sonde_words *w, struct sonde_word value,
			     const struct sonde_word_key *key, void *ret)
{
	enum { MOST = 64 };
	struct sonde_lab_node *node = ret;
	uint16_t *port = sonde_arena_take(w->arena, MOST * sizeof *port);
	struct sonde_word one;
	unsigned number, n = 0;
	bool more = true;

	for (; more; port[n++] = (uint16_t)number) {
		more = sonde_word_part(value, ',', &one, &value);
		if (n == MOST || sonde_word_number(w, one, key, &number))
			return "ports such as 22,80, at most 64";
	}
	node->open = port;
	node->opens = n;
	return NULL;
}

#define NODE(member) offsetof(struct sonde_lab_node, member)

int sonde_parse_box(struct sonde_parse *p)
{
	static const struct sonde_word_key keys[] = {
		{ "nat", read_nat, 0, 0, 0 },
		{ "bleach-dscp", NULL, NODE(bleach_dscp), 0, 0 },
		{ "ttl", sonde_word_number, NODE(set_ttl), 1, 255 },
		{ "drop", read_drop, NODE(drop_too_big), 0, 0 },
		{ "mss-clamp", sonde_word_number, NODE(mss_clamp), 88, 65495 },
		{ "firewall", read_firewall, NODE(firewall), 0, 0 },
		{ "open", read_open, 0, 1, 65535 },
	};
	struct sonde_words *w = &p->words;
	struct sonde_lab_node *node;
	uint32_t said = 0;
	int r;

	if (w->n < 3)
		return sonde_words_fail(w, "expected: box NODE nat|bleach-dscp|ttl=N|"
					   "drop=icmp-frag-needed|mss-clamp=N|"
					   "firewall=drop|reject|reset|open=PORT,PORT...");
	if ((r = sonde_parse_node(p, w->word[1])) < 0)
		return r;
	node = &p->lab->node[r];
	if (node->kind != SONDE_LAB_ROUTER)
		return sonde_words_fail(w, "%s is no router, and a box is one", node->name);
	r = 0;
	for (unsigned i = 2; i < w->n && !r; i++)
		r = sonde_words_set(w, w->word[i], keys, sizeof keys / sizeof *keys, node, &said);
	if (!r && node->opens && !node->firewall)
		return sonde_words_fail(w, "open= without a firewall=");
	return r;
}
