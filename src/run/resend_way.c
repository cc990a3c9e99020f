/* Whom packets of a capture go to, and by which frame. */
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "probe/harmless.h"
#include "run/resend_inside.h"

enum { ETHERNET = 14, NAME = 64 };

static struct sonde_address end_of(const struct sonde_packet *p, bool source)
{
	struct sonde_address a = { .family = AF_INET };
	const uint8_t *h;

	if ((h = sonde_find_(p, SONDE_ip))) {
		memcpy(a.ip, h + (source ? SONDE_AT_ip_src : SONDE_AT_ip_dst) / 8, 4);
	} else if ((h = sonde_find_(p, SONDE_ipv6))) {
		a.family = AF_INET6;
		memcpy(a.ip, h + (source ? SONDE_AT_ipv6_src : SONDE_AT_ipv6_dst) / 8, 16);
	} else {
		a.family = 0;
	}
	return a;
}

/* What is known of an address, moved to the front; or a new place there, with code 1. */
static struct sonde_resend_way *look_up(struct sonde_resend *r, const struct sonde_address *a)
{
	struct sonde_resend_way w = { .to = *a, .code = 1, .ours = -1 };
	size_t i;

	for (i = 0; i < r->ways && !sonde_address_equal(&r->way[i].to, a); i++)
		;
	if (i < r->ways)
		w = r->way[i];
	else if (!(r->ways & (r->ways - 1)))
		r->way = sonde_arena_grow(&r->arena, r->way, r->ways, r->ways ? r->ways : 1,
					  sizeof *r->way);
	r->ways += i == r->ways;
	memmove(r->way + 1, r->way, i * sizeof *r->way);
	r->way[0] = w;
	return r->way;
}

static const struct sonde_resend_way *find(struct sonde_resend *r, const struct sonde_address *to)
{
	unsigned flags = r->link && !r->plan->dry ? SONDE_WAY_NEIGHBOUR : 0;
	struct sonde_resend_way *w = look_up(r, to);

	if (w->code > 0)
		w->code = sonde_way_find(&w->way, to, r->plan->device, NULL, flags);
	return w;
}

/* What a raw socket would write otherwise, raw(7); or NULL. */
static const char *mended(struct sonde_resend *r, const struct sonde_packet *p)
{
	const struct sonde_ip *ip =
		p->n && p->layer[0].shape == SONDE_ip ? sonde_header(p, 0, ip) : NULL;
	struct sonde_verdict v;

	if (!ip)
		return NULL;
	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	if (sonde_is_wrong(&v, 0, ip, len) || sonde_ip_len(ip) != p->len)
		return "total length";
	if (sonde_is_wrong(&v, 0, ip, checksum))
		return "checksum";
	if (!sonde_ip_src(ip))
		return "source address of 0";
	r->count.renumbered += !sonde_ip_id(ip);
	return NULL;
}

static void put_ethernet(const struct sonde_resend *r, const struct sonde_packet *p,
			 const struct sonde_way *way, uint8_t *h)
{
	memcpy(h, way->neighbour, 6);
	memcpy(h + 6, r->device.mac, 6);
	sonde_store(h + 12, 2, p->layer[0].shape == SONDE_ip ? 0x0800 : 0x86dd);
}

enum sonde_resend_wrong sonde_resend_dress(struct sonde_resend *r, uint8_t **byte, uint32_t *len,
					   char *why, size_t size)
{
	const struct sonde_resend_way *w;
	const char *field;
	struct sonde_packet p;
	struct sonde_address to;
	char word[NAME], *o;

	sonde_decode_link(&p, *byte, *len, *len, 101);
	to = end_of(&p, false);
	if (!p.n || !to.family) {
		snprintf(why, size, "is no packet of IP");
		return SONDE_RESEND_FOREIGN;
	}
	w = find(r, &to);
	if (w->code) {
		o = to.family == AF_INET6 ? sonde_put_ip6(word, to.ip) : sonde_put_ip4(word, to.ip);
		*o = 0;
		snprintf(why, size, "goes to %s, and %s", word,
			 w->code == -ENETUNREACH ? "there is no route to there"
			 : w->code == -EACCES	 ? "the route to there prohibits it"
			 : w->code == -EINVAL	 ? "the route to there is a black hole"
			 : w->code == -EHOSTUNREACH
				 ? "the neighbour that it goes by does not answer"
				 : sonde_reason_text(w->code));
		return SONDE_RESEND_WAYLESS;
	}
	if (*len > w->way.mtu) {
		snprintf(why, size, "is %u bytes from IP on, and %s takes %u", *len, w->way.device,
			 w->way.mtu);
		return SONDE_RESEND_LARGE;
	}
	if (!r->link) {
		field = mended(r, &p);
		if (field)
			snprintf(why, size,
				 "has an IPv4 %s that a raw socket would write anew: it needs an "
				 "interface, -I",
				 field);
		return field ? SONDE_RESEND_MENDED : SONDE_RESEND_FINE;
	}
	*byte -= ETHERNET;
	*len += ETHERNET;
	put_ethernet(r, &p, &w->way, *byte);
	return SONDE_RESEND_FINE;
}

void sonde_resend_watch(struct sonde_resend *r, const struct sonde_packet *p)
{
	struct sonde_address to = end_of(p, false), from = end_of(p, true);
	struct sonde_resend_way *w;

	if (!to.family || sonde_address_is_local(&to))
		return;
	r->stranger = true;
	w = look_up(r, &from);
	if (w->ours < 0)
		w->ours = sonde_way_is_ours(&from) == 1;
	r->spoofed |= !w->ours;
}
