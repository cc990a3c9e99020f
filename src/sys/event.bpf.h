#ifndef SONDE_SYS_EVENT_BPF_H
#define SONDE_SYS_EVENT_BPF_H

/* Numbers that user space takes from its C library, whose headers do not compile for BPF. They
 * are fixed for all kernels. */

#include "base/call.h"
#include "base/event_kind.h"

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET };
enum {
	IPPROTO_ICMP = 1,
	IPPROTO_TCP = 6,
	IPPROTO_UDP = 17,
	IPPROTO_FRAGMENT = 44,
	IPPROTO_ICMPV6 = 58
};
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV
};
enum { PF_KTHREAD = 0x200000, PF_EXITING = 4, IFF_LOOPBACK = 8 };

#endif
