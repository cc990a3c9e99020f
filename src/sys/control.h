#ifndef SONDE_SYS_CONTROL_H
#define SONDE_SYS_CONTROL_H

/* Talk between programs of one user: messages and descriptors over a unix socket of an abstract
 * name (unix(7)), which is no file, and is gone when the one who has it ends, however that ends.
 * The name belongs to the user: others may take it first, but are found out. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SONDE_CONTROL_MESSAGE = 4096, SONDE_CONTROL_FDS = 4 };

/* What is said at once. */
struct sonde_control_message {
	int code; /* of the error channel; 0 in what is asked */
	char text[SONDE_CONTROL_MESSAGE];
	int fd[SONDE_CONTROL_FDS]; /* -1 behind the last */
};

/* Takes the name: a descriptor on which accept(2) tells who comes; -EADDRINUSE; -errno. uid is the
 * user's number outside of all namespaces of ours. */
int sonde_control_listen(uid_t uid, const char *name);

/* Who comes, closed by exec; -EPERM: somebody else, who was turned away; -errno. */
int sonde_control_accept(int fd);

/* The one who has the name; -ENOENT: nobody; -EPERM: another user; -errno. */
int sonde_control_connect(uid_t uid, const char *name);

/* 0 or -errno. The descriptors stay ours. */
int sonde_control_send(int fd, const struct sonde_control_message *m);

/* 1; 0: the other one has gone; -errno. The descriptors are then ours. */
int sonde_control_recv(int fd, struct sonde_control_message *ret);

/* Calls hear with each name that somebody has under this user's number. 0 or -errno. */
int sonde_control_each(uid_t uid, void (*hear)(void *arg, const char *name), void *arg);

#endif
