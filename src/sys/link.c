#include "sys/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/netns.h"

/* One request and its answer. */
struct message {
	struct nlmsghdr *head;
	char byte[1024];
};

static void *begin(struct message *m, uint16_t type, uint16_t flags, size_t size)
{
	m->head = mnl_nlmsg_put_header(m->byte);
	m->head->nlmsg_type = type;
	m->head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return mnl_nlmsg_put_extra_header(m->head, size);
}

/* Sends the request; the last message of the answer is left in m. */
static int put_request(int netns, struct message *m)
{
	int fd = sonde_netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ssize_t n = -1;
	int err = 0;

	if (fd < 0)
		return fd;
	if (send(fd, m->head, m->head->nlmsg_len, 0) < 0 ||
	    (n = recv(fd, m->byte, sizeof m->byte, 0)) < 0 ||
	    mnl_cb_run(m->byte, (size_t)n, 0, 0, NULL, NULL) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* SIOCGIFINDEX and its like are answered by a socket of any family. */
int sonde_link_index_by(int fd, const char *name)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	return ioctl(fd, SIOCGIFINDEX, &r) < 0 ? -errno : r.ifr_ifindex;
}

static int ask_inside(int netns, const char *name, int (*ask)(int fd, const char *name))
{
	int fd = sonde_netns_socket(netns, AF_UNIX, SOCK_DGRAM, 0), ret;

	if (fd < 0)
		return fd;
	ret = ask(fd, name);
	close(fd);
	return ret;
}

static int find_index(int netns, const char *name)
{
	return ask_inside(netns, name, sonde_link_index_by);
}

int sonde_link_pair(int netns_a, const char *name_a, int netns_b, const char *name_b)
{
	struct nlattr *info, *data, *peer;
	struct message m;

	begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m.head, IFLA_IFNAME, name_a);
	info = mnl_attr_nest_start(m.head, IFLA_LINKINFO);
	mnl_attr_put_strz(m.head, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(m.head, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(m.head, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(m.head, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m.head, IFLA_IFNAME, name_b);
	mnl_attr_put_u32(m.head, IFLA_NET_NS_FD, (uint32_t)netns_b);
	mnl_attr_nest_end(m.head, peer);
	mnl_attr_nest_end(m.head, data);
	mnl_attr_nest_end(m.head, info);
	return put_request(netns_a, &m);
}

/* Whether the namespace takes packets for this address as its own. */
static bool is_local(int netns, const struct sonde_address *a)
{
	struct rtmsg *head, *route;
	struct message m;

	head = begin(&m, RTM_GETROUTE, 0, sizeof *head);
	head->rtm_family = (uint8_t)a->family;
	mnl_attr_put(m.head, RTA_DST, a->family == AF_INET6 ? 16 : 4, a->ip);
	if (put_request(netns, &m) < 0 || m.head->nlmsg_type != RTM_NEWROUTE)
		return false;
	route = mnl_nlmsg_get_payload(m.head);
	return route->rtm_type == RTN_LOCAL;
}

int sonde_link_add_address(int netns, const char *name, const struct sonde_address *a,
			   unsigned prefix)
{
	size_t len = a->family == AF_INET6 ? 16 : 4;
	int index = find_index(netns, name), err;
	struct ifaddrmsg *head;
	struct message m;

	if (index < 0)
		return index;
	head = begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *head);
	head->ifa_family = (uint8_t)a->family;
	head->ifa_prefixlen = (uint8_t)prefix;
	head->ifa_index = (uint32_t)index;
	mnl_attr_put(m.head, IFA_LOCAL, len, a->ip);
	mnl_attr_put(m.head, IFA_ADDRESS, len, a->ip);
	/* No duplicate address detection, RFC 4862 section 5.4: it takes a second. */
	mnl_attr_put_u32(m.head, IFA_FLAGS, IFA_F_NODAD);
	err = put_request(netns, &m);
	/* A work queue of the kernel does the rest for IPv6. */
	for (int i = 0; !err && !is_local(netns, a) && i < 1000; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
	return err;
}

int sonde_link_up(int netns, const char *name)
{
	int index = find_index(netns, name);
	struct ifinfomsg *head;
	struct message m;

	if (index < 0)
		return index;
	head = begin(&m, RTM_NEWLINK, 0, sizeof *head);
	head->ifi_index = index;
	head->ifi_flags = head->ifi_change = IFF_UP;
	return put_request(netns, &m);
}

/* Puts the commands to the driver, each with the value 0, until one fails. Returns the last one's
 * answer, or -errno. */
static int ask_driver(int fd, const char *name, const uint32_t *command, size_t n)
{
	struct ethtool_value value;
	struct ifreq r = { .ifr_data = (void *)&value };
	int ret = 0;

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	for (size_t i = 0; ret >= 0 && i < n; i++) {
		value = (struct ethtool_value){ .cmd = command[i] };
		/* A device that cannot have it at all is as plain as one that has it off. */
		ret = ioctl(fd, SIOCETHTOOL, &r) < 0 && errno != EOPNOTSUPP ? -errno
									    : (int)value.data;
	}
	return ret;
}

int sonde_link_carrier_by(int fd, const char *name)
{
	return ask_driver(fd, name, &(uint32_t){ ETHTOOL_GLINK }, 1);
}

int sonde_link_plain_by(int fd, const char *name)
{
	/* Generic segmentation goes last: it may only be turned off without the others. */
	static const uint32_t off[] = { ETHTOOL_SRXCSUM, ETHTOOL_STSO, ETHTOOL_STXCSUM,
					ETHTOOL_SGRO, ETHTOOL_SGSO };

	return ask_driver(fd, name, off, sizeof off / sizeof *off);
}

int sonde_link_carrier(int netns, const char *name)
{
	return ask_inside(netns, name, sonde_link_carrier_by);
}

int sonde_link_plain(int netns, const char *name)
{
	return ask_inside(netns, name, sonde_link_plain_by);
}
