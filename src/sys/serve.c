#include "sys/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netns.h"

enum {
	BACKLOG = 128,
	BUFFER = 16 << 10,   /* of a stream; a request's head may be so long */
	DATAGRAM = 64 << 10, /* the largest there is */
	TURN = 64,	     /* events, or datagrams of one socket, in one go */
};

/* A socket that is listened on, or a connection. */
struct place {
	struct place *next;
	struct sonde_serve *all;
	int fd;
	enum sonde_serve_kind kind;
	void (*ready)(struct place *p, uint32_t events);
	char name[16];
	/* of a connection: bytes [done, len) wait to be sent */
	size_t done, len;
	bool ended;    /* nothing more will come */
	bool answered; /* what comes now is not wanted any more */
	char *buffer;
};

struct sonde_serve {
	int epoll;
	struct place *first;
	char datagram[DATAGRAM];
};

int sonde_serve_open(struct sonde_serve **ret)
{
	struct sonde_serve *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0) {
		free(s);
		return -errno;
	}
	*ret = s;
	return 0;
}

/* Level-triggered: what was left is told again. */
static int watch(struct place *p, int how, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	return epoll_ctl(p->all->epoll, how, p->fd, &e) < 0 ? -errno : 0;
}

static struct place *add(struct sonde_serve *s, int fd, const struct place *as)
{
	struct place *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	*p = *as;
	p->all = s;
	p->fd = fd;
	p->next = s->first;
	if (watch(p, EPOLL_CTL_ADD, EPOLLIN) < 0) {
		free(p);
		return NULL;
	}
	s->first = p;
	return p;
}

static void drop(struct place *p)
{
	struct place **at = &p->all->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	close(p->fd);
	free(p->buffer);
	free(p);
}

/* The page, in place of the request. */
static void answer(struct place *c)
{
	bool head = c->len >= 5 && !memcmp(c->buffer, "HEAD ", 5);
	struct sockaddr_in6 peer = { 0 };
	char page[256], address[INET6_ADDRSTRLEN] = "?";
	socklen_t len = sizeof peer;
	const char *text = address;

	getpeername(c->fd, (struct sockaddr *)&peer, &len);
	inet_ntop(AF_INET6, &peer.sin6_addr, address, sizeof address);
	if (IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr))
		text = strrchr(address, ':') + 1;
	snprintf(page, sizeof page, "host %s\nclient %s port %u\n", c->name, text,
		 ntohs(peer.sin6_port));
	c->done = 0;
	c->len = (size_t)snprintf(c->buffer, BUFFER,
				  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
				  "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
				  strlen(page), head ? "" : page);
	c->answered = true;
}

/* Reads what there is room for. False: the connection is over. */
static bool take(struct place *c)
{
	ssize_t n;

	if (c->kind == SONDE_SERVE_SILENT || c->answered)
		n = recv(c->fd, c->all->datagram, sizeof c->all->datagram, MSG_DONTWAIT);
	else
		n = recv(c->fd, c->buffer + c->len, BUFFER - c->len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->ended = !n;
	if (c->kind == SONDE_SERVE_SILENT || c->answered)
		return n > 0 || c->done < c->len;
	c->len += (size_t)n;
	if (c->kind == SONDE_SERVE_HTTP) {
		if (memmem(c->buffer, c->len, "\r\n\r\n", 4) ||
		    memmem(c->buffer, c->len, "\n\n", 2))
			answer(c);
		else
			return n > 0 && c->len < BUFFER;
	}
	return c->len || !c->ended;
}

/* Sends what waits. False: the connection is over. */
static bool give(struct place *c)
{
	ssize_t n = send(c->fd, c->buffer + c->done, c->len - c->done, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->done += (size_t)n;
	if (c->done < c->len)
		return true;
	c->done = c->len = 0;
	if (c->answered)
		shutdown(c->fd, SHUT_WR);
	return !c->ended;
}

static void talk(struct place *c, uint32_t events)
{
	bool waits = c->kind != SONDE_SERVE_HTTP || c->answered, goes_on = true;

	(void)events;
	if (!(waits && c->done < c->len))
		goes_on = take(c);
	waits = (c->kind != SONDE_SERVE_HTTP || c->answered) && c->done < c->len;
	if (goes_on && waits)
		goes_on = give(c);
	if (!goes_on) {
		drop(c);
		return;
	}
	waits = (c->kind != SONDE_SERVE_HTTP || c->answered) && c->done < c->len;
	watch(c, EPOLL_CTL_MOD, waits ? EPOLLOUT : EPOLLIN);
}

static void accept_one(struct place *p, uint32_t events)
{
	struct place as = { .kind = p->kind, .ready = talk }, *c;
	int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	memcpy(as.name, p->name, sizeof as.name);
	c = p->kind == SONDE_SERVE_CLOSE ? NULL : add(p->all, fd, &as);
	if (!c) {
		close(fd);
		return;
	}
	c->buffer = p->kind == SONDE_SERVE_SILENT ? NULL : malloc(BUFFER);
	if (!c->buffer && p->kind != SONDE_SERVE_SILENT)
		drop(c);
}

/* Goes back from the address that it came to: the message that told it is sent back too. */
static void echo_datagrams(struct place *p, uint32_t events)
{
	(void)events;
	for (int i = 0; i < TURN; i++) {
		struct sockaddr_in6 peer;
		char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct iovec data = { p->all->datagram, sizeof p->all->datagram };
		struct msghdr m = { .msg_name = &peer,
				    .msg_namelen = sizeof peer,
				    .msg_iov = &data,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof control };
		ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
		struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;

		if (n < 0)
			return;
		if (p->kind == SONDE_SERVE_SILENT)
			continue;
		if (c && c->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
		data.iov_len = (size_t)n;
		sendmsg(p->fd, &m, MSG_DONTWAIT);
	}
}

static int prepare(int fd, const struct sonde_serve_plan *plan)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(plan->port) };
	int no = 0, yes = 1;

	if (setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &no, sizeof no) < 0 ||
	    (plan->udp && setsockopt(fd, SOL_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes) < 0) ||
	    (!plan->udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0) ||
	    bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ||
	    (!plan->udp && listen(fd, BACKLOG) < 0))
		return -errno;
	return 0;
}

int sonde_serve_add(struct sonde_serve *s, int netns, const struct sonde_serve_plan *plan)
{
	struct place as = { .kind = plan->kind, .ready = plan->udp ? echo_datagrams : accept_one };
	int fd = sonde_netns_socket(netns, AF_INET6,
				    (plan->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return fd;
	snprintf(as.name, sizeof as.name, "%s", plan->name);
	r = prepare(fd, plan);
	if (!r && !add(s, fd, &as))
		r = -ENOMEM;
	if (r)
		close(fd);
	return r;
}

/* A turn ends before what was dropped in it could be told again: only the place that is told drops
 * itself. */
int sonde_serve_run(struct sonde_serve *s)
{
	struct epoll_event e[TURN];

	for (;;) {
		int n = epoll_wait(s->epoll, e, TURN, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct place *p = e[i].data.ptr;

			p->ready(p, e[i].events);
		}
	}
}

struct sonde_serve *sonde_serve_close(struct sonde_serve *s)
{
	if (!s)
		return NULL;
	while (s->first)
		drop(s->first);
	close(s->epoll);
	free(s);
	return NULL;
}
