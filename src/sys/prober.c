#include "sys/prober.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/clock.h"
#include "sys/prober_inside.h"

enum {
	CONTROL = 256,
	LEAST = 2048,	  /* bytes for an answer: errors quote up to 1,280 */
	ERRORS = 16,	  /* batches of the error queue that are read at once */
	TOKENS = 1 << 16, /* stamps that may be out */
};

struct channel {
	int fd;
	uint8_t begins; /* enum sonde_arrival_begins, of what it receives */
	bool errors;	/* its error queue holds ICMP errors, too */
};

struct prober_batch {
	struct mmsghdr m[SONDE_PROBER_BATCH];
	struct iovec v[SONDE_PROBER_BATCH];
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} name[SONDE_PROBER_BATCH];
	uint8_t control[SONDE_PROBER_BATCH][CONTROL];
	uint8_t *byte; /* of `each` bytes for each */
	uint32_t each;
};

struct sonde_prober {
	struct sonde_prober_plan plan;
	struct channel data, icmp; /* icmp.fd -1: errors come through data */
	int keeper;		   /* holds the port of TCP, or -1 */
	const char *mode;
	uint16_t ident;
	bool stamps;
	uint32_t key; /* of the next packet that leaves, as the kernel counts */
	uint64_t dropped[2];
	uint32_t token[TOKENS]; /* by key */
	uint32_t put_token[SONDE_PROBER_BATCH];
	unsigned n;
	struct prober_batch out, in, err;
};

/* ---- opening ---- */

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
	return set(p->data.fd, SOL_SOCKET, SO_TIMESTAMPING, flags);
}

/* The count of packets begins anew, as after one that did not leave: whether the kernel has counted
 * that one is not for us to know. */
static void restart_keys(struct sonde_prober *p)
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

static socklen_t sockaddr_of(const struct sonde_address *a, bool port, struct sockaddr_in6 *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;

	if (a->family == AF_INET) {
		*in = (struct sockaddr_in){ .sin_family = AF_INET };
		in->sin_port = htobe16(port ? a->port : 0);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof *in;
	}
	*ret = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_scope_id = a->scope };
	ret->sin6_port = htobe16(port ? a->port : 0);
	memcpy(&ret->sin6_addr, a->ip, 16);
	return sizeof *ret;
}

static struct sonde_address address_of(const void *sockaddr)
{
	const struct sockaddr_in *in = sockaddr;
	const struct sockaddr_in6 *six = sockaddr;
	struct sonde_address a = { .family = in->sin_family, .port = be16toh(in->sin_port) };

	if (a.family == AF_INET) {
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (a.family == AF_INET6) {
		memcpy(a.ip, &six->sin6_addr, 16);
		a.scope = six->sin6_scope_id;
	} else {
		a = (struct sonde_address){ 0 };
	}
	return a;
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
	if (!r && plan->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, plan->device,
		       (socklen_t)strlen(plan->device) + 1))
		r = -errno;
	if (!r && plan->ttl >= 0) {
		r = set(fd, level, is_six(p) ? IPV6_UNICAST_HOPS : IP_TTL, plan->ttl);
		set(fd, level, is_six(p) ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, plan->ttl);
	}
	if (!r && plan->tos >= 0)
		r = set(fd, level, is_six(p) ? IPV6_TCLASS : IP_TOS, plan->tos);
	if (!r && plan->discover >= 0)
		r = set(fd, level, is_six(p) ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, plan->discover);
	if (!r && plan->source.family) {
		len = sockaddr_of(&plan->source, false, &name);
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
		len = sockaddr_of(&any, false, &name);
		if (bind(fd, (struct sockaddr *)&name, len))
			return -errno;
		len = sizeof name;
	}
	if (getsockname(fd, (struct sockaddr *)&name, &len))
		return -errno;
	*ret = address_of(&name).port;
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
static int open_raw_icmp(struct sonde_prober *p, struct channel *c, uint8_t protocol)
{
	int r = new_socket(p, SOCK_RAW, icmp_of(p));

	if (r < 0)
		return r;
	c->fd = r;
	c->begins = is_six(p) ? SONDE_BEGINS_ICMP : SONDE_BEGINS_IP;
	return sonde_prober_filter_icmp(c->fd, p->plan.family, protocol, p->ident);
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
	p->data = (struct channel){ r, SONDE_BEGINS_ICMP, true };
	r = aim(p, p->data.fd);
	return r ? r : take_port(p->data.fd, p, &p->ident);
}

static int open_udp(struct sonde_prober *p)
{
	int r = new_socket(p, SOCK_DGRAM, IPPROTO_UDP);

	if (r < 0)
		return r;
	p->mode = "udp socket";
	p->data = (struct channel){ r, SONDE_BEGINS_BODY, true };
	r = aim(p, p->data.fd);
	return r ? r : take_port(p->data.fd, p, &p->ident);
}

/* The port is kept by a socket that never listens, so that the kernel resets what is answered. */
static int open_tcp(struct sonde_prober *p)
{
	int r = new_socket(p, SOCK_RAW, IPPROTO_TCP);

	if (r < 0)
		return r;
	p->mode = "raw socket";
	p->data = (struct channel){ r, is_six(p) ? SONDE_BEGINS_TCP : SONDE_BEGINS_IP, false };
	if ((r = aim(p, p->data.fd)) || (r = new_socket(p, SOCK_STREAM, 0)) < 0)
		return r;
	p->keeper = r;
	if ((r = aim(p, p->keeper)) || (r = take_port(p->keeper, p, &p->ident)) ||
	    (r = open_raw_icmp(p, &p->icmp, IPPROTO_TCP)))
		return r;
	return sonde_prober_filter_tcp(p->data.fd, p->plan.family, p->ident);
}

/* What is to be told beside each packet. */
static int listen_in(struct sonde_prober *p, const struct channel *c)
{
	int level = is_six(p) ? IPPROTO_IPV6 : IPPROTO_IP, r = 0;

	if (set(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20))
		set(c->fd, SOL_SOCKET, SO_RCVBUF, 4 << 20);
	set(c->fd, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set(c->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (c->begins != SONDE_BEGINS_IP)
		r = set(c->fd, level, is_six(p) ? IPV6_RECVHOPLIMIT : IP_RECVTTL, 1);
	if (!r && c->errors)
		r = set(c->fd, level, is_six(p) ? IPV6_RECVERR : IP_RECVERR, 1);
	return r;
}

static int make_batch(struct prober_batch *b, uint32_t each)
{
	b->each = each;
	b->byte = malloc((size_t)each * SONDE_PROBER_BATCH);
	for (unsigned i = 0; b->byte && i < SONDE_PROBER_BATCH; i++)
		b->v[i].iov_base = b->byte + (size_t)each * i;
	return b->byte ? 0 : -ENOMEM;
}

/* The kernel begins to stamp what comes a moment after somebody asks for it. */
static void let_stamps_begin(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

int sonde_prober_open(struct sonde_prober **ret, const struct sonde_prober_plan *plan)
{
	struct sonde_prober *p = calloc(1, sizeof *p);
	uint32_t each = plan->most + 512 > LEAST ? plan->most + 512 : LEAST;
	int r;

	if (!p)
		return -ENOMEM;
	p->plan = *plan;
	p->data.fd = p->icmp.fd = p->keeper = -1;
	p->ident = plan->ident;
	p->stamps = plan->stamps;
	r = plan->protocol == IPPROTO_ICMP  ? open_icmp(p)
	    : plan->protocol == IPPROTO_UDP ? open_udp(p)
					    : open_tcp(p);
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
	let_stamps_begin();
	*ret = p;
	return 0;
}

struct sonde_prober *sonde_prober_close(struct sonde_prober *p)
{
	if (!p)
		return NULL;
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? p->data.fd : i == 1 ? p->icmp.fd : p->keeper;

		if (fd >= 0)
			close(fd);
	}
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

bool sonde_prober_stamps(const struct sonde_prober *p)
{
	return p->stamps;
}

uint64_t sonde_prober_dropped(const struct sonde_prober *p)
{
	return p->dropped[0] + p->dropped[1];
}

int sonde_prober_source(const struct sonde_prober *p, const struct sonde_address *to,
			struct sonde_address *ret)
{
	struct sonde_address there = *to;
	struct sockaddr_in6 name;
	socklen_t len;
	int fd, r;

	there.port = there.port ? there.port : 9; /* discard; nothing is sent */
	len = sockaddr_of(&there, true, &name);
	if ((fd = new_socket(p, SOCK_DGRAM, IPPROTO_UDP)) < 0)
		return fd;
	r = aim(p, fd);
	if (!r && connect(fd, (struct sockaddr *)&name, len))
		r = -errno;
	len = sizeof name;
	if (!r && getsockname(fd, (struct sockaddr *)&name, &len))
		r = -errno;
	if (!r)
		*ret = address_of(&name);
	close(fd);
	return r;
}

unsigned sonde_prober_fds(const struct sonde_prober *p, struct pollfd *ret)
{
	ret[0] = (struct pollfd){ .fd = p->data.fd, .events = POLLIN };
	ret[1] = (struct pollfd){ .fd = p->icmp.fd, .events = POLLIN };
	return p->icmp.fd >= 0 ? 2 : 1;
}

/* ---- both clocks ---- */

/* At the same moment, as far as that can be had. */
static void read_clocks(struct sonde_arrival *a)
{
	enum { TRIES = 3 };
	sonde_ns best = UINT64_MAX;

	for (int i = 0; i < TRIES && best > 2 * SONDE_MICROSECOND; i++) {
		sonde_ns before = sonde_clock_now(), real = sonde_clock_real();
		sonde_ns after = sonde_clock_now();

		if (after - before < best) {
			best = after - before;
			a->now = before + best / 2;
			a->real = real;
		}
	}
}

/* ---- sending ---- */

static void prepare(struct msghdr *m, struct prober_batch *b, unsigned i)
{
	b->v[i].iov_len = b->each;
	*m = (struct msghdr){ .msg_name = &b->name[i],
			      .msg_namelen = sizeof b->name[i],
			      .msg_iov = &b->v[i],
			      .msg_iovlen = 1,
			      .msg_control = b->control[i],
			      .msg_controllen = sizeof b->control[i] };
}

static void put_hops(const struct sonde_prober *p, struct msghdr *m, int ttl)
{
	struct cmsghdr *c;

	if (!ttl) {
		m->msg_control = NULL;
		m->msg_controllen = 0;
		return;
	}
	m->msg_controllen = CMSG_SPACE(sizeof ttl);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = is_six(p) ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = is_six(p) ? IPV6_HOPLIMIT : IP_TTL;
	c->cmsg_len = CMSG_LEN(sizeof ttl);
	memcpy(CMSG_DATA(c), &ttl, sizeof ttl);
}

void sonde_prober_put(struct sonde_prober *p, const struct sonde_step *s, sonde_prober_hear hear,
		      void *arg)
{
	bool body = p->data.begins == SONDE_BEGINS_BODY; /* the kernel makes the header of UDP */
	unsigned i = p->n++;
	struct msghdr *m = &p->out.m[i].msg_hdr;
	size_t skip = body ? 8 : 0;

	prepare(m, &p->out, i);
	put_hops(p, m, s->ttl);
	m->msg_namelen = sockaddr_of(s->to, body, &p->out.name[i].in6);
	p->out.v[i].iov_len = s->byte.len - skip < p->out.each ? s->byte.len - skip : p->out.each;
	memcpy(p->out.v[i].iov_base, s->byte.at + skip, p->out.v[i].iov_len);
	p->put_token[i] = s->token;
	if (p->n == SONDE_PROBER_BATCH)
		sonde_prober_flush(p, hear, arg);
}

static void tell_out(const struct sonde_prober *p, unsigned from, unsigned n, int error,
		     sonde_prober_hear hear, void *arg)
{
	struct sonde_arrival a = { .is = error ? SONDE_ARRIVAL_REFUSED : SONDE_ARRIVAL_SENT,
				   .error = error };

	if (!error && p->stamps)
		return;
	read_clocks(&a);
	for (unsigned i = from; i < from + n; i++) {
		a.token = p->put_token[i];
		hear(arg, &a);
	}
}

static bool read_errors(struct sonde_prober *p, const struct channel *c, sonde_prober_hear hear,
			void *arg);

void sonde_prober_flush(struct sonde_prober *p, sonde_prober_hear hear, void *arg)
{
	unsigned done = 0, tried = UINT32_MAX;
	int n;

	/* An error that somebody sent us would be given as that of the next packet. */
	if (p->n && p->data.errors)
		read_errors(p, &p->data, hear, arg);
	while (done < p->n) {
		n = sendmmsg(p->data.fd, p->out.m + done, p->n - done, 0);
		if (n > 0) {
			for (int i = 0; i < n && p->stamps; i++)
				p->token[p->key++ % TOKENS] = p->put_token[done + (unsigned)i];
			tell_out(p, done, (unsigned)n, 0, hear, arg);
			done += (unsigned)n;
		} else if (tried != done && p->data.errors) {
			tried = done; /* one that came just now; once more, and it is our own */
			read_errors(p, &p->data, hear, arg);
		} else {
			n = errno;
			if (p->stamps) {
				read_errors(p, &p->data, hear, arg);
				restart_keys(p);
			}
			tell_out(p, done++, 1, n, hear, arg);
		}
	}
	if (p->n && p->stamps)
		read_errors(p, &p->data, hear, arg);
	p->n = 0;
}

/* ---- receiving ---- */

static sonde_ns stamp_of(const struct cmsghdr *c)
{
	struct timespec t;

	memcpy(&t, CMSG_DATA(c), sizeof t);
	return (sonde_ns)t.tv_sec * SONDE_SECOND + (sonde_ns)t.tv_nsec;
}

/* What stands beside a message, as an arrival that has it in bytes. 0, or the origin of what is in
 * the error queue. */
static unsigned read_control(struct sonde_prober *p, bool icmp, struct msghdr *m,
			     struct sonde_arrival *a)
{
	struct sock_extended_err e = { 0 };
	uint32_t lost;
	int ttl;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool ip = c->cmsg_level == IPPROTO_IP, six = c->cmsg_level == IPPROTO_IPV6;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING) {
			a->stamp = stamp_of(c);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&lost, CMSG_DATA(c), sizeof lost);
			p->dropped[icmp] = lost;
		} else if ((ip && c->cmsg_type == IP_TTL) ||
			   (six && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
			a->ttl = (int16_t)ttl;
		} else if ((ip && c->cmsg_type == IP_RECVERR) ||
			   (six && c->cmsg_type == IPV6_RECVERR)) {
			memcpy(&e, CMSG_DATA(c), sizeof e);
			a->from = address_of(CMSG_DATA(c) + sizeof e);
			a->type = e.ee_type;
			a->code = e.ee_code;
			a->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
			a->token = e.ee_data;
		}
	}
	return e.ee_origin;
}

static int receive(int fd, struct prober_batch *b, int flags)
{
	int n;

	for (unsigned i = 0; i < SONDE_PROBER_BATCH; i++)
		prepare(&b->m[i].msg_hdr, b, i);
	n = recvmmsg(fd, b->m, SONDE_PROBER_BATCH, flags | MSG_DONTWAIT, NULL);
	return n < 0 ? 0 : n;
}

/* One entry of the error queue: a stamp, or an ICMP error. */
static void hear_error(struct sonde_prober *p, const struct channel *c, unsigned i,
		       const struct sonde_arrival *clocks, sonde_prober_hear hear, void *arg)
{
	struct sonde_arrival a = *clocks;
	struct msghdr *m = &p->err.m[i].msg_hdr;
	unsigned origin = read_control(p, false, m, &a);

	if (origin == SO_EE_ORIGIN_TIMESTAMPING) {
		a.is = SONDE_ARRIVAL_SENT;
		a.token = p->token[a.token % TOKENS];
	} else if (origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6) {
		a.is = SONDE_ARRIVAL_ERROR;
		a.begins = c->begins;
		a.to = address_of(&p->err.name[i]);
		a.byte = (struct sonde_bytes){ p->err.v[i].iov_base, p->err.m[i].msg_len };
	} else {
		return;
	}
	hear(arg, &a);
}

/* True: something was there. */
static bool read_errors(struct sonde_prober *p, const struct channel *c, sonde_prober_hear hear,
			void *arg)
{
	struct sonde_arrival a = { .ttl = -1, .checked = true };
	int n = SONDE_PROBER_BATCH;
	bool any = false;

	for (unsigned k = 0; k < ERRORS && n == SONDE_PROBER_BATCH; k++) {
		n = receive(c->fd, &p->err, MSG_ERRQUEUE);
		if (n)
			read_clocks(&a);
		for (int i = 0; i < n; i++)
			hear_error(p, c, (unsigned)i, &a, hear, arg);
		any = any || n;
	}
	return any;
}

static bool read_channel(struct sonde_prober *p, const struct channel *c, bool icmp,
			 sonde_prober_hear hear, void *arg)
{
	struct sonde_arrival clocks = { .is = SONDE_ARRIVAL_PACKET,
					.begins = c->begins,
					.checked = c->begins != SONDE_BEGINS_IP,
					.ttl = -1 };
	int n = receive(c->fd, &p->in, 0);
	bool more = n == SONDE_PROBER_BATCH;

	if (n)
		read_clocks(&clocks);
	/* The stamp of a probe that is answered is there by now; it is to be heard first. */
	if (!icmp && (p->stamps || c->errors))
		more |= read_errors(p, c, hear, arg) && !n;
	for (int i = 0; i < n; i++) {
		struct sonde_arrival a = clocks;

		read_control(p, icmp, &p->in.m[i].msg_hdr, &a);
		a.from = address_of(&p->in.name[i]);
		a.byte = (struct sonde_bytes){ p->in.v[i].iov_base, p->in.m[i].msg_len };
		hear(arg, &a);
	}
	return more;
}

bool sonde_prober_recv(struct sonde_prober *p, sonde_prober_hear hear, void *arg)
{
	bool more = read_channel(p, &p->data, false, hear, arg);

	if (p->icmp.fd >= 0)
		more |= read_channel(p, &p->icmp, true, hear, arg);
	return more;
}
