#include "sys/prober.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/prober_inside.h"
#include "sys/sockaddr.h"

enum {
	LEAST = 2048, /* bytes for an answer: errors quote up to 1,280 */
	FLOWINFO_SEND =
		33, /* IPV6_FLOWINFO_SEND of linux/in6.h, which does not go with netinet/in.h */
};

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) ? -errno : 0;
}

static bool is_six(const struct sonde_prober *p)
{
	return p->plan.family == AF_INET6;
}

static int ask_stamps(const struct sonde_prober *p)
{
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	if (p->stamps)
		flags |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			 SOF_TIMESTAMPING_OPT_TSONLY;
	if (p->stamps && p->plan.split)
		flags |= SOF_TIMESTAMPING_TX_SCHED;
	if (p->icmp.fd >= 0)
		set(p->icmp.fd, SOL_SOCKET, SO_TIMESTAMPING,
		    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	return set(p->data.fd, SOL_SOCKET, SO_TIMESTAMPING, flags);
}

/* The count of packets begins anew, as after one that did not leave: whether the kernel has counted
 * that one is not for us to know. */
void sonde_prober_restart(struct sonde_prober *p)
{
	bool stamps = p->stamps;

	if (!stamps)
		return;
	p->stamps = false;
	ask_stamps(p);
	p->stamps = true;
	ask_stamps(p);
	p->key = 0;
}

/* To the device, if there is one. */
static int tie(const struct sonde_prober *p, int fd)
{
	const char *device = p->plan.device;

	return device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				    (socklen_t)strlen(device) + 1)
		       ? -errno
		       : 0;
}

/* Where packets go and what they look like; the same for every socket that sends or is asked. */
static int aim(const struct sonde_prober *p, int fd)
{
	const struct sonde_prober_plan *plan = &p->plan;
	int level = is_six(p) ? IPPROTO_IPV6 : IPPROTO_IP;
	struct sockaddr_in6 name;
	socklen_t len;
	int r = 0;

	if (plan->mark >= 0)
		r = set(fd, SOL_SOCKET, SO_MARK, (int)plan->mark);
	if (!r)
		r = tie(p, fd);
	/* A flow label that a probe asks for. */
	if (!r && is_six(p))
		r = set(fd, IPPROTO_IPV6, FLOWINFO_SEND, 1);
	if (!r && plan->broadcast)
		r = set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (!r && plan->ttl >= 0) {
		r = set(fd, level, is_six(p) ? IPV6_UNICAST_HOPS : IP_TTL, plan->ttl);
		set(fd, level, is_six(p) ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, plan->ttl);
	}
	if (!r && plan->tos >= 0)
		r = set(fd, level, is_six(p) ? IPV6_TCLASS : IP_TOS, plan->tos);
	if (!r && plan->discover >= 0)
		r = set(fd, level, is_six(p) ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, plan->discover);
	if (!r && plan->source.family) {
		len = sonde_sockaddr_put(&plan->source, false, &name);
		r = bind(fd, (struct sockaddr *)&name, len) ? -errno : 0;
	}
	return r;
}

/* A local port, chosen by the kernel, if the socket has none yet. */
static int take_port(int fd, const struct sonde_prober *p, uint16_t *ret)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t len = sizeof name;
	struct sonde_address any = p->plan.source;

	if (!any.family) {
		any.family = p->plan.family;
		len = sonde_sockaddr_put(&any, false, &name);
		if (bind(fd, (struct sockaddr *)&name, len))
			return -errno;
		len = sizeof name;
	}
	if (getsockname(fd, (struct sockaddr *)&name, &len))
		return -errno;
	*ret = sonde_sockaddr_get(&name).port;
	return 0;
}

static int new_socket(const struct sonde_prober *p, int type, int protocol)
{
	int fd = socket(p->plan.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	return fd < 0 ? -errno : fd;
}

static int icmp_of(const struct sonde_prober *p)
{
	return is_six(p) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

/* A raw socket for ICMP; its filter lets errors about packets of `protocol` pass. */
static int open_raw_icmp(struct sonde_prober *p, struct sonde_prober_channel *c, uint8_t protocol)
{
	int r = new_socket(p, SOCK_RAW, icmp_of(p));

	if (r < 0)
		return r;
	c->fd = r;
	c->begins = is_six(p) ? SONDE_BEGINS_ICMP : SONDE_BEGINS_IP;
	return sonde_prober_filter_icmp(c->fd, p, protocol);
}

static int open_icmp(struct sonde_prober *p)
{
	int r = open_raw_icmp(p, &p->data, (uint8_t)icmp_of(p));

	p->mode = "raw socket";
	if (r != -EPERM && r != -EACCES)
		return r ? r : aim(p, p->data.fd);
	p->mode = "ping socket";
	if ((r = new_socket(p, SOCK_DGRAM, icmp_of(p))) < 0)
		return r;
	p->data = (struct sonde_prober_channel){ r, SONDE_BEGINS_ICMP, true };
	r = aim(p, p->data.fd);
	return r ? r : take_port(p->data.fd, p, &p->ident);
}

/* Headers of UDP and TCP that we write ourselves: over IPv6 the kernel looks after their checksum,
 * RFC 3542 section 3.1. The port is kept by a socket that neither listens nor reads, so that the
 * kernel resets what is answered, and gives the port to nobody else. */
static int open_raw(struct sonde_prober *p, uint8_t protocol)
{
	bool tcp = protocol == IPPROTO_TCP;
	int r = new_socket(p, SOCK_RAW, protocol);

	if (r < 0)
		return r;
	p->mode = "raw socket";
	p->data = (struct sonde_prober_channel){ r, SONDE_BEGINS_IP, false };
	if (is_six(p)) {
		p->data.begins = tcp ? SONDE_BEGINS_TCP : SONDE_BEGINS_UDP;
		if ((r = set(p->data.fd, IPPROTO_IPV6, IPV6_CHECKSUM, tcp ? 16 : 6)))
			return r;
	}
	if ((r = aim(p, p->data.fd)) || (r = new_socket(p, tcp ? SOCK_STREAM : SOCK_DGRAM, 0)) < 0)
		return r;
	p->keeper = r;
	set(p->keeper, SOL_SOCKET, SO_RCVBUF, 0);
	if ((r = aim(p, p->keeper)) || (r = take_port(p->keeper, p, &p->ident)) ||
	    (r = open_raw_icmp(p, &p->icmp, protocol)))
		return r;
	return sonde_prober_filter_ports(p->data.fd, p);
}

static int open_udp(struct sonde_prober *p)
{
	int r = open_raw(p, IPPROTO_UDP);

	if (r != -EPERM && r != -EACCES)
		return r;
	if ((r = new_socket(p, SOCK_DGRAM, IPPROTO_UDP)) < 0)
		return r;
	p->mode = "udp socket";
	p->data = (struct sonde_prober_channel){ r, SONDE_BEGINS_BODY, true };
	r = aim(p, p->data.fd);
	return r ? r : take_port(p->data.fd, p, &p->ident);
}

static int set_options(const struct sonde_prober *p, const uint8_t *at, socklen_t len)
{
	return setsockopt(p->data.fd, IPPROTO_IP, IP_OPTIONS, at, len) ? -errno : 0;
}

/* RFC 791 section 3.1: room for nine addresses, or the gates, behind one byte of padding. The
 * kernel takes out the first gate, where the packet goes, and puts the target behind the others. */
static int ask_route(const struct sonde_prober *p)
{
	static const uint8_t record[40] = { 1, 7, 39, 4 };
	uint8_t source[4 + 4 * SONDE_PROBER_GATES] = { 1, 131, 0, 4 };
	uint8_t len = (uint8_t)(3 + 4 * p->plan.gates);

	if (is_six(p))
		return 0;
	if (p->plan.record_route)
		return set_options(p, record, sizeof record);
	if (!p->plan.gates)
		return 0;
	source[2] = len;
	memcpy(source + 4, p->plan.gate, 4u * p->plan.gates);
	return set_options(p, source, 1 + len);
}

/* What is to be told beside each packet. */
static int listen_in(struct sonde_prober *p, const struct sonde_prober_channel *c)
{
	int level = is_six(p) ? IPPROTO_IPV6 : IPPROTO_IP, r = 0;

	if (set(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20))
		set(c->fd, SOL_SOCKET, SO_RCVBUF, 4 << 20);
	set(c->fd, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	if (c->begins != SONDE_BEGINS_IP && c->begins != SONDE_BEGINS_ARP)
		r = set(c->fd, level, is_six(p) ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	/* Without it the kernel does not say of most packets that a full queue refused them. */
	if (!r && c == &p->data && c->begins != SONDE_BEGINS_ARP)
		r = set(c->fd, level, is_six(p) ? IPV6_RECVERR : IP_RECVERR, 1);
	return r;
}

static int make_batch(struct sonde_prober_batch *b, uint32_t each)
{
	b->each = each;
	b->byte = malloc((size_t)each * SONDE_PROBER_BATCH);
	for (unsigned i = 0; b->byte && i < SONDE_PROBER_BATCH; i++)
		b->v[i].iov_base = b->byte + (size_t)each * i;
	return b->byte ? 0 : -ENOMEM;
}

int sonde_prober_open(struct sonde_prober **ret, const struct sonde_prober_plan *plan)
{
	struct sonde_prober *p = calloc(1, sizeof *p);
	uint32_t each = plan->most + 512 > LEAST ? plan->most + 512 : LEAST;
	int r;

	if (!p)
		return -ENOMEM;
	p->plan = *plan;
	p->data.fd = p->icmp.fd = p->keeper = p->asker = -1;
	p->ident = plan->ident;
	p->stamps = plan->stamps;
	r = plan->neighbour		     ? sonde_prober_open_neighbour(p)
	    : plan->protocol == IPPROTO_ICMP ? open_icmp(p)
	    : plan->protocol == IPPROTO_UDP  ? open_udp(p)
					     : open_raw(p, IPPROTO_TCP);
	if (!r && (r = new_socket(p, SOCK_DGRAM, IPPROTO_UDP)) >= 0) {
		p->asker = r;
		r = aim(p, p->asker);
	}
	if (!r)
		r = ask_route(p);
	if (!r)
		r = listen_in(p, &p->data);
	if (!r && p->icmp.fd >= 0)
		r = listen_in(p, &p->icmp);
	if (!r && ask_stamps(p)) {
		p->stamps = false;
		ask_stamps(p);
	}
	if (!r && !(r = make_batch(&p->in, each)) && !(r = make_batch(&p->out, each)))
		r = make_batch(&p->err, each);
	if (r) {
		sonde_prober_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

void sonde_prober_await_stamps(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct sonde_prober *sonde_prober_close(struct sonde_prober *p)
{
	if (!p)
		return NULL;
	shut(p->data.fd);
	shut(p->icmp.fd);
	shut(p->keeper);
	shut(p->asker);
	free(p->in.byte);
	free(p->out.byte);
	free(p->err.byte);
	free(p);
	return NULL;
}

uint16_t sonde_prober_ident(const struct sonde_prober *p)
{
	return p->ident;
}

const char *sonde_prober_mode(const struct sonde_prober *p)
{
	return p->mode;
}

const uint8_t *sonde_prober_mac(const struct sonde_prober *p)
{
	return p->mac;
}

/* SO_RXQ_OVFL would tell, beside a packet, what was dropped before it came, but not behind the
 * last. */
static uint32_t dropped_by(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof info;

	return fd < 0 || getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len)
		       ? 0
		       : info[SK_MEMINFO_DROPS];
}

uint64_t sonde_prober_dropped(const struct sonde_prober *p)
{
	return (uint64_t)dropped_by(p->data.fd) + dropped_by(p->icmp.fd);
}

int sonde_prober_source(const struct sonde_prober *p, const struct sonde_address *to,
			struct sonde_address *ret)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sonde_address there = *to;
	struct sockaddr_in6 name;
	socklen_t len;

	there.port = there.port ? there.port : 9; /* discard; nothing is sent */
	len = sonde_sockaddr_put(&there, true, &name);
	connect(p->asker, &nobody, sizeof nobody); /* else it would keep the source it had */
	tie(p, p->asker);			   /* which that has undone */
	if (connect(p->asker, (struct sockaddr *)&name, len))
		return -errno;
	len = sizeof name;
	if (getsockname(p->asker, (struct sockaddr *)&name, &len))
		return -errno;
	*ret = sonde_sockaddr_get(&name);
	return 0;
}

bool sonde_prober_lacks_broadcast(const struct sonde_prober *p, const struct sonde_address *to)
{
	struct sonde_address from;
	bool lacks;

	if (p->plan.broadcast || sonde_prober_source(p, to, &from) != -EACCES)
		return false;
	set(p->asker, SOL_SOCKET, SO_BROADCAST, 1);
	lacks = !sonde_prober_source(p, to, &from);
	set(p->asker, SOL_SOCKET, SO_BROADCAST, 0);
	return lacks;
}

unsigned sonde_prober_fds(const struct sonde_prober *p, struct pollfd *ret)
{
	ret[0] = (struct pollfd){ .fd = p->data.fd, .events = POLLIN };
	ret[1] = (struct pollfd){ .fd = p->icmp.fd, .events = POLLIN };
	return p->icmp.fd >= 0 ? 2 : 1;
}
