#ifndef SONDE_SYS_USERNS_H
#define SONDE_SYS_USERNS_H

/* A user namespace (user_namespaces(7)): there we have every capability over what is made there,
 * and no more than before over anything else. */

/* Moves the process, which may have only one thread, into a new one in which our user and group are
 * root. 0 or -errno: -EPERM, -ENOSPC, -EINVAL are how kernels and their guards say that this user
 * gets none. */
int sonde_userns_enter(void);

/* Moves the process, which may have only one thread, into one that somebody made; 0 or -errno. */
int sonde_userns_join(int userns);

/* The one we are in; a descriptor that is closed by exec, or -errno. */
int sonde_userns_open(void);

#endif
