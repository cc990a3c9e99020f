#ifndef SONDE_SYS_FIREWALL_H
#define SONDE_SYS_FIREWALL_H

/* nftables rules, given to the kernel by libnftables in this process: nft(8) without the program.
 * Needs CAP_NET_ADMIN in the namespace. */

#include <stddef.h>

/* Carries out commands in nft's language, all or none, inside the namespace. 0; SONDE_RULES: they
 * are wrong, or the kernel cannot have them, and ret_said (of size bytes) is nft's own sentence;
 * -errno. */
int sonde_firewall_load(int netns, const char *commands, char *ret_said, size_t size);

#endif
