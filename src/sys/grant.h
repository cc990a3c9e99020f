#ifndef SONDE_SYS_GRANT_H
#define SONDE_SYS_GRANT_H

/* What a program would hold if this user started it now: capabilities(7), transformation of
 * capabilities during execve(). Masks have bit n for capability n. */

#include <stdbool.h>
#include <stdint.h>

struct sonde_grant {
	uint64_t has;	/* would be permitted and effective */
	uint64_t file;	/* the program's file asks for */
	uint64_t bound; /* the bounding set: what nobody here can go beyond */
	bool root;	/* the effective user is 0, with what that means */
	bool nosuid;	/* the file's are not counted: it is mounted so */
	bool no_new;	/* the file's are not counted: no_new_privs is set */
	bool inner;	/* all of it is over a user namespace that is not the machine's first */
	bool foreign;	/* which has no say over the network namespace it is in */
};

/* 0; -ENOENT, -EACCES: this user cannot start it; or -errno. */
int sonde_grant_read(struct sonde_grant *ret, const char *path);

#endif
