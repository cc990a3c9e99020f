#include "sys/way.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/device.h"
#include "sys/sockaddr.h"

enum {
	BUFFER = 8192,
	PATIENCE = 100,
	STEP = 10 * 1000 * 1000
}; /* of the neighbour: so many times 10 ms */

static size_t size_of(const struct sonde_address *a)
{
	return a->family == AF_INET ? 4 : 16;
}

/* One request, and what hears the answers. 0, or the kernel's error. */
static int ask(struct nlmsghdr *h, mnl_cb_t hear, void *arg)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buffer[BUFFER];
	ssize_t n = -1;
	int r;

	if (!s)
		return -errno;
	h->nlmsg_seq = 1;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
			    mnl_socket_sendto(s, h, h->nlmsg_len) < 0
		    ? -errno
		    : 1;
	while (r > 0 && (n = mnl_socket_recvfrom(s, buffer, sizeof buffer)) > 0) {
		r = mnl_cb_run(buffer, (size_t)n, 1, mnl_socket_get_portid(s), hear, arg);
		r = r < 0 ? -errno : r;
	}
	mnl_socket_close(s);
	return n < 0 && r > 0 ? -EIO : r < 0 ? r : 0;
}

struct found {
	const struct sonde_address *to;
	struct sonde_way *way;
	uint32_t mtu;
	uint8_t type;	/* RTN_ */
	uint16_t state; /* NUD_ */
};

static void take_address(struct sonde_address *ret, const struct nlattr *a, uint16_t family)
{
	*ret = (struct sonde_address){ .family = family };
	if (mnl_attr_get_payload_len(a) == size_of(ret))
		memcpy(ret->ip, mnl_attr_get_payload(a), size_of(ret));
	else
		ret->family = 0;
}

static int hear_metric(const struct nlattr *a, void *arg)
{
	struct found *f = arg;

	if (mnl_attr_get_type(a) == RTAX_MTU)
		f->mtu = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int hear_route_part(const struct nlattr *a, void *arg)
{
	struct found *f = arg;

	switch (mnl_attr_get_type(a)) {
	case RTA_OIF: f->way->ifindex = mnl_attr_get_u32(a); break;
	case RTA_PREFSRC: take_address(&f->way->source, a, f->to->family); break;
	case RTA_GATEWAY: take_address(&f->way->gateway, a, f->to->family); break;
	case RTA_METRICS: mnl_attr_parse_nested(a, hear_metric, f); break;
	}
	return MNL_CB_OK;
}

static int hear_route(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);

	f->type = m->rtm_type;
	mnl_attr_parse(h, sizeof *m, hear_route_part, f);
	return MNL_CB_OK;
}

static int find_route(struct found *f, unsigned device, const struct sonde_address *source)
{
	char buffer[BUFFER];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	h->nlmsg_type = RTM_GETROUTE;
	m->rtm_family = (uint8_t)f->to->family;
	m->rtm_dst_len = (uint8_t)(8 * size_of(f->to));
	mnl_attr_put(h, RTA_DST, size_of(f->to), f->to->ip);
	if (device)
		mnl_attr_put_u32(h, RTA_OIF, device);
	if (source && source->family == f->to->family) {
		m->rtm_src_len = m->rtm_dst_len;
		mnl_attr_put(h, RTA_SRC, size_of(source), source->ip);
	}
	return ask(h, hear_route, f);
}

static int read_mac(const char *name, uint8_t ret[static 6])
{
	struct ifreq r = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), code = 0;

	if (fd < 0)
		return -errno;
	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &r))
		code = -errno;
	else
		memcpy(ret, r.ifr_hwaddr.sa_data, 6);
	close(fd);
	return code;
}

int sonde_way_of_device(struct sonde_way *ret, const char *name)
{
	struct sonde_device d;
	int r = sonde_device_read(&d, name);

	if (r)
		return r;
	memcpy(ret->device, d.name, sizeof ret->device);
	ret->ifindex = d.ifindex;
	ret->hatype = d.hatype;
	ret->mtu = d.mtu;
	ret->loopback = d.loopback;
	if (!d.up)
		return -ENETDOWN;
	return d.hatype == ARPHRD_ETHER ? read_mac(name, ret->mac) : 0;
}

static int hear_neighbour(const struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	f->state = m->ndm_state;
	mnl_attr_for_each(a, h,
			  sizeof *m) if (mnl_attr_get_type(a) == NDA_LLADDR &&
					 mnl_attr_get_payload_len(a) == 6 &&
					 m->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY |
							 NUD_PROBE | NUD_PERMANENT | NUD_NOARP))
	{
		memcpy(f->way->neighbour, mnl_attr_get_payload(a), 6);
		f->way->has_neighbour = true;
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *begin_neighbour(char *buffer, uint16_t type, const struct sonde_way *way,
					const struct sonde_address *at)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	h->nlmsg_type = type;
	m->ndm_family = (uint8_t)at->family;
	m->ndm_ifindex = (int)way->ifindex;
	mnl_attr_put(h, NDA_DST, size_of(at), at->ip);
	return h;
}

/* Has the kernel ask for it: by itself, or, where that takes a capability that we lack, for an
 * empty datagram to the discard port (RFC 863). */
static void wake(const struct sonde_way *way, const struct sonde_address *at)
{
	char buffer[BUFFER];
	struct nlmsghdr *h = begin_neighbour(buffer, RTM_NEWNEIGH, way, at);
	struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct sonde_address to = *at;
	struct sockaddr_in6 name;
	int fd;

	h->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	m->ndm_flags = NTF_USE;
	m->ndm_state = NUD_NONE;
	if (!ask(h, NULL, NULL))
		return;
	to.port = 9;
	to.scope = way->ifindex;
	fd = socket(at->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	sendto(fd, "", 0, 0, (void *)&name, sonde_sockaddr_put(&to, true, &name));
	close(fd);
}

/* wait: it is asked for where it is not known. */
static int find_neighbour(struct found *f, const struct sonde_address *at, bool wait)
{
	static const struct timespec step = { .tv_nsec = STEP };
	char buffer[BUFFER];

	for (unsigned i = 0; i < PATIENCE && !f->way->has_neighbour; i++) {
		f->state = 0;
		ask(begin_neighbour(buffer, RTM_GETNEIGH, f->way, at), hear_neighbour, f);
		if (!wait)
			return 0;
		if (!i && !f->way->has_neighbour)
			wake(f->way, at);
		else if (f->state == NUD_FAILED)
			break;
		if (!f->way->has_neighbour)
			nanosleep(&step, NULL);
	}
	return f->way->has_neighbour ? 0 : -EHOSTUNREACH;
}

static bool is_group(const struct sonde_address *a)
{
	return a->family == AF_INET
		       ? a->ip[0] >> 4 == 14 || (a->ip[0] & a->ip[1] & a->ip[2] & a->ip[3]) == 255
		       : a->ip[0] == 0xff;
}

/* RFC 1112 section 6.4, RFC 2464 section 7. */
static void put_group(const struct sonde_address *to, bool all, struct sonde_way *way)
{
	const uint8_t *ip = to->ip;

	way->has_neighbour = true;
	memset(way->neighbour, 0xff, 6);
	if (all || (to->family == AF_INET && ip[0] == 255))
		return;
	if (to->family == AF_INET6)
		memcpy(way->neighbour, (uint8_t[]){ 0x33, 0x33, ip[12], ip[13], ip[14], ip[15] },
		       6);
	else
		memcpy(way->neighbour, (uint8_t[]){ 1, 0, 0x5e, ip[1] & 127, ip[2], ip[3] }, 6);
}

int sonde_way_find(struct sonde_way *ret, const struct sonde_address *to, const char *device,
		   const struct sonde_address *source, unsigned flags)
{
	struct found f = { .to = to, .way = ret };
	char name[IF_NAMESIZE];
	int r;

	*ret = (struct sonde_way){ 0 };
	if (device && (r = sonde_way_of_device(ret, device)))
		return r;
	r = find_route(&f, ret->ifindex, source);
	if (r)
		return r == -EHOSTUNREACH ? -ENETUNREACH : r;
	if (!if_indextoname(ret->ifindex, name))
		return -ENODEV;
	r = sonde_way_of_device(ret, name);
	if (f.mtu && f.mtu < ret->mtu)
		ret->mtu = f.mtu;
	if (r || ret->hatype != ARPHRD_ETHER)
		return r;
	if (f.type == RTN_BROADCAST || is_group(to)) {
		put_group(to, f.type == RTN_BROADCAST, ret);
		return 0;
	}
	if (!flags)
		return 0;
	return find_neighbour(&f, ret->gateway.family ? &ret->gateway : to,
			      flags & SONDE_WAY_NEIGHBOUR);
}

static int hear_type(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);

	*(uint8_t *)arg = m->rtm_type;
	return MNL_CB_OK;
}

int sonde_way_is_ours(const struct sonde_address *a)
{
	char buffer[BUFFER];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	uint8_t type = 0;
	int r;

	h->nlmsg_type = RTM_GETROUTE;
	m->rtm_family = (uint8_t)a->family;
	m->rtm_dst_len = (uint8_t)(8 * size_of(a));
	mnl_attr_put(h, RTA_DST, size_of(a), a->ip);
	r = ask(h, hear_type, &type);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL)
		return 0;
	return r ? r : type == RTN_LOCAL;
}
