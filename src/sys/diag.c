#include "sys/diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/netns.h"

struct sonde_diag {
	struct mnl_socket *ends, *ask;
	uint32_t netns, seq;
	uint64_t lost;
	char buf[32 * 1024];	 /* questions and their answers */
	char end_buf[32 * 1024]; /* so that a question can be asked about an end that is heard */
};

/* What a message is turned into while a dump or the queue of ends is read. */
struct hearing {
	const struct sonde_diag *diag;
	const struct sonde_diag_want *want; /* NULL: ends */
	sonde_tracer_hear hear;
	void *arg;
	int n;
};

static struct mnl_socket *open_socket(int netns, unsigned groups)
{
	int buffer = 4 << 20,
	    fd = netns < 0 ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
			   : sonde_netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	struct mnl_socket *s;

	if (fd < 0) {
		errno = netns < 0 ? errno : -fd;
		return NULL;
	}
	s = mnl_socket_fdopen(fd);
	if (!s) {
		close(fd);
		return NULL;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID)) {
		int error = errno;

		mnl_socket_close(s);
		errno = error;
		return NULL;
	}
	return s;
}

int sonde_diag_open(struct sonde_diag **ret, int netns)
{
	struct sonde_diag *d = calloc(1, sizeof *d);
	struct stat own = { 0 };
	int error;

	if (!d)
		return -ENOMEM;
	if (netns < 0)
		stat("/proc/self/ns/net", &own);
	d->netns = netns < 0 ? (uint32_t)own.st_ino : sonde_netns_inode(netns);
	d->ends = open_socket(netns, 1 << (SKNLGRP_INET_TCP_DESTROY - 1) |
					     1 << (SKNLGRP_INET_UDP_DESTROY - 1) |
					     1 << (SKNLGRP_INET6_TCP_DESTROY - 1) |
					     1 << (SKNLGRP_INET6_UDP_DESTROY - 1));
	error = errno;
	if (d->ends) {
		d->ask = open_socket(netns, 0);
		error = errno;
	}
	if (!d->ask) {
		sonde_diag_close(d);
		return -error;
	}
	*ret = d;
	return 0;
}

struct sonde_diag *sonde_diag_close(struct sonde_diag *d)
{
	if (!d)
		return NULL;
	if (d->ends)
		mnl_socket_close(d->ends);
	if (d->ask)
		mnl_socket_close(d->ask);
	free(d);
	return NULL;
}

int sonde_diag_fd(const struct sonde_diag *d)
{
	return mnl_socket_get_fd(d->ends);
}

uint64_t sonde_diag_lost(const struct sonde_diag *d)
{
	return d->lost;
}

static void read_address(struct sonde_address *ret, uint16_t family, const void *ip, uint16_t port,
			 uint32_t scope)
{
	ret->family = family;
	ret->port = be16toh(port);
	memcpy(ret->ip, ip, family == AF_INET ? 4 : 16);
	if (family == AF_INET6 && ret->ip[0] == 0xfe && (ret->ip[1] & 0xc0) == 0x80)
		ret->scope = scope;
}

/* Of the kernel's include/net/tcp_states.h; netinet/tcp.h does not go together with linux/tcp.h. */
enum { TCP_CLOSE_WAIT = 8, TCP_LAST_ACK = 9, TCP_CLOSING = 11 };

void sonde_diag_count(struct sonde_event *e, const void *at, size_t len)
{
	struct tcp_info info = { 0 }; /* a kernel may know fewer or more counters than our header */

	memcpy(&info, at, len < sizeof info ? len : sizeof info);
	e->n[0] = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
	e->n[1] = info.tcpi_bytes_received;
	e->n[2] = info.tcpi_total_retrans;
	if (e->state == TCP_CLOSE_WAIT || e->state == TCP_LAST_ACK || e->state == TCP_CLOSING)
		e->n[1]--; /* the FIN */
}

static uint64_t join(const uint32_t half[2])
{
	return half[0] | (uint64_t)half[1] << 32;
}

static int hear_inet(const struct nlmsghdr *h, void *arg)
{
	struct hearing *x = arg;
	const struct sonde_diag_want *want = x->want;
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *attr;
	struct sonde_item item = { .is = SONDE_ITEM_EVENT };
	struct sonde_event *e = &item.event;

	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return MNL_CB_OK;
	*e = (struct sonde_event){ .kind = SONDE_EVENT_DIAG, .fd = -1, .fd2 = -1 };
	e->when = sonde_clock_now();
	e->netns = x->diag->netns;
	e->family = m->idiag_family;
	e->protocol = want ? want->protocol : 0;
	e->state = m->idiag_state;
	e->ino = m->idiag_inode;
	e->cookie = join(m->id.idiag_cookie);
	e->flags = want ? SONDE_FLAG_COPY : SONDE_FLAG_LAST;
	read_address(&e->local, e->family, m->id.idiag_src, m->id.idiag_sport, m->id.idiag_if);
	if (m->id.idiag_dport)
		read_address(&e->remote, e->family, m->id.idiag_dst, m->id.idiag_dport,
			     m->id.idiag_if);
	mnl_attr_for_each(attr, h, sizeof *m)
	{
		if (mnl_attr_get_type(attr) == INET_DIAG_PROTOCOL && !want)
			e->protocol = mnl_attr_get_u8(attr);
		else if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
			sonde_diag_count(e, mnl_attr_get_payload(attr),
					 mnl_attr_get_payload_len(attr));
	}
	e->type = e->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	if (want &&
	    ((want->port && want->port != e->local.port) || (want->ino && want->ino != e->ino) ||
	     (want->cookie && want->cookie != e->cookie)))
		return MNL_CB_OK;
	x->n++;
	x->hear(x->arg, &item);
	return MNL_CB_OK;
}

int sonde_diag_read(struct sonde_diag *d, sonde_tracer_hear hear, void *arg)
{
	struct hearing x = { .diag = d, .hear = hear, .arg = arg };

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(d->ends), d->end_buf, sizeof d->end_buf,
				 MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			d->lost++;
			continue;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? x.n : -errno;
		mnl_cb_run(d->end_buf, (size_t)n, 0, 0, hear_inet, &x);
	}
}

/* Sends what was put together in d->buf and feeds the answers to cb. */
static int ask(struct sonde_diag *d, const struct nlmsghdr *h, mnl_cb_t cb, void *arg)
{
	int r = MNL_CB_OK;

	if (mnl_socket_sendto(d->ask, h, h->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(d->ask, d->buf, sizeof d->buf);

		if (n < 0)
			return -errno;
		r = mnl_cb_run(d->buf, (size_t)n, d->seq, mnl_socket_get_portid(d->ask), cb, arg);
	}
	return r < 0 ? -errno : 0;
}

static struct nlmsghdr *request(struct sonde_diag *d, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(d->buf);

	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++d->seq;
	return h;
}

int sonde_diag_dump(struct sonde_diag *d, const struct sonde_diag_want *want,
		    sonde_tracer_hear hear, void *arg)
{
	struct hearing x = { .diag = d, .want = want, .hear = hear, .arg = arg };
	struct nlmsghdr *h = request(d, NLM_F_DUMP);
	struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(h, sizeof *q);
	int r;

	q->sdiag_family = (uint8_t)want->family;
	q->sdiag_protocol = want->protocol;
	q->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	q->idiag_states = want->states ? want->states : ~0u;
	q->id.idiag_sport = htobe16(want->port);
	r = ask(d, h, hear_inet, &x);
	return r < 0 ? r : x.n;
}

static int hear_state(const struct nlmsghdr *h, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);

	if (mnl_nlmsg_get_payload_len(h) >= sizeof *m)
		*(uint8_t *)arg = m->idiag_state;
	return MNL_CB_STOP;
}

unsigned sonde_diag_state(struct sonde_diag *d, const struct sonde_event *ended)
{
	struct nlmsghdr *h = request(d, 0);
	struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(h, sizeof *q);
	uint8_t state = 0;

	q->sdiag_family = (uint8_t)ended->family;
	q->sdiag_protocol = IPPROTO_TCP;
	q->idiag_states = ~0u;
	q->id.idiag_sport = htobe16(ended->local.port);
	q->id.idiag_dport = htobe16(ended->remote.port);
	memcpy(q->id.idiag_src, ended->local.ip, 16);
	memcpy(q->id.idiag_dst, ended->remote.ip, 16);
	q->id.idiag_if = ended->local.scope;
	q->id.idiag_cookie[0] = (uint32_t)ended->cookie;
	q->id.idiag_cookie[1] = (uint32_t)(ended->cookie >> 32);
	return ask(d, h, hear_state, &state) ? 0 : state;
}

static int hear_unix(const struct nlmsghdr *h, void *arg)
{
	struct sonde_diag_unix *ret = arg;
	const struct unix_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return MNL_CB_STOP;
	*ret = (struct sonde_diag_unix){ .type = m->udiag_type, .state = m->udiag_state };
	ret->cookie = join(m->udiag_cookie);
	mnl_attr_for_each(attr, h, sizeof *m)
	{
		uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == UNIX_DIAG_PEER)
			ret->peer = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) != UNIX_DIAG_NAME || !len)
			continue;
		if (len > sizeof ret->address - 2)
			len = sizeof ret->address - 2;
		memcpy(ret->address, &(sa_family_t){ AF_UNIX }, sizeof(sa_family_t));
		memcpy(ret->address + sizeof(sa_family_t), mnl_attr_get_payload(attr), len);
		ret->address_len = (uint16_t)(len + sizeof(sa_family_t));
	}
	return MNL_CB_STOP;
}

int sonde_diag_unix(struct sonde_diag *d, uint64_t ino, struct sonde_diag_unix *ret)
{
	struct nlmsghdr *h = request(d, 0);
	struct unix_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof *q);

	q->sdiag_family = AF_UNIX;
	q->udiag_states = ~0u;
	q->udiag_ino = (uint32_t)ino;
	q->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
	q->udiag_cookie[0] = q->udiag_cookie[1] = ~0u;
	return ask(d, h, hear_unix, ret);
}
