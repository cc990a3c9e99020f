#ifndef SONDE_SYS_TREE_H
#define SONDE_SYS_TREE_H

/* The file tree as one process and its children see it. What is mounted there is seen nowhere else
 * and is gone when they are. Needs CAP_SYS_ADMIN in the user namespace. 0 or -errno each. */

#include <stddef.h>

/* From now on the tree is ours alone; what others mount comes in, what we mount does not go out. */
int sonde_tree_alone(void);

/* In place of an existing file, the bytes that `from`, a descriptor, holds. */
int sonde_tree_file(const char *over, int from);

/* /proc and /sys as our own process and network namespaces have them. What is mounted below /sys
 * (cgroup, bpf, tracing) stays. */
int sonde_tree_proc(void);
int sonde_tree_sys(void);

#endif
