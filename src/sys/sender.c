#include "sys/sender_inside.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/time.h"

enum { BUFFER = 8 << 20 };

/* ---- opening ---- */

/* As much room as is allowed, so that a batch need not wait; the mark. */
static int prepare(const struct sonde_sender *s, int fd)
{
	int size = BUFFER;
	uint32_t mark = (uint32_t)s->plan.mark;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (s->plan.mark >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark))
		return -errno;
	return 0;
}

/* A socket of this version of IP, whose packets bring their own header. */
static int open_raw(struct sonde_sender *s, bool six)
{
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			IPPROTO_RAW);
	const char *device = s->plan.device;
	int one = 1;

	if (fd < 0)
		return -errno;
	s->fd[six] = fd;
	/* IPPROTO_RAW says so of IPv4 by itself (raw(7)); an address of all is meant as it is said.
	 */
	if ((six && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof one)) ||
	    (!six && setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one)) ||
	    (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1)))
		return -errno;
	return prepare(s, fd);
}

static int open_both(struct sonde_sender *s)
{
	int r = open_raw(s, false), six = open_raw(s, true);

	return r == -EAFNOSUPPORT ? six : r;
}

static int open_link(struct sonde_sender *s)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	struct ifreq up = { 0 };

	s->fd[0] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd[0] < 0)
		return -errno;
	ll.sll_ifindex = s->plan.device ? (int)if_nametoindex(s->plan.device) : 0;
	if (!ll.sll_ifindex)
		return -ENODEV;
	strncpy(up.ifr_name, s->plan.device, sizeof up.ifr_name - 1);
	if (ioctl(s->fd[0], SIOCGIFFLAGS, &up))
		return -errno;
	if (!(up.ifr_flags & IFF_UP))
		return -ENETDOWN;
	if (bind(s->fd[0], (struct sockaddr *)&ll, sizeof ll))
		return -errno;
	if (s->plan.by == SONDE_SENDER_XDP)
		return sonde_sender_xdp_open(&s->xdp, (unsigned)ll.sll_ifindex);
	return prepare(s, s->fd[0]);
}

int sonde_sender_open(struct sonde_sender **ret, const struct sonde_sender_plan *plan)
{
	struct sonde_sender *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	s->plan = *plan;
	s->fd[0] = s->fd[1] = -1;
	s->slot = plan->by == SONDE_SENDER_XDP ? sonde_sender_xdp_most() : SONDE_SENDER_MOST;
	r = plan->by == SONDE_SENDER_RAW ? open_both(s) : open_link(s);
	if (!r && !s->xdp && !(s->byte = malloc((size_t)SONDE_SENDER_BATCH * s->slot)))
		r = -ENOMEM;
	if (r) {
		sonde_sender_close(s);
		return r;
	}
	for (unsigned i = 0; i < SONDE_SENDER_BATCH; i++) {
		s->message[i].msg_hdr.msg_iov = &s->part[i];
		s->message[i].msg_hdr.msg_iovlen = 1;
	}
	*ret = s;
	return 0;
}

struct sonde_sender *sonde_sender_close(struct sonde_sender *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < 2; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	sonde_sender_xdp_close(s->xdp);
	free(s->byte);
	free(s);
	return NULL;
}

const char *sonde_sender_mode(const struct sonde_sender *s)
{
	return s->plan.by == SONDE_SENDER_RAW	 ? "raw socket"
	       : s->plan.by == SONDE_SENDER_LINK ? "packet socket"
						 : "AF_XDP";
}

/* ---- sending ---- */

static void refuse(struct sonde_sender *s, unsigned n, int error)
{
	s->count.refused += n;
	if (!s->count.error)
		s->count.error = error;
}

/* A queue that is full empties by itself; a socket's buffer says so. Whether to try again. */
static bool wait_for_room(int fd, int error, sonde_ns *waited)
{
	const struct timespec moment = { .tv_nsec = 50000 };
	struct pollfd full = { .fd = fd, .events = POLLOUT };

	if ((error != ENOBUFS && error != EAGAIN) || *waited >= SONDE_SECOND)
		return false;
	if (error == EAGAIN) {
		*waited += 10 * SONDE_MILLISECOND;
		return poll(&full, 1, 10) >= 0 || errno == EINTR;
	}
	*waited += 50 * SONDE_MICROSECOND;
	nanosleep(&moment, NULL);
	return true;
}

/* Where a packet of IP goes, by its own header. False: it is too short to say. */
static bool address(struct sonde_sender *s, unsigned i)
{
	const uint8_t *h = s->part[i].iov_base;
	struct sockaddr_in *four = (void *)&s->to[i];
	struct msghdr *m = &s->message[i].msg_hdr;
	bool six = s->part[i].iov_len && *h >> 4 == 6;

	if (s->part[i].iov_len < (six ? 40 : 20))
		return false;
	memset(&s->to[i], 0, sizeof s->to[i]);
	if (six) {
		s->to[i].sin6_family = AF_INET6;
		memcpy(&s->to[i].sin6_addr, h + 24, 16);
		if (s->plan.device)
			s->to[i].sin6_scope_id = if_nametoindex(s->plan.device);
	} else {
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, h + 16, 4);
	}
	m->msg_name = &s->to[i];
	m->msg_namelen = six ? sizeof s->to[i] : sizeof *four;
	return true;
}

static bool is_six(const struct sonde_sender *s, unsigned i)
{
	return s->plan.by == SONDE_SENDER_RAW && s->to[i].sin6_family == AF_INET6;
}

/* Those of the batch from i on that leave by the same socket, in one call. Returns how many are
 * done with. */
static unsigned send_some(struct sonde_sender *s, unsigned i, sonde_ns *waited)
{
	int fd = s->fd[is_six(s, i)], sent;
	unsigned n = 1;

	if (fd < 0) {
		refuse(s, 1, EAFNOSUPPORT);
		return 1;
	}
	while (i + n < s->n && is_six(s, i + n) == is_six(s, i))
		n++;
	sent = s->xdp ? sonde_sender_xdp_send(s->xdp, s->part + i, n)
		      : sendmmsg(fd, s->message + i, n, 0);
	if (sent < 0) {
		int error = s->xdp ? -sent : errno;

		if (error == EINTR || wait_for_room(fd, error, waited))
			return 0;
		refuse(s, 1, error);
		return 1;
	}
	s->count.sent += (unsigned)sent;
	for (unsigned j = i; j < i + (unsigned)sent; j++)
		s->count.bytes += s->part[j].iov_len;
	return (unsigned)sent;
}

void sonde_sender_flush(struct sonde_sender *s)
{
	sonde_ns waited = 0;

	for (unsigned i = 0; i < s->n;)
		i += send_some(s, i, &waited);
	s->n = 0;
	s->used = 0;
}

void sonde_sender_drain(struct sonde_sender *s)
{
	int r;

	sonde_sender_flush(s);
	if (s->xdp && (r = sonde_sender_xdp_drain(s->xdp)) && !s->count.error)
		s->count.error = -r;
}

uint8_t *sonde_sender_room(struct sonde_sender *s)
{
	/* One packet close behind the other, so that a batch of small ones stays in the cache. */
	s->part[s->n].iov_base = s->xdp ? sonde_sender_xdp_room(s->xdp, s->n) : s->byte + s->used;
	return s->part[s->n].iov_base;
}

void sonde_sender_put_room(struct sonde_sender *s, uint32_t len)
{
	s->part[s->n].iov_len = len;
	if (s->plan.by == SONDE_SENDER_RAW && !address(s, s->n)) {
		refuse(s, 1, EINVAL);
		return;
	}
	s->used += (len + 63) / 64 * 64;
	if (++s->n == SONDE_SENDER_BATCH)
		sonde_sender_flush(s);
}

int sonde_sender_put(struct sonde_sender *s, const uint8_t *byte, uint32_t len)
{
	if (len > s->slot) {
		refuse(s, 1, EMSGSIZE);
		return -EMSGSIZE;
	}
	memcpy(sonde_sender_room(s), byte, len);
	sonde_sender_put_room(s, len);
	return 0;
}

struct sonde_sender_count sonde_sender_count(const struct sonde_sender *s)
{
	return s->count;
}
