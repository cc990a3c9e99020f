/* What a prober sends and receives, once it is open. */
#include <errno.h>
#include <time.h>

#include <linux/errqueue.h>

#include "sys/clock.h"
#include "sys/prober_inside.h"
#include "sys/sockaddr.h"

enum { ERRORS = 16 }; /* batches of the error queue that are read at once */

static bool is_six(const struct sonde_prober *p)
{
	return p->plan.family == AF_INET6;
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

static void prepare(struct msghdr *m, struct sonde_prober_batch *b, unsigned i)
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

/* Of UDP the header that is left out says the port. */
static socklen_t put_name(const struct sonde_step *s, bool body, struct sockaddr_in6 *ret)
{
	struct sonde_address to = *s->to;
	socklen_t len;

	if (body)
		to.port = (uint16_t)sonde_load(s->byte.at + 2, 2);
	len = sonde_sockaddr_put(&to, body, ret);
	if (to.family == AF_INET6)
		ret->sin6_flowinfo = htobe32(s->label);
	return len;
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
	m->msg_namelen = p->plan.neighbour ? sonde_prober_aim_neighbour(p, s->to, &p->out.name[i])
					   : put_name(s, body, &p->out.name[i].in6);
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
				   .mtu = error == EMSGSIZE ? p->fits : 0,
				   .error = error };

	if (!error && p->stamps)
		return;
	read_clocks(&a);
	for (unsigned i = from; i < from + n; i++) {
		a.token = p->put_token[i];
		hear(arg, &a);
	}
}

static bool read_errors(struct sonde_prober *p, const struct sonde_prober_channel *c,
			sonde_prober_hear hear, void *arg);

void sonde_prober_flush(struct sonde_prober *p, sonde_prober_hear hear, void *arg)
{
	enum { TRIES = 3 };
	unsigned done = 0, tried = 0;
	int n;

	/* An error that somebody sent us would be given as that of the next packet. */
	if (p->n)
		read_errors(p, &p->data, hear, arg);
	while (done < p->n) {
		n = sendmmsg(p->data.fd, p->out.m + done, p->n - done, 0);
		if (n > 0) {
			for (int i = 0; i < n && p->stamps; i++)
				p->token[p->key++ % SONDE_PROBER_TOKENS] =
					p->put_token[done + (unsigned)i];
			tell_out(p, done, (unsigned)n, 0, hear, arg);
			done += (unsigned)n;
			tried = 0;
		} else if (tried < TRIES && errno != ENOBUFS && errno != EAGAIN) {
			tried++; /* some that came just now; time and again, and it is our own */
			read_errors(p, &p->data, hear, arg);
		} else {
			n = errno;
			if (p->stamps) {
				read_errors(p, &p->data, hear, arg);
				sonde_prober_restart(p);
			}
			tell_out(p, done++, 1, n, hear, arg);
			tried = 0;
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

/* What stands beside a message, as an arrival that has it in bytes. Returns what the error queue
 * says of it, of origin 0 where it is not from there. */
static struct sock_extended_err read_control(struct msghdr *m, struct sonde_arrival *a)
{
	struct sock_extended_err e = { 0 };
	int ttl;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool ip = c->cmsg_level == IPPROTO_IP, six = c->cmsg_level == IPPROTO_IPV6;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING) {
			a->stamp = stamp_of(c);
		} else if ((ip && c->cmsg_type == IP_TTL) ||
			   (six && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
			a->ttl = (int16_t)ttl;
		} else if ((ip && c->cmsg_type == IP_RECVERR) ||
			   (six && c->cmsg_type == IPV6_RECVERR) ||
			   (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_TX_TIMESTAMP)) {
			memcpy(&e, CMSG_DATA(c), sizeof e);
			a->from = sonde_sockaddr_get(CMSG_DATA(c) + sizeof e);
			a->type = e.ee_type;
			a->code = e.ee_code;
			a->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
			a->token = e.ee_data;
		}
	}
	return e;
}

static int receive(int fd, struct sonde_prober_batch *b, int flags)
{
	int n;

	for (unsigned i = 0; i < SONDE_PROBER_BATCH; i++)
		prepare(&b->m[i].msg_hdr, b, i);
	n = recvmmsg(fd, b->m, SONDE_PROBER_BATCH, flags | MSG_DONTWAIT, NULL);
	return n < 0 ? 0 : n;
}

/* One entry of the error queue: a stamp, what fits into the first link, or an ICMP error. */
static void hear_error(struct sonde_prober *p, const struct sonde_prober_channel *c, unsigned i,
		       const struct sonde_arrival *clocks, sonde_prober_hear hear, void *arg)
{
	struct sonde_arrival a = *clocks;
	struct msghdr *m = &p->err.m[i].msg_hdr;
	struct sock_extended_err e = read_control(m, &a);

	if (e.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		a.is = e.ee_info == SCM_TSTAMP_SCHED ? SONDE_ARRIVAL_QUEUED : SONDE_ARRIVAL_SENT;
		a.token = p->token[a.token % SONDE_PROBER_TOKENS];
	} else if (e.ee_origin == SO_EE_ORIGIN_LOCAL && e.ee_errno == EMSGSIZE) {
		p->fits = e.ee_info;
		return;
	} else if (c->errors &&
		   (e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6)) {
		a.is = SONDE_ARRIVAL_ERROR;
		a.begins = c->begins;
		a.to = sonde_sockaddr_get(&p->err.name[i]);
		a.byte = (struct sonde_bytes){ p->err.v[i].iov_base, p->err.m[i].msg_len };
	} else {
		return;
	}
	hear(arg, &a);
}

/* True: something was there. */
static bool read_errors(struct sonde_prober *p, const struct sonde_prober_channel *c,
			sonde_prober_hear hear, void *arg)
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

static bool read_channel(struct sonde_prober *p, const struct sonde_prober_channel *c, bool icmp,
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
	if (!icmp)
		more |= read_errors(p, c, hear, arg) && !n;
	for (int i = 0; i < n; i++) {
		struct sonde_arrival a = clocks;

		read_control(&p->in.m[i].msg_hdr, &a);
		a.from = sonde_sockaddr_get(&p->in.name[i]);
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
