#include "lab/rules.h"

#include "base/text.h"
#include "lab/parse_inside.h"

enum { ROOM = 4096 };

static void add(struct sonde_lab *lab, unsigned node, const char *text)
{
	lab->rule = sonde_parse_more(lab->arena, lab->rule, lab->rules, sizeof *lab->rule);
	lab->rule[lab->rules++] = (struct sonde_lab_rule){ node, text, lab->node[node].line };
}

/* Connection tracking answers the other direction, so each flow is judged where it begins. */
static void add_firewall(struct sonde_lab *lab, unsigned node)
{
	static const char *const refusals[] = {
		[SONDE_LAB_DROP] = "drop",
		[SONDE_LAB_REJECT] = "reject with icmpx type admin-prohibited",
		[SONDE_LAB_RESET] = "meta l4proto tcp reject with tcp reset\n"
				    "reject with icmpx type admin-prohibited",
	};
	const struct sonde_lab_node *n = &lab->node[node];
	char buf[ROOM];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_text_str(&t, "chain firewall {\n"
			   "type filter hook forward priority 0; policy accept;\n"
			   "ct state established,related accept\n");
	for (unsigned udp = 0; udp < 2 && n->opens; udp++) {
		sonde_text_str(&t, udp ? "udp dport { " : "tcp dport { ");
		for (unsigned i = 0; i < n->opens; i++)
			sonde_text_print(&t, "%s%u", i ? ", " : "", n->open[i]);
		sonde_text_str(&t, " } accept\n");
	}
	sonde_text_print(&t, "%s\n}\n", refusals[n->firewall]);
	add(lab, node, sonde_arena_string(lab->arena, buf, t.len));
}

/* Matched by the interface out, or what comes back in would be rewritten too. */
static void add_nat(struct sonde_lab *lab, unsigned node)
{
	char buf[ROOM];
	struct sonde_text t;
	unsigned n = 0;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_text_str(&t, "chain nat {\ntype nat hook postrouting priority 100; policy accept;\n"
			   "oifname { ");
	for (unsigned i = 0; i < lab->links && n < 128; i++)
		for (unsigned e = 0; e < 2; e++) {
			const struct sonde_lab_end *end = lab->link[i].end;

			if (end[e].node == node && end[1 - e].node == lab->node[node].nat_towards)
				sonde_text_print(&t, "%s\"%s\"", n++ ? ", " : "", end[e].name);
		}
	sonde_text_str(&t, " } masquerade\n}\n");
	add(lab, node, sonde_arena_string(lab->arena, buf, t.len));
}

#define TOO_BIG                                                                                    \
	"icmp type destination-unreachable icmp code frag-needed drop\n"                           \
	"icmpv6 type packet-too-big drop\n}\n"

void sonde_rules_box(struct sonde_lab *lab, unsigned node)
{
	const struct sonde_lab_node *n = &lab->node[node];

	if (n->silent)
		add(lab, node,
		    "chain silent {\ntype filter hook output priority 0; policy accept;\n"
		    "icmp type time-exceeded drop\nicmpv6 type time-exceeded drop\n}\n");
	if (n->drop_too_big)
		add(lab, node,
		    "chain too_big_own {\ntype filter hook output priority 0; policy "
		    "accept;\n" TOO_BIG "chain too_big {\ntype filter hook forward priority -10; "
		    "policy accept;\n" TOO_BIG);
	if (n->set_ttl)
		add(lab, node,
		    sonde_arena_print(lab->arena,
				      "chain ttl {\ntype filter hook forward priority -150; policy "
				      "accept;\nip ttl set %u\nip6 hoplimit set %u\n}\n",
				      n->set_ttl, n->set_ttl));
	if (n->bleach_dscp)
		add(lab, node,
		    "chain bleach {\ntype filter hook forward priority -150; policy accept;\n"
		    "ip dscp set cs0\nip6 dscp set cs0\n}\n");
	if (n->mss_clamp)
		add(lab, node,
		    sonde_arena_print(lab->arena,
				      "chain mss {\ntype filter hook forward priority -150; policy "
				      "accept;\ntcp flags syn tcp option maxseg size > %u "
				      "tcp option maxseg size set %u\n}\n",
				      n->mss_clamp, n->mss_clamp));
	if (n->firewall)
		add_firewall(lab, node);
	if (n->nat)
		add_nat(lab, node);
}

/* Whether the text begins with a thing that stands in a table by itself, and is no rule. */
static bool whole(const char *at, size_t len)
{
	static const char *const things[] = { "chain", "set", "map" };

	for (; len && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == ';');
	     at++, len--)
		;
	for (unsigned i = 0; i < sizeof things / sizeof *things; i++) {
		size_t n = strlen(things[i]);

		if (len > n && !memcmp(at, things[i], n) && (at[n] == ' ' || at[n] == '\t'))
			return true;
	}
	return false;
}

const char *sonde_rules_raw(struct sonde_arena *arena, enum sonde_lab_kind kind, unsigned line,
			    const char *text, size_t len)
{
	const char *body = sonde_arena_string(arena, text, len);

	if (whole(text, len))
		return sonde_arena_print(arena, "%s\n", body);
	return sonde_arena_print(arena,
				 "chain nft_%u {\ntype filter hook %s priority 0; policy accept;\n"
				 "%s\n}\n",
				 line, kind == SONDE_LAB_ROUTER ? "forward" : "input", body);
}
