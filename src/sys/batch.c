#include "sys/batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/driver.h"
#include "sys/netns.h"

enum {
	ROOM = 64 << 10, /* of requests, before they are sent */
	LARGEST = 2048,	 /* a route of 16 hops takes 600 */
};

struct sonde_batch {
	int fd;
	uint32_t sequence;
	size_t len;
	struct nlmsghdr *last; /* of what is gathered */
	int error;	       /* the first */
	char said[128];
	char request[ROOM], answer[8192];
};

static int open_here(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

int sonde_batch_open(struct sonde_batch **ret, int netns)
{
	int fd = netns < 0 ? open_here()
			   : sonde_netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sonde_batch *b;
	int one = 1;

	if (fd < 0)
		return fd;
	b = calloc(1, sizeof *b);
	if (!b) {
		close(fd);
		return -ENOMEM;
	}
	b->fd = fd;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	*ret = b;
	return 0;
}

/* The kernel's sentence, where it has one. Attributes stand behind the header of the request alone,
 * as NETLINK_CAP_ACK asks. */
static void hear_error(struct sonde_batch *b, const struct nlmsghdr *head)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(head);
	const struct nlattr *attr;

	if (!e->error || b->error)
		return;
	b->error = e->error;
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, head,
			  sizeof *e) if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
					 mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		strncpy(b->said, mnl_attr_get_str(attr), sizeof b->said - 1);
}

/* Requests are carried out one after the other before send returns, and failures answer always;
 * that the last one asks for an answer in any case tells where they end. */
static void flush(struct sonde_batch *b)
{
	bool more = b->len > 0;

	if (!more)
		return;
	b->last->nlmsg_flags |= NLM_F_ACK;
	if (send(b->fd, b->request, b->len, 0) < 0) {
		b->error = b->error ? b->error : -errno;
		more = false;
	}
	b->len = 0;
	while (more) {
		ssize_t n = recv(b->fd, b->answer, sizeof b->answer, 0);
		const struct nlmsghdr *head = (void *)b->answer;
		int left = (int)n;

		if (n < 0) {
			b->error = b->error ? b->error : -errno;
			return;
		}
		for (; mnl_nlmsg_ok(head, left); head = mnl_nlmsg_next(head, &left)) {
			if (head->nlmsg_type == NLMSG_ERROR)
				hear_error(b, head);
			more = more && head->nlmsg_seq != b->sequence;
		}
	}
}

static void *begin(struct sonde_batch *b, uint16_t type, uint16_t flags, size_t size)
{
	if (b->len + LARGEST > sizeof b->request)
		flush(b);
	b->last = mnl_nlmsg_put_header(b->request + b->len);
	b->last->nlmsg_type = type;
	b->last->nlmsg_flags = NLM_F_REQUEST | flags;
	b->last->nlmsg_seq = ++b->sequence;
	return mnl_nlmsg_put_extra_header(b->last, size);
}

static void end(struct sonde_batch *b)
{
	b->len += MNL_ALIGN(b->last->nlmsg_len);
}

static void put_address(struct nlmsghdr *head, uint16_t type, const struct sonde_address *a)
{
	mnl_attr_put(head, type, a->family == AF_INET6 ? 16 : 4, a->ip);
}

static void put_port(struct nlmsghdr *head, const struct sonde_batch_port *p)
{
	mnl_attr_put_strz(head, IFLA_IFNAME, p->name);
	if (memcmp(p->mac, (uint8_t[6]){ 0 }, sizeof p->mac))
		mnl_attr_put(head, IFLA_ADDRESS, sizeof p->mac, p->mac);
	mnl_attr_put_u32(head, IFLA_MTU, p->mtu ? p->mtu : 1500);
}

void sonde_batch_pair(struct sonde_batch *b, const struct sonde_batch_port *here,
		      const struct sonde_batch_port *there, int netns)
{
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *head;

	head = begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *head);
	head->ifi_index = (int)here->index;
	put_port(b->last, here);
	info = mnl_attr_nest_start(b->last, IFLA_LINKINFO);
	mnl_attr_put_strz(b->last, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(b->last, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(b->last, VETH_INFO_PEER);
	head = mnl_nlmsg_put_extra_header(b->last, sizeof *head);
	head->ifi_index = (int)there->index;
	put_port(b->last, there);
	mnl_attr_put_u32(b->last, IFLA_NET_NS_FD, (uint32_t)netns);
	mnl_attr_nest_end(b->last, peer);
	mnl_attr_nest_end(b->last, data);
	mnl_attr_nest_end(b->last, info);
	end(b);
}

void sonde_batch_up(struct sonde_batch *b, unsigned index)
{
	struct ifinfomsg *head = begin(b, RTM_NEWLINK, 0, sizeof *head);

	head->ifi_index = (int)index;
	head->ifi_flags = head->ifi_change = IFF_UP;
	end(b);
}

void sonde_batch_address(struct sonde_batch *b, unsigned index, const struct sonde_address *a,
			 unsigned prefix)
{
	struct ifaddrmsg *head = begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *head);

	head->ifa_family = (uint8_t)a->family;
	head->ifa_prefixlen = (uint8_t)prefix;
	head->ifa_index = index;
	put_address(b->last, IFA_LOCAL, a);
	put_address(b->last, IFA_ADDRESS, a);
	mnl_attr_put_u32(b->last, IFA_FLAGS, IFA_F_NODAD);
	end(b);
}

/* RTA_MULTIPATH is a row of struct rtnexthop, each with attributes of its own behind it. */
static void put_hops(struct nlmsghdr *head, const struct sonde_batch_route *r)
{
	struct nlattr *hops;

	if (r->hops == 1) {
		put_address(head, RTA_GATEWAY, &r->hop->via);
		mnl_attr_put_u32(head, RTA_OIF, r->hop->index);
		return;
	}
	hops = mnl_attr_nest_start(head, RTA_MULTIPATH);
	for (unsigned i = 0; i < r->hops; i++) {
		struct rtnexthop *hop = mnl_nlmsg_put_extra_header(head, sizeof *hop);

		hop->rtnh_ifindex = (int)r->hop[i].index;
		put_address(head, RTA_GATEWAY, &r->hop[i].via);
		hop->rtnh_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(head) - (char *)hop);
	}
	mnl_attr_nest_end(head, hops);
}

void sonde_batch_route(struct sonde_batch *b, const struct sonde_batch_route *r)
{
	struct rtmsg *head = begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *head);

	head->rtm_family = (uint8_t)r->to.family;
	head->rtm_dst_len = (uint8_t)r->prefix;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = RTPROT_STATIC;
	head->rtm_scope = RT_SCOPE_UNIVERSE;
	head->rtm_type = r->kind ? r->kind : RTN_UNICAST;
	put_address(b->last, RTA_DST, &r->to);
	if (!r->kind)
		put_hops(b->last, r);
	end(b);
}

void sonde_batch_neighbour(struct sonde_batch *b, unsigned index, const struct sonde_address *a,
			   const uint8_t mac[6])
{
	struct ndmsg *head = begin(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof *head);

	head->ndm_family = (uint8_t)a->family;
	head->ndm_ifindex = (int)index;
	head->ndm_state = NUD_PERMANENT;
	put_address(b->last, NDA_DST, a);
	mnl_attr_put(b->last, NDA_LLADDR, 6, mac);
	end(b);
}

int sonde_batch_send(struct sonde_batch *b)
{
	int error;

	*b->said = 0;
	flush(b);
	error = b->error;
	b->error = 0;
	return error;
}

const char *sonde_batch_said(const struct sonde_batch *b)
{
	return b->said;
}

int sonde_batch_index(struct sonde_batch *b, const char *name)
{
	return sonde_driver_index(b->fd, name);
}

int sonde_batch_settle(struct sonde_batch *b, const char *name)
{
	int r = sonde_driver_plain(b->fd, name);

	return r < 0 ? r : sonde_driver_carrier(b->fd, name) < 0 ? -ENETDOWN : 0;
}

/* Which kind of route an address has, RTN_LOCAL if packets for it are ours; or -errno. */
static int find_route(struct sonde_batch *b, const struct sonde_address *a)
{
	struct rtmsg *head = begin(b, RTM_GETROUTE, 0, sizeof *head);
	const struct nlmsghdr *answer = (void *)b->answer;
	ssize_t n;

	head->rtm_family = (uint8_t)a->family;
	put_address(b->last, RTA_DST, a);
	if (send(b->fd, b->last, b->last->nlmsg_len, 0) < 0 ||
	    (n = recv(b->fd, b->answer, sizeof b->answer, 0)) < 0)
		return -errno;
	if (!mnl_nlmsg_ok(answer, (int)n))
		return -EIO;
	if (answer->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error;
	return ((struct rtmsg *)mnl_nlmsg_get_payload(answer))->rtm_type;
}

int sonde_batch_wait(struct sonde_batch *b, const struct sonde_address *a)
{
	for (int i = 0; i < 1000; i++) {
		int r = find_route(b, a);

		if (r == RTN_LOCAL)
			return 0;
		if (r < 0 && r != -ENETUNREACH)
			return r;
		nanosleep(&(struct timespec){ .tv_nsec = i < 10 ? 100000 : 1000000 }, NULL);
	}
	return -ETIMEDOUT;
}

struct sonde_batch *sonde_batch_close(struct sonde_batch *b)
{
	if (b)
		close(b->fd);
	free(b);
	return NULL;
}
