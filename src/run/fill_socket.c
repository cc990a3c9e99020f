#include <stdio.h>
#include <sys/socket.h>

#include "run/fill_inside.h"
#include "sys/sysctl.h"

/* The value is this, or may be in another turn. */
static bool may_be(const struct sonde_filling *g, int i, enum sonde_row_id row, sonde_wide value)
{
	sonde_wide v;

	return sonde_filling_says(g, i, row) &&
	       (!sonde_craft_value(g->c, (unsigned)i, row, &v) || v == value);
}

const char sonde_filling_together[] = "a firewall here would put the fragments together";

const char *sonde_filling_needs_link(const struct sonde_filling *g)
{
	int i = g->ip;

	if (g->ip != 0)
		return g->n ? "the packet has a header of the link" : "the packet is bytes alone";
	if (sonde_craft_fragments(g->c))
		return sonde_filling_together;
	if (sonde_filling_layer(g, i) == SONDE_ipv6) {
		if (sonde_filling_says(g, i, SONDE_ROW_ipv6_version))
			return "the IP version is pinned";
		for (unsigned k = 1; k < g->n; k++) {
			if (sonde_craft_layer(g->c, k) == SONDE_ipv6_frag)
				return sonde_filling_together;
			if (sonde_craft_layer(g->c, k) == SONDE_icmpv6 &&
			    sonde_filling_says(g, (int)k, SONDE_ROW_icmpv6_checksum))
				return "the ICMPv6 checksum is pinned";
		}
		return NULL;
	}
	return sonde_filling_says(g, i, SONDE_ROW_ip_version) ? "the IP version is pinned"
	       : sonde_filling_says(g, i, SONDE_ROW_ip_ihl)   ? "the IPv4 header length is pinned"
	       : sonde_filling_says(g, i, SONDE_ROW_ip_len)   ? "the IPv4 total length is pinned"
	       : sonde_filling_says(g, i, SONDE_ROW_ip_checksum) ? "the IPv4 checksum is pinned"
	       : sonde_filling_says(g, i, SONDE_ROW_ip_mf) ||
			       sonde_filling_says(g, i, SONDE_ROW_ip_offset)
		       ? sonde_filling_together
	       : may_be(g, i, SONDE_ROW_ip_id, 0)
		       ? "the kernel would write over an identification of 0"
	       : may_be(g, i, SONDE_ROW_ip_src, 0)
		       ? "the kernel would write over a source of 0.0.0.0"
		       : NULL;
}

static bool is_set(const char *name)
{
	char path[64], all[8], own[8];

	snprintf(path, sizeof path, "ipv4/conf/all/%s", name);
	sonde_sysctl_get(path, all, sizeof all);
	snprintf(path, sizeof path, "ipv4/conf/lo/%s", name);
	sonde_sysctl_get(path, own, sizeof own);
	return *all == '1' || *own == '1';
}

/* A raw socket's packets keep their route over the loopback; those of a packet socket come in as if
 * from elsewhere, where nobody may have our addresses: RFC 1122 section 3.2.1.3. */
bool sonde_filling_is_deaf(const struct sonde_fill *f)
{
	return f->link && f->loopback && f->src.family == AF_INET &&
	       !(is_set("accept_local") && (f->src.ip[0] != 127 || is_set("route_localnet")));
}
