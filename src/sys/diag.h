#ifndef SONDE_SYS_DIAG_H
#define SONDE_SYS_DIAG_H

/* The kernel's socket diagnosis (sock_diag(7)) of one network namespace: which sockets end, and
 * which are there. Needs no capability; asking whose a socket is would. What it tells comes as DIAG
 * events (base/event.h), stamped when they are read.
 *
 * Counts are those of tcp_info: bytes sent are without those sent again; where the state is
 * CLOSE it cannot be told whether a FIN came, which the kernel counts as one more byte received.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sys/tracer.h"

struct sonde_diag;

/* netns: a descriptor of the namespace (needs CAP_SYS_ADMIN), borrowed until this returns; or -1:
 * the one we are in. From here on every TCP and UDP socket that ends is noted. 0 or -errno. */
int sonde_diag_open(struct sonde_diag **ret, int netns);

/* NULL is fine; returns NULL. */
struct sonde_diag *sonde_diag_close(struct sonde_diag *d);

/* Readable when sockets have ended. */
int sonde_diag_fd(const struct sonde_diag *d);

/* Hands out the ends that were noted, FLAG_LAST set, without waiting; they have a cookie but no
 * inode. Returns how many, or -errno. */
int sonde_diag_read(struct sonde_diag *d, sonde_tracer_hear hear, void *arg);

/* How often the kernel had to forget some ends, because we were too slow. */
uint64_t sonde_diag_lost(const struct sonde_diag *d);

/* The state that is still kept for the TCP socket of this event, which has ended: TIME_WAIT, or
 * FIN_WAIT2 while the other side's FIN is out; in both it had sent its own FIN before that came.
 * 0: nothing is kept. Found by tuple and cookie. */
unsigned sonde_diag_state(struct sonde_diag *d, const struct sonde_event *ended);

struct sonde_diag_want {
	uint16_t family;  /* AF_INET or AF_INET6 */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;	  /* local one, 0: any */
	uint32_t states;  /* 1 << TCP_LISTEN ...; 0: all. The handshakes of a listener are
			     1 << TCP_SYN_RECV and sockets not accepted yet have no inode. */
	uint64_t ino;	  /* 0: any */
	uint64_t cookie;  /* 0: any; also finds it in TIME_WAIT */
};

/* The sockets that are there now and match, one DIAG event each; hear must not ask d anything.
 * Returns how many, or -errno. */
int sonde_diag_dump(struct sonde_diag *d, const struct sonde_diag_want *want,
		    sonde_tracer_hear hear, void *arg);

/* Fills n[] from a struct tcp_info of so many bytes, however old the kernel; e->state is known. */
void sonde_diag_count(struct sonde_event *e, const void *info, size_t len);

struct sonde_diag_unix {
	uint64_t peer; /* inode of the other end; 0: none, or not accepted yet */
	uint64_t cookie;
	uint16_t type; /* SOCK_ */
	uint8_t state; /* TCP_ number: 1 connected, 7 not, 10 listening */
	uint16_t address_len;
	uint8_t address[110]; /* the bound sockaddr_un, abstract names with their NUL; len 0: none
			       */
};

/* One Unix socket by its inode. -ENOENT: gone, or not of this namespace. */
int sonde_diag_unix(struct sonde_diag *d, uint64_t ino, struct sonde_diag_unix *ret);

#endif
