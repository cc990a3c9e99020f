#ifndef SONDE_SYS_SKB_BPF_H
#define SONDE_SYS_SKB_BPF_H

/* The little that has to be read of a packet: whose is it. */

#include "sys/ground.bpf.h"

enum { TUPLE_BYTES = 64 };

struct tuple {
	__u8 version, protocol;
	bool fragment;	/* not the first: no ports */
	__u16 from, to; /* ports */
	__u16 bytes;	/* payload of a datagram */
	__u8 ip[32];	/* source, destination; of 4 or 16 bytes each */
};

INLINE __u16 get16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

/* b: the first TUPLE_BYTES of the packet at ip. False where this is neither IPv4 nor IPv6.
 * Extension headers are not walked: their number stands as the protocol. */
INLINE bool tuple_take(struct tuple *t, __u8 *b, const unsigned char *ip)
{
	__u8 *l4 = b + 40;
	__u32 header;

	t->version = b[0] >> 4;
	if (t->version == 4) {
		header = (b[0] & 15) * 4;
		t->protocol = b[9];
		t->fragment = get16(b + 6) & 0x1fff;
		__builtin_memcpy(t->ip, b + 12, 8);
		l4 = b + 20;
		if (header != 20 && bpf_probe_read_kernel(l4, 20, ip + header))
			return false;
	} else if (t->version == 6) {
		t->protocol = b[6];
		t->fragment = t->protocol == IPPROTO_FRAGMENT;
		__builtin_memcpy(t->ip, b + 8, 32);
	} else {
		return false;
	}
	t->from = get16(l4);
	t->to = get16(l4 + 2);
	t->bytes = t->protocol == IPPROTO_UDP ? get16(l4 + 4) - 8 : 0;
	return true;
}

INLINE bool tuple_read(struct tuple *t, const unsigned char *ip)
{
	__u8 b[TUPLE_BYTES];

	return !bpf_probe_read_kernel(b, sizeof b, ip) && tuple_take(t, b, ip);
}

INLINE bool tuple_known(const struct tuple *t, __u32 netns)
{
	if (t->fragment)
		return port_known(netns, 0, 0);
	if (t->protocol == IPPROTO_TCP || t->protocol == IPPROTO_UDP)
		return port_known(netns, t->protocol, t->from) ||
		       port_known(netns, t->protocol, t->to);
	if (t->protocol == IPPROTO_ICMP || t->protocol == IPPROTO_ICMPV6)
		return port_known(netns, 0, 0);
	return port_known(netns, t->protocol, 0);
}

INLINE void address_put(struct record_address *a, const struct tuple *t, bool destination)
{
	a->port = destination ? t->to : t->from;
	if (t->version == 4) {
		a->family = AF_INET;
		__builtin_memcpy(a->ip, t->ip + (destination ? 4 : 0), 4);
	} else {
		a->family = AF_INET6;
		__builtin_memcpy(a->ip, t->ip + (destination ? 16 : 0), 16);
	}
}

INLINE __u32 device_netns(const struct net_device *dev)
{
	return dev ? BPF_CORE_READ(dev, nd_net.net, ns.inum) : 0;
}

#endif
