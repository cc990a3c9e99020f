#ifndef TESTS_LABWIRE_MADE_H
#define TESTS_LABWIRE_MADE_H

/* A lab of two hosts and one impaired link, made by hand, with a process that carries it; and
 * frames of an experimental kind (IEEE 802 section 9.2.4) that cross it, each with its number. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/labwire.h"
#include "sys/link.h"
#include "sys/netns.h"
#include "sys/sysctl.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

enum { EXPERIMENT = 0x88b5, HEADER = 14, FRAME_MOST = 65549 };

struct made {
	struct sonde_lab lab;
	struct sonde_lab_node node[2];
	struct sonde_lab_link link;
	int netns[2], tap[2]; /* a packet socket at each host */
	int truth, control;
	pid_t carrier;
	struct sonde_labwire *wire;
};

static inline bool made_may_not(void)
{
	if (geteuid() == 0)
		return false;
	puts("skipped: network namespaces take root");
	return true;
}

static inline int made_silence(void *arg)
{
	const struct sonde_sysctl quiet[] = { { "ipv6/conf/all/disable_ipv6", "1", NULL },
					      { "ipv6/conf/default/disable_ipv6", "1", NULL } };
	const struct sonde_sysctl *bad;

	(void)arg;
	return sonde_sysctl_put(quiet, 2, &bad);
}

static inline int made_tap(int netns, const char *name)
{
	int fd = sonde_netns_socket(netns, AF_PACKET, SOCK_RAW, 0), one = 1, room = 16 << 20;
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htobe16(EXPERIMENT) };
	struct ifreq f = { 0 };

	MUST(fd >= 0);
	strncpy(f.ifr_name, name, sizeof f.ifr_name - 1);
	MUST(ioctl(fd, SIOCGIFINDEX, &f) == 0);
	at.sll_ifindex = f.ifr_ifindex;
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	MUST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	return fd;
}

/* Everything but the process that carries: impair is what each end does, from a and from b. */
static inline void made_open(struct made *m, const struct sonde_lab_impair impair[2], unsigned mtu)
{
	*m = (struct made){ .lab = { .seed = 42, .nodes = 2, .links = 1 },
			    .node = { { .name = "a" }, { .name = "b" } },
			    .link = { .mtu = mtu, .impaired = true },
			    .control = -1 };
	m->lab.node = m->node;
	m->lab.link = &m->link;
	for (unsigned e = 0; e < 2; e++) {
		m->link.end[e] = (struct sonde_lab_end){ .node = e,
							 .name = "eth0",
							 .mac = { 2, 0, 0, 0, 0, (uint8_t)e },
							 .impair = impair[e] };
		m->netns[e] = sonde_netns_open();
		MUST(m->netns[e] >= 0);
		MUST(sonde_netns_visit(m->netns[e], made_silence, NULL) == 0);
	}
	m->truth = memfd_create("truth", MFD_CLOEXEC);
	MUST(sonde_labwire_open(&m->wire, &m->lab, m->netns, m->truth) == 0);
	for (unsigned e = 0; e < 2; e++) {
		MUST(sonde_link_up(m->netns[e], "eth0") == 0);
		MUST(sonde_link_carrier(m->netns[e], "eth0") == 1);
		m->tap[e] = made_tap(m->netns[e], "eth0");
	}
	MUST(sonde_labwire_settle(m->wire) == 0);
}

static inline void made_run(struct made *m)
{
	int control[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0);
	m->carrier = fork();
	MUST(m->carrier >= 0);
	if (!m->carrier) {
		close(control[0]);
		_exit(sonde_labwire_run(m->wire, control[1]) != 0);
	}
	close(control[1]);
	m->control = control[0];
}

/* Ends the carrier, which must end well. Returns the processor time it took. */
static inline sonde_ns made_stop(struct made *m)
{
	struct rusage used;
	int status;

	close(m->control);
	m->control = -1;
	MUST(wait4(m->carrier, &status, 0, &used) == m->carrier);
	MUST(status == 0);
	return ((sonde_ns)used.ru_utime.tv_sec + (sonde_ns)used.ru_stime.tv_sec) * SONDE_SECOND +
	       ((sonde_ns)used.ru_utime.tv_usec + (sonde_ns)used.ru_stime.tv_usec) *
		       SONDE_MICROSECOND;
}

static inline void made_close(struct made *m)
{
	MUST(!sonde_labwire_close(m->wire));
	for (unsigned e = 0; e < 2; e++) {
		close(m->tap[e]);
		close(m->netns[e]);
	}
	close(m->truth);
}

/* The frame of that number: the rest is worked out from it, so any flipped bit is seen. */
static inline void made_frame(uint8_t *ret, uint32_t number, uint32_t len)
{
	const uint8_t head[HEADER] = {
		2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, EXPERIMENT >> 8, EXPERIMENT & 255
	};

	memcpy(ret, head, HEADER);
	for (uint32_t i = HEADER; i < len; i++)
		ret[i] = (uint8_t)(i * 7 + number);
	for (unsigned i = 0; i < 4; i++)
		ret[HEADER + i] = (uint8_t)(number >> (8 * i));
}

static inline void made_send(const struct made *m, unsigned end, uint32_t number, uint32_t len)
{
	static uint8_t frame[FRAME_MOST];

	made_frame(frame, number, len);
	MUST(send(m->tap[end], frame, len, 0) == len);
}

/* The next frame at that end within ms: its length, or 0. ret has room for FRAME_MOST. */
static inline ssize_t made_recv(const struct made *m, unsigned end, uint8_t *ret, int ms)
{
	struct pollfd p = { m->tap[end], POLLIN, 0 };
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	n = recv(m->tap[end], ret, FRAME_MOST, MSG_DONTWAIT);
	return n < 0 ? 0 : n;
}

static inline void made_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	MUST(fd >= 0);
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Becomes root of a user namespace of its own, without any right outside of it. */
static inline bool made_nobody(void)
{
	enum { NOBODY = 65534 };

	if (geteuid() == 0) {
		MUST(setgroups(0, NULL) == 0);
		MUST(setresgid(NOBODY, NOBODY, NOBODY) == 0);
		MUST(setresuid(NOBODY, NOBODY, NOBODY) == 0);
		prctl(PR_SET_DUMPABLE, 1); /* else /proc/self is root's */
	}
	if (unshare(CLONE_NEWUSER)) {
		puts("skipped: no right to make a user namespace");
		return false;
	}
	made_put("/proc/self/setgroups", "deny");
	made_put("/proc/self/uid_map", "0 65534 1");
	made_put("/proc/self/gid_map", "0 65534 1");
	return true;
}

#endif
