#ifndef SONDE_SYS_PRIVILEGE_H
#define SONDE_SYS_PRIVILEGE_H

/* What this process may, and giving it up. Capabilities are the CAP_ numbers of
 * linux/capability.h. */

#include <stdbool.h>
#include <stddef.h>

/* Whether the capability is effective now. */
bool sonde_privilege_has(int cap);

/* "net_raw", which setcap(8) and people write as cap_net_raw; NULL: there is no capability of this
 * number. Static. */
const char *sonde_privilege_name(int cap);

/* Gives up every capability in every set, the bounding set where that is allowed, and sets
 * no_new_privs: neither this process nor what it executes can gain any again. Children forked
 * before keep what they have. keep: one capability that stays permitted and effective if it is
 * there (ptrace needs CAP_SYS_PTRACE to look into programs that hold more than we do), or -1.
 * 0 or -errno; whatever fails, the rest is still given up. */
int sonde_privilege_drop(int keep);

/* "lacks cap_bpf and cap_perfmon; setcap cap_bpf,cap_perfmon+ep /the/program, or root, would give
 * them" of the n capabilities that are wanted; into at most size bytes. Returns its length, 0: none
 * is missing. */
size_t sonde_privilege_missing(char *ret, size_t size, const int *want, size_t n);

#endif
