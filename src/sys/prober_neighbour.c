/* Probes of the link: ARP over a packet socket, neighbour solicitation over a raw one. */
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <sys/ioctl.h>

#include "sys/prober_inside.h"

static int read_device(struct sonde_prober *p)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, p->plan.device, sizeof r.ifr_name - 1);
	if (ioctl(p->data.fd, SIOCGIFINDEX, &r))
		return -errno;
	p->ifindex = (uint32_t)r.ifr_ifindex;
	if (ioctl(p->data.fd, SIOCGIFHWADDR, &r))
		return -errno;
	memcpy(p->mac, r.ifr_hwaddr.sa_data, sizeof p->mac);
	return 0;
}

static int open_arp(struct sonde_prober *p)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ARP) };
	int r;

	p->data =
		(struct sonde_prober_channel){ socket(AF_PACKET,
						      SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
					       SONDE_BEGINS_ARP, false };
	if (p->data.fd < 0)
		return -errno;
	p->mode = "packet socket";
	if ((r = read_device(p)))
		return r;
	ll.sll_ifindex = (int)p->ifindex;
	return bind(p->data.fd, (struct sockaddr *)&ll, sizeof ll) ? -errno : 0;
}

/* RFC 4861 section 7.1.1: a hop limit of 255 shows that no router passed it on. */
static int open_solicitation(struct sonde_prober *p)
{
	struct icmp6_filter only;
	int hops = 255, r;

	p->data = (struct sonde_prober_channel){
		socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6),
		SONDE_BEGINS_ICMP, false
	};
	if (p->data.fd < 0)
		return -errno;
	p->mode = "raw socket";
	ICMP6_FILTER_SETBLOCKALL(&only);
	ICMP6_FILTER_SETPASS(136, &only);
	if ((r = read_device(p)))
		return r;
	if (setsockopt(p->data.fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof only) ||
	    setsockopt(p->data.fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) ||
	    setsockopt(p->data.fd, SOL_SOCKET, SO_BINDTODEVICE, p->plan.device,
		       (socklen_t)strlen(p->plan.device) + 1))
		return -errno;
	return 0;
}

int sonde_prober_open_neighbour(struct sonde_prober *p)
{
	return p->plan.family == AF_INET6 ? open_solicitation(p) : open_arp(p);
}

socklen_t sonde_prober_aim_neighbour(const struct sonde_prober *p, const struct sonde_address *to,
				     void *ret)
{
	/* RFC 4291 section 2.7.1: the solicited-node multicast address */
	static const uint8_t group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	struct sockaddr_ll *ll = ret;
	struct sockaddr_in6 *six = ret;

	if (p->plan.family == AF_INET6) {
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					      .sin6_scope_id = p->ifindex };
		memcpy(&six->sin6_addr, group, sizeof group);
		memcpy((uint8_t *)&six->sin6_addr + sizeof group, to->ip + sizeof group, 3);
		return sizeof *six;
	}
	*ll = (struct sockaddr_ll){ .sll_family = AF_PACKET,
				    .sll_protocol = htobe16(ETH_P_ARP),
				    .sll_ifindex = (int)p->ifindex,
				    .sll_halen = 6 };
	memset(ll->sll_addr, 0xff, 6);
	return sizeof *ll;
}
