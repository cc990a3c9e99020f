#include "packet/app.h"
#include "packet/line_app.h"
#include "packet/option.h"

enum { COOKIE = 0x63825363, ADDRESS_MOST = 16, OPTION_TYPE = 53 };

bool sonde_dhcp_is(const struct sonde_range *r)
{
	const struct sonde_dhcp *h = (const void *)r->at;

	return r->len >= SONDE_BYTES_dhcp && sonde_dhcp_cookie(h) == COOKIE &&
	       (sonde_dhcp_op(h) == 1 || sonde_dhcp_op(h) == 2) &&
	       sonde_dhcp_hlen(h) <= ADDRESS_MOST;
}

bool sonde_dhcpv6_is(const struct sonde_range *r)
{
	return r->len >= SONDE_BYTES_dhcpv6 && sonde_words(SONDE_ROW_dhcpv6_type, r->at[0]);
}

bool sonde_dhcpv6_relay_is(const struct sonde_range *r)
{
	return r->len >= SONDE_BYTES_dhcpv6_relay &&
	       sonde_words(SONDE_ROW_dhcpv6_relay_type, r->at[0]);
}

/* What step of the exchange it is, or NULL. */
static const char *step(const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_dhcp, h + p->layer[d].head };
	struct sonde_option o;

	while (sonde_option_next(&w, SONDE_FAMILY_dhcpopt, &o))
		if (o.kind == OPTION_TYPE && o.len == SONDE_BYTES_dhcp_type)
			return sonde_words(SONDE_ROW_dhcp_type_value,
					   sonde_dhcp_type_value((const void *)o.at));
	return NULL;
}

void sonde_line_dhcp(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_dhcp *h = sonde_header(p, d, dhcp);
	const char *words = step(p, d);

	sonde_line_put(l, sonde_dhcp_op(h) == 1 ? "BOOTP/DHCP, Request" : "BOOTP/DHCP, Reply");
	if (sonde_dhcp_op(h) == 1 && sonde_dhcp_htype(h) == 1 && sonde_dhcp_hlen(h) == 6)
		l->o = sonde_put_mac(sonde_put_str(l->o, " from "), sonde_dhcp_chaddr(h));
	sonde_line_put_number(l, ", length ", p->layer[d].end - p->layer[d].at);
	if (words) {
		sonde_line_put(l, ", ");
		sonde_line_put(l, words);
	}
}

void sonde_line_dhcpv6(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const char *words =
		sonde_words(p->layer[d].shape == SONDE_dhcpv6 ? SONDE_ROW_dhcpv6_type
							      : SONDE_ROW_dhcpv6_relay_type,
			    p->byte[p->layer[d].at]);

	sonde_line_put(l, "dhcp6 ");
	if (words)
		sonde_line_put(l, words);
	else
		sonde_line_put_number(l, "msgtype-", p->byte[p->layer[d].at]);
}
