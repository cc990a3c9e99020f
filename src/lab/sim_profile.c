#include <sys/socket.h>

#include "lab/sim.h"
#include "lab/word.h"

static const char *read_addresses(struct sonde_words *w, struct sonde_word value,
				  const struct sonde_word_key *key, void *ret)
{
	struct sonde_sim_hop *h = ret;
	struct sonde_word one;
	bool more = true;

	(void)w, (void)key;
	while (more) {
		struct sonde_sim_addresses *list;
		struct sonde_address a;

		more = sonde_word_part(value, ',', &one, &value);
		if (!sonde_word_address(one, &a))
			return "addresses such as 192.0.2.1,2001:db8::1";
		list = a.family == AF_INET ? &h->v4 : &h->v6;
		if (list->n == SONDE_SIM_LIST)
			return "at most 16 addresses";
		list->at[list->n++] = a;
	}
	return NULL;
}

/* Numbers with commas between them: how many there are, at most SONDE_SIM_LIST, or 0. */
static unsigned read_list(struct sonde_words *w, struct sonde_word value,
			  const struct sonde_word_key *key, unsigned *number)
{
	struct sonde_word one;
	bool more = true;
	unsigned n = 0;

	while (more) {
		more = sonde_word_part(value, ',', &one, &value);
		if (n == SONDE_SIM_LIST || sonde_word_number(w, one, key, &number[n++]))
			return 0;
	}
	return n;
}

static const char *read_labels(struct sonde_words *w, struct sonde_word value,
			       const struct sonde_word_key *key, void *ret)
{
	struct sonde_sim_hop *h = ret;

	h->labels = read_list(w, value, key, h->mpls);
	return h->labels ? NULL : "labels such as 24001,16004, below 1048576, at most 16";
}

static const char *read_ports(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret)
{
	unsigned number[SONDE_SIM_LIST];
	struct sonde_sim_ports *p = ret;

	p->n = read_list(w, value, key, number);
	for (unsigned i = 0; i < p->n; i++)
		p->at[i] = (uint16_t)number[i];
	return p->n ? NULL : "ports such as 80,443, at most 16";
}

static const char *read_balance(struct sonde_words *w, struct sonde_word value,
				const struct sonde_word_key *key, void *ret)
{
	(void)w, (void)key;
	*(bool *)ret = sonde_word_is(value, "packet");
	return *(bool *)ret || sonde_word_is(value, "flow") ? NULL : "flow or packet";
}

static const char *read_refuse(struct sonde_words *w, struct sonde_word value,
			       const struct sonde_word_key *key, void *ret)
{
	static const char *const kinds[] = { "net", "host", "admin", "drop" };
	enum sonde_sim_refusal *refuse = ret;

	(void)w, (void)key;
	for (unsigned i = 0; i < 4; i++)
		if (sonde_word_is(value, kinds[i])) {
			*refuse = (enum sonde_sim_refusal)(SONDE_SIM_NET + i);
			return NULL;
		}
	return "net, host, admin or drop";
}

static const char *read_quote(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret)
{
	struct sonde_sim_hop *h = ret;

	h->cut = true;
	return sonde_word_number(w, value, key, &h->quote);
}

static const char *read_name(struct sonde_words *w, struct sonde_word value,
			     const struct sonde_word_key *key, void *ret)
{
	const char *name = sonde_arena_string(w->arena, value.at, value.len);

	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < '!' || value.at[i] > '~')
			value.len = 0;
	if (!value.len || value.len > key->most)
		return "a name of up to 63 letters without blanks";
	memcpy(ret, &name, sizeof(const char *));
	return NULL;
}

static const char *read_address(struct sonde_words *w, struct sonde_word value,
				const struct sonde_word_key *key, void *ret)
{
	(void)w, (void)key;
	return sonde_word_address(value, ret) ? NULL : "an address";
}

/* Of each family one. */
static const char *read_spoof(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret)
{
	struct sonde_sim_hop *h = ret;
	struct sonde_word one;
	bool more = true;

	(void)w, (void)key;
	while (more) {
		struct sonde_address a, *to;

		more = sonde_word_part(value, ',', &one, &value);
		if (!sonde_word_address(one, &a))
			return "an IPv4 address, an IPv6 address, or both";
		to = a.family == AF_INET ? &h->spoof4 : &h->spoof6;
		if (to->family)
			return "one address of each kind";
		*to = a;
	}
	return NULL;
}

#define HOP(member) offsetof(struct sonde_sim_hop, member)

static const struct sonde_word_key keys[] = {
	{ "addr", read_addresses, 0, 0, 0 },
	{ "balance", read_balance, HOP(by_packet), 0, 0 },
	{ "delay", sonde_word_time, HOP(delay), 0, 0 },
	{ "loss", sonde_word_chance, HOP(loss), 0, 0 },
	{ "silent", NULL, HOP(silent), 0, 0 },
	{ "refuse", read_refuse, HOP(refuse), 0, 0 },
	{ "mtu", sonde_word_number, HOP(mtu), 1280, 65535 },
	{ "ttl", sonde_word_number, HOP(ttl), 1, 255 },
	{ "mpls", read_labels, 0, 0, 0xfffff },
	{ "if-index", sonde_word_number, HOP(if_index), 1, INT32_MAX },
	{ "if-name", read_name, HOP(if_name), 1, 63 },
	{ "if-addr", NULL, HOP(if_addr), 0, 0 },
	{ "if-mtu", sonde_word_number, HOP(if_mtu), 1, INT32_MAX },
	{ "quote", read_quote, 0, 0, 1280 },
	{ "quote-ttl", sonde_word_number, HOP(quote_ttl), 1, 255 },
	{ "quote-src", read_address, HOP(quote_src), 0, 0 },
	{ "bad-sum", NULL, HOP(bad_sum), 0, 0 },
	{ "spoof", read_spoof, 0, 0, 0 },
	{ "dup", sonde_word_number, HOP(dup), 1, 100 },
	{ "tcp-open", read_ports, HOP(tcp_open), 1, 65535 },
	{ "udp-echo", read_ports, HOP(udp_echo), 1, 65535 },
};

static int parse_hop(struct sonde_words *w, struct sonde_sim_profile *p)
{
	static const struct sonde_word_key number = { "hop", NULL, 0, 1, SONDE_SIM_HOPS };
	struct sonde_sim_hop h = { .dup = 1 };
	uint32_t said = 0;
	unsigned n;
	int r = 0;

	if (w->n < 2 || sonde_word_number(w, w->word[1], &number, &n) || n != p->hops + 1)
		return p->hops == SONDE_SIM_HOPS
			       ? sonde_words_fail(w, "more than %d hops", SONDE_SIM_HOPS)
			       : sonde_words_fail(w, "expected: hop %u ...", p->hops + 1);
	for (unsigned i = 2; i < w->n && !r; i++)
		r = sonde_words_set(w, w->word[i], keys, sizeof keys / sizeof *keys, &h, &said);
	p->hop[p->hops++] = h;
	return r;
}

static int parse_loop(struct sonde_words *w, struct sonde_sim_profile *p)
{
	static const struct sonde_word_key number = { "hop", NULL, 0, 1, SONDE_SIM_HOPS };

	if (p->loop_to)
		return sonde_words_fail(w, "a second loop: no packet would get there");
	if (w->n != 3 || sonde_word_number(w, w->word[1], &number, &p->loop_from) ||
	    sonde_word_number(w, w->word[2], &number, &p->loop_to) || p->loop_from >= p->loop_to)
		return sonde_words_fail(w, "expected: loop FIRST LAST, two hops");
	return 0;
}

/* What the hops say must be true of where they stand. */
static int check(struct sonde_words *w, const struct sonde_sim_profile *p)
{
	const struct sonde_sim_hop *last = &p->hop[p->hops - 1];

	if (p->loop_to > p->hops)
		return sonde_words_fail(w, "the loop ends at hop %u, and there are %u", p->loop_to,
					p->hops);
	if (last->refuse || last->mtu)
		return sonde_words_fail(w, "the last hop forwards nothing: it has no %s",
					last->refuse ? "refuse=" : "mtu=");
	for (const struct sonde_sim_hop *h = p->hop; h < last; h++)
		if (h->tcp_open.n || h->udp_echo.n)
			return sonde_words_fail(w, "hop %u is not the last, which alone has ports",
						(unsigned)(h - p->hop) + 1);
	return 0;
}

int sonde_sim_parse(struct sonde_sim_profile *ret, struct sonde_arena *arena, const char *text,
		    unsigned line, struct sonde_lab_error *ret_error)
{
	static const char *const statements[] = { "hop", "loop", NULL };
	struct sonde_sim_profile p = { .hop = sonde_arena_take(arena, (SONDE_SIM_HOPS + 1) *
									      sizeof *p.hop) };
	struct sonde_words w;
	int r;

	sonde_words_init(&w, arena, text ? text : "", text ? strlen(text) : 0, line, ret_error);
	w.semicolons = true;
	while ((r = sonde_words_next(&w)) > 0) {
		if (w.block)
			r = sonde_words_fail(&w, "a profile has no { }");
		else if (sonde_word_is(w.word[0], "hop"))
			r = parse_hop(&w, &p);
		else if (sonde_word_is(w.word[0], "loop"))
			r = parse_loop(&w, &p);
		else
			r = sonde_words_fail(&w, "unknown statement %s%s: expected hop or loop",
					     sonde_words_show(&w, w.word[0]),
					     sonde_words_near(&w, w.word[0], statements));
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (!p.hops)
		p.hop[p.hops++].dup = 1;
	if ((r = check(&w, &p)) < 0)
		return r;
	*ret = p;
	return 0;
}

unsigned sonde_sim_reaches(const struct sonde_sim_profile *p, unsigned ttl)
{
	unsigned i = ttl ? ttl - 1 : 0;

	if (p->loop_to && i >= p->loop_to)
		return p->loop_from - 1 + (i - p->loop_to) % (p->loop_to - p->loop_from + 1);
	return i < p->hops ? i : p->hops - 1;
}
