#include "probe/path_facts.h"

#include <string.h>

#include "probe/rewrite.h"

static bool is_changed(const struct sonde_trace_hop *hop, const char *end)
{
	for (unsigned i = 0; i < hop->n_change; i++) {
		const char *text = hop->change[i].text;
		size_t name = strcspn(text, " "), n = strlen(end);

		if (name >= n && !memcmp(text + name - n, end, n))
			return true;
	}
	return false;
}

static void see_hop(const struct sonde_trace_hop *hop, struct sonde_path_facts *ret)
{
	if (hop->mtu && hop->mtu < ret->mtu)
		ret->mtu = hop->mtu;
	if (!hop->nat)
		return;
	ret->dscp_kept = ret->dscp_kept && !is_changed(hop, ".dscp");
	ret->ecn_kept = ret->ecn_kept && !is_changed(hop, ".ecn");
	ret->nat_none = ret->nat_none && hop->nat == SONDE_REWRITE_NAT_NONE;
}

void sonde_path_facts_find(const struct sonde_trace *p, uint32_t host, sonde_path_as as, void *arg,
			   struct sonde_arena *arena, struct sonde_path_facts *ret)
{
	const struct sonde_trace_host *h = &p->host[host];
	unsigned hops = sonde_trace_hops(p, host);
	struct sonde_path_via *via =
		sonde_arena_take(arena, (hops + 1u) * SONDE_TRACE_WHO * sizeof *via);

	*ret = (struct sonde_path_facts){ .reached = h->reached,
					  .hops = h->end ? h->end : SONDE_ABSENT,
					  .mtu = SONDE_ABSENT,
					  .dscp_kept = SONDE_ABSENT,
					  .ecn_kept = SONDE_ABSENT,
					  .nat_none = SONDE_ABSENT,
					  .via = via };
	for (unsigned i = 0; i < hops; i++) {
		const struct sonde_trace_hop *hop = &h->hop[i];

		see_hop(hop, ret);
		for (unsigned k = 0; k < hop->n_who; k++, ret->n_via++)
			via[ret->n_via] =
				(struct sonde_path_via){ hop->who[k].address,
							 as ? as(arg, &hop->who[k].address) : 0 };
	}
	if (h->reached)
		sonde_trace_hop(p, host, h->end, NULL, &ret->end, &ret->texts);
	else
		sonde_record_clear(&sonde_hop_schema, &ret->end);
}
