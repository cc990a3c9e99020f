#ifndef SONDE_SYS_MACHINE_H
#define SONDE_SYS_MACHINE_H

/* What this machine has to offer, found by looking and by trying. Whatever is tried happens in a
 * process and in namespaces of its own, which end with it: nothing here changes the machine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first line of a small file, such as one below /proc/sys: its length, or -errno; "" is put
 * into ret then. */
int sonde_machine_read(const char *path, char *ret, size_t size);

/* The version of landlock's interface, or -errno: -ENOSYS, -EOPNOTSUPP: there is none. */
int sonde_machine_landlock(void);

/* Whether seccomp can refuse a call with an error: 0 or -errno. */
int sonde_machine_seccomp(void);

/* A resource limit of getrlimit(2), in bytes; UINT64_MAX is without limit. */
uint64_t sonde_machine_locked_memory(void);

/* Whether net.ipv4.ping_group_range holds one of this process's groups: 1, 0, or -errno. */
int sonde_machine_ping_group(void);

/* Namespaces of our own: a user namespace and in it, with all capabilities there, a network
 * namespace. 0 or -errno. */
int sonde_machine_userns(void);

/* In a network namespace of its own, made so or by CAP_SYS_ADMIN. *ret_tried is false where it
 * could not be made, and the error is of that. 0; SONDE_RULES; -errno. */
int sonde_machine_nftables(bool *ret_tried);
int sonde_machine_xdp(bool *ret_tried);

#endif
