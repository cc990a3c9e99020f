#ifndef SONDE_SYS_PROBER_INSIDE_H
#define SONDE_SYS_PROBER_INSIDE_H

/* What the files of the prober share. */

#include <stdint.h>

/* Both let only through what can be about our probes; 0 or -errno. protocol: IPPROTO_ICMP,
 * IPPROTO_ICMPV6 or IPPROTO_TCP, that of the probes. */
int sonde_prober_filter_icmp(int fd, uint16_t family, uint8_t protocol, uint16_t ident);
int sonde_prober_filter_tcp(int fd, uint16_t family, uint16_t ident);

#endif
