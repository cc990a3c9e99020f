#ifndef SONDE_SYS_SERVE_H
#define SONDE_SYS_SERVE_H

/* Small servers on many hosts, each a network namespace, by one loop in one process: something to
 * talk to. IPv4 and IPv6 by the same port.
 *
 *	sonde_serve_open(&s);
 *	sonde_serve_add(s, netns, &plan);	from here on the kernel accepts for it
 *	...
 *	sonde_serve_run(s);			in a process of its own
 */

#include <stdbool.h>
#include <stdint.h>

enum sonde_serve_kind {
	SONDE_SERVE_ECHO,   /* sends back what comes (RFC 862) */
	SONDE_SERVE_HTTP,   /* answers a request with a page that says who asked whom */
	SONDE_SERVE_CLOSE,  /* accepts and closes */
	SONDE_SERVE_SILENT, /* takes what comes and says nothing */
};

struct sonde_serve_plan {
	const char *name; /* of the host; copied */
	bool udp;	  /* ECHO or SILENT */
	uint16_t port;
	enum sonde_serve_kind kind;
};

struct sonde_serve;

/* 0 or -errno. */
int sonde_serve_open(struct sonde_serve **ret);

/* 0 or -errno: -EADDRINUSE ... */
int sonde_serve_add(struct sonde_serve *s, int netns, const struct sonde_serve_plan *plan);

/* Serves without end; -errno if that cannot be. */
int sonde_serve_run(struct sonde_serve *s);

/* NULL is fine; returns NULL. */
struct sonde_serve *sonde_serve_close(struct sonde_serve *s);

#endif
