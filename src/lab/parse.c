#include "lab/parse_inside.h"

#include <sys/socket.h>

#include "lab/rules.h"

int sonde_lab_find(const struct sonde_lab *lab, const char *name)
{
	for (unsigned i = 0; i < lab->nodes; i++)
		if (!strcmp(lab->node[i].name, name))
			return (int)i;
	return -1;
}

int sonde_parse_node(struct sonde_parse *p, struct sonde_word name)
{
	const struct sonde_lab *lab = p->lab;
	const char *names[SONDE_LAB_NODES + 1];

	for (unsigned i = 0; i < lab->nodes; i++)
		if (sonde_word_is(name, names[i] = lab->node[i].name))
			return (int)i;
	names[lab->nodes] = NULL;
	return sonde_words_fail(&p->words, "no node is called %s%s",
				sonde_words_show(&p->words, name),
				sonde_words_near(&p->words, name, names));
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123 section 2.1 but for hyphens, which stand between the ends of a link. */
static bool nameable(struct sonde_word word)
{
	if (!word.len || word.len > SONDE_LAB_NAME || !letter(*word.at))
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!letter(word.at[i]) && !(word.at[i] >= '0' && word.at[i] <= '9'))
			return false;
	return true;
}

/* A node like the one given, under another name. */
static int add_node(struct sonde_parse *p, struct sonde_word name, const struct sonde_lab_node *as)
{
	struct sonde_lab *lab = p->lab;

	if (!nameable(name))
		return sonde_words_fail(
			&p->words,
			"%s is no name: letters and digits, a letter first, at most %d of them",
			sonde_words_show(&p->words, name), SONDE_LAB_NAME);
	for (unsigned i = 0; i < lab->nodes; i++)
		if (sonde_word_is(name, lab->node[i].name))
			return sonde_words_fail(&p->words, "%s is there already, since line %u",
						lab->node[i].name, lab->node[i].line);
	if (lab->nodes == SONDE_LAB_NODES)
		return sonde_words_fail(&p->words, "more than %d nodes", SONDE_LAB_NODES);
	lab->node = sonde_parse_more(lab->arena, lab->node, lab->nodes, sizeof *lab->node);
	lab->node[lab->nodes] = *as;
	lab->node[lab->nodes].name = sonde_arena_string(lab->arena, name.at, name.len);
	lab->node[lab->nodes++].line = p->words.from;
	return 0;
}

static int parse_lab(struct sonde_parse *p)
{
	static const struct sonde_word_key keys[] = { { "seed", sonde_word_number, 0, 0,
							UINT32_MAX } };
	struct sonde_words *w = &p->words;
	unsigned seed = (unsigned)p->lab->seed, from = 1;
	uint32_t said = 0;
	int r = 0;

	if (w->n > 1 && !memchr(w->word[1].at, '=', w->word[1].len)) {
		if (p->lab->name)
			return sonde_words_fail(w, "the lab has a name already");
		if (!nameable(w->word[1]))
			return sonde_words_fail(w,
						"%s is no name: letters and digits, a letter "
						"first, at most %d of them",
						sonde_words_show(w, w->word[1]), SONDE_LAB_NAME);
		p->lab->name = sonde_arena_string(w->arena, w->word[1].at, w->word[1].len);
		from = 2;
	}
	for (unsigned i = from; i < w->n && !r; i++)
		r = sonde_words_set(w, w->word[i], keys, 1, &seed, &said);
	p->lab->seed = seed;
	return r;
}

static int parse_host(struct sonde_parse *p)
{
	static const struct sonde_lab_node host = { .kind = SONDE_LAB_HOST };
	int r = p->words.n > 1 ? 0 : sonde_words_fail(&p->words, "expected: host NAME...");

	for (unsigned i = 1; i < p->words.n && !r; i++)
		r = add_node(p, p->words.word[i], &host);
	return r;
}

static const char *read_hash(struct sonde_words *w, struct sonde_word value,
			     const struct sonde_word_key *key, void *ret)
{
	unsigned hash = sonde_word_is(value, "l3") ? 3 : sonde_word_is(value, "l4") ? 4 : 0;

	(void)w, (void)key;
	if (!hash)
		return "l3 or l4";
	memcpy(ret, &hash, sizeof hash);
	return NULL;
}

/* "10/s": an interval of a tenth of a second. */
static const char *read_icmp_rate(struct sonde_words *w, struct sonde_word value,
				  const struct sonde_word_key *key, void *ret)
{
	struct sonde_word number, per;
	unsigned n;
	sonde_ns interval;

	if (!sonde_word_part(value, '/', &number, &per) ||
	    !(sonde_word_is(per, "s") || sonde_word_is(per, "min")) ||
	    sonde_word_number(w, number, key, &n))
		return "errors in a time such as 10/s or 6/min, at most 1000";
	interval = (sonde_word_is(per, "s") ? 1 : 60) * SONDE_SECOND / n;
	memcpy(ret, &interval, sizeof interval);
	return NULL;
}

#define NODE(member) offsetof(struct sonde_lab_node, member)

static int parse_router(struct sonde_parse *p)
{
	static const struct sonde_word_key keys[] = {
		{ "hash", read_hash, NODE(hash), 0, 0 },
		{ "icmp-rate", read_icmp_rate, NODE(icmp_interval), 1, 1000 },
		{ "silent", NULL, NODE(silent), 0, 0 },
	};
	struct sonde_lab_node router = { .kind = SONDE_LAB_ROUTER, .hash = 3 };
	struct sonde_words *w = &p->words;
	unsigned names = 0;
	uint32_t said = 0;
	int r = 0;

	for (unsigned i = 1; i < w->n && !r; i++) {
		bool name = !memchr(w->word[i].at, '=', w->word[i].len) &&
			    !sonde_word_is(w->word[i], "silent");

		if (name)
			w->word[1 + names++] = w->word[i]; /* those before it are done with */
		else
			r = sonde_words_set(w, w->word[i], keys, 3, &router, &said);
	}
	if (!r && !names)
		return sonde_words_fail(
			w, "expected: router NAME... [hash=l3|l4] [icmp-rate=N/s] [silent]");
	for (unsigned i = 0; i < names && !r; i++)
		r = add_node(p, w->word[1 + i], &router);
	return r;
}

static const char *read_network(struct sonde_words *w, struct sonde_word value,
				const struct sonde_word_key *key, void *ret)
{
	struct sonde_lab_node *node = ret;
	bool v6 = key->name[1] == '6';
	struct sonde_address a;
	unsigned prefix;

	(void)w;
	if (!sonde_word_network(value, &a, &prefix) || (a.family == AF_INET6) != v6 || prefix < 8 ||
	    prefix > (v6 ? 120 : 24))
		return v6 ? "a network such as 2001:db8:1::/64, from /8 to /120"
			  : "a network such as 198.51.100.0/24, from /8 to /24";
	*(v6 ? &node->net6 : &node->net4) = a;
	*(v6 ? &node->net6_prefix : &node->net4_prefix) = prefix;
	return NULL;
}

static const char *read_file_name(struct sonde_words *w, struct sonde_word value,
				  const struct sonde_word_key *key, void *ret)
{
	const char *name = sonde_arena_string(w->arena, value.at, value.len);

	(void)key;
	if (!value.len)
		return "the name of a file";
	memcpy(ret, &name, sizeof(const char *));
	return NULL;
}

static int parse_sim(struct sonde_parse *p)
{
	static const struct sonde_word_key keys[] = {
		{ "v4", read_network, 0, 0, 0 },
		{ "v6", read_network, 0, 0, 0 },
		{ "profile", read_file_name, NODE(profile_file), 0, 0 },
	};
	struct sonde_lab_node sim = { .kind = SONDE_LAB_SIM };
	struct sonde_words *w = &p->words;
	struct sonde_word name, block;
	uint32_t said = 0;
	int r = 0;

	if (w->n < 2)
		return sonde_words_fail(
			w, "expected: sim NAME [v4=NET] [v6=NET] [profile=FILE] [{ hop ... }]");
	name = w->word[1];
	for (unsigned i = 2; i < w->n && !r; i++)
		r = sonde_words_set(w, w->word[i], keys, 3, &sim, &said);
	if (!r && w->block && sim.profile_file)
		return sonde_words_fail(w, "a profile and a file with one");
	if (!r && w->block && !(r = sonde_words_block(w, &block, &sim.profile_line)))
		sim.profile = sonde_arena_string(w->arena, block.at, block.len);
	if (sim.profile_file)
		sim.profile_line = 1;
	return r ? r : add_node(p, name, &sim);
}

static int parse_nft(struct sonde_parse *p)
{
	struct sonde_lab *lab = p->lab;
	struct sonde_lab_rule rule = { .line = p->words.from };
	struct sonde_word block;
	unsigned line;
	int node;

	if (p->words.n != 2 || !p->words.block)
		return sonde_words_fail(&p->words, "expected: nft NODE { RULES }");
	if ((node = sonde_parse_node(p, p->words.word[1])) < 0)
		return node;
	if (lab->node[node].kind == SONDE_LAB_SIM)
		return sonde_words_fail(&p->words, "%s is a sim: it has no rules",
					lab->node[node].name);
	if (sonde_words_block(&p->words, &block, &line) < 0)
		return SONDE_DESCRIPTION;
	rule.node = (unsigned)node;
	rule.text =
		sonde_rules_raw(lab->arena, lab->node[node].kind, rule.line, block.at, block.len);
	lab->rule = sonde_parse_more(lab->arena, lab->rule, lab->rules, sizeof rule);
	lab->rule[lab->rules++] = rule;
	lab->node[node].own_rules = true;
	return 0;
}

static int add_service(struct sonde_parse *p, const struct sonde_lab_service *s)
{
	struct sonde_lab *lab = p->lab;

	for (unsigned i = 0; i < lab->services; i++)
		if (lab->service[i].node == s->node && lab->service[i].udp == s->udp &&
		    lab->service[i].port == s->port)
			return sonde_words_fail(&p->words, "that port is served since line %u",
						lab->service[i].line);
	lab->service = sonde_parse_more(lab->arena, lab->service, lab->services, sizeof *s);
	lab->service[lab->services++] = *s;
	return 0;
}

static int parse_serve(struct sonde_parse *p)
{
	static const char *const kinds[] = { "echo", "http", "close", "silent", NULL };
	static const struct sonde_word_key port = { "port", NULL, 0, 1, 65535 };
	struct sonde_words *w = &p->words;
	struct sonde_lab_service s = { .line = w->from };
	unsigned number, kind = 0;
	const char *expected;
	int node;

	if (w->n != 5)
		return sonde_words_fail(w,
					"expected: serve NODE tcp|udp PORT echo|http|close|silent");
	if ((node = sonde_parse_node(p, w->word[1])) < 0)
		return node;
	if (p->lab->node[node].kind == SONDE_LAB_SIM)
		return sonde_words_fail(w, "%s is a sim: it serves what its profile says",
					p->lab->node[node].name);
	s.udp = sonde_word_is(w->word[2], "udp");
	if (!s.udp && !sonde_word_is(w->word[2], "tcp"))
		return sonde_words_fail(w, "%s: expected tcp or udp",
					sonde_words_show(w, w->word[2]));
	if ((expected = sonde_word_number(w, w->word[3], &port, &number)))
		return sonde_words_fail(w, "port %s: expected %s", sonde_words_show(w, w->word[3]),
					expected);
	while (kinds[kind] && !sonde_word_is(w->word[4], kinds[kind]))
		kind++;
	if (!kinds[kind])
		return sonde_words_fail(w, "%s: expected echo, http, close or silent%s",
					sonde_words_show(w, w->word[4]),
					sonde_words_near(w, w->word[4], kinds));
	s.kind = (enum sonde_lab_service_kind)kind;
	if (s.udp && (s.kind == SONDE_LAB_HTTP || s.kind == SONDE_LAB_CLOSE))
		return sonde_words_fail(w, "udp has no %s: expected echo or silent", kinds[kind]);
	s.node = (unsigned)node;
	s.port = (uint16_t)number;
	return add_service(p, &s);
}

static const struct statement {
	const char *name;
	int (*parse)(struct sonde_parse *p);
	unsigned passes;
	bool block; /* may have one */
} statements[] = {
	{ "lab", parse_lab, SONDE_PASS_NODES, false },
	{ "host", parse_host, SONDE_PASS_NODES, false },
	{ "router", parse_router, SONDE_PASS_NODES, false },
	{ "sim", parse_sim, SONDE_PASS_NODES, true },
	{ "link", sonde_parse_link, SONDE_PASS_LINKS, false },
	{ "route", sonde_parse_route, SONDE_PASS_REST | SONDE_PASS_STARS, false },
	{ "box", sonde_parse_box, SONDE_PASS_REST, false },
	{ "nft", parse_nft, SONDE_PASS_REST, true },
	{ "serve", parse_serve, SONDE_PASS_REST, false },
};

enum { STATEMENTS = sizeof statements / sizeof *statements };

static int parse_statement(struct sonde_parse *p)
{
	struct sonde_words *w = &p->words;
	const char *names[STATEMENTS + 1] = { NULL };
	struct sonde_word block;
	unsigned line;

	for (unsigned i = 0; i < STATEMENTS; i++) {
		const struct statement *s = &statements[i];

		names[i] = s->name;
		if (!sonde_word_is(w->word[0], s->name))
			continue;
		if (w->block && !s->block)
			return sonde_words_fail(w, "%s takes no { }", s->name);
		if (s->passes & p->pass)
			return s->parse(p);
		return w->block ? sonde_words_block(w, &block, &line) : 0;
	}
	return sonde_words_fail(w, "unknown statement %s%s", sonde_words_show(w, w->word[0]),
				sonde_words_near(w, w->word[0], names));
}

int sonde_lab_parse(struct sonde_lab *ret, struct sonde_arena *arena, const char *text, size_t len,
		    struct sonde_lab_error *ret_error)
{
	struct sonde_lab lab = { .arena = arena };
	struct sonde_parse p = { .lab = &lab };
	int r = 0;

	for (unsigned pass = SONDE_PASS_NODES; pass < SONDE_PASS_END; pass *= 2) {
		p.pass = (enum sonde_parse_pass)pass;
		sonde_words_init(&p.words, arena, text, len, 1, ret_error);
		while ((r = sonde_words_next(&p.words)) > 0)
			if ((r = parse_statement(&p)) < 0)
				break;
		if (r < 0)
			return r;
	}
	if (!lab.nodes)
		return sonde_words_fail(&p.words, "no node is described");
	*ret = lab;
	return 0;
}
