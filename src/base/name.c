#include "base/name.h"

#include <string.h>

/* clang-format off */
static const char *const families[] = {
	"AF_UNSPEC", "AF_UNIX", "AF_INET", "AF_AX25", "AF_IPX", "AF_APPLETALK", "AF_NETROM",
	"AF_BRIDGE", "AF_ATMPVC", "AF_X25", "AF_INET6", "AF_ROSE", "AF_DECnet", "AF_NETBEUI",
	"AF_SECURITY", "AF_KEY", "AF_NETLINK", "AF_PACKET", "AF_ASH", "AF_ECONET", "AF_ATMSVC",
	"AF_RDS", "AF_SNA", "AF_IRDA", "AF_PPPOX", "AF_WANPIPE", "AF_LLC", "AF_IB", "AF_MPLS",
	"AF_CAN", "AF_TIPC", "AF_BLUETOOTH", "AF_IUCV", "AF_RXRPC", "AF_ISDN", "AF_PHONET",
	"AF_IEEE802154", "AF_CAIF", "AF_ALG", "AF_NFC", "AF_VSOCK", "AF_KCM", "AF_QIPCRTR",
	"AF_SMC", "AF_XDP", "AF_MCTP",
};
static const char *const types[] = {
	"?", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "SOCK_DCCP",
	"?", "?", "?", "SOCK_PACKET",
};
/* The kernel's numbers; NEW_SYN_RECV is a request that has no socket yet. */
static const char *const tcp_states[] = {
	"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
	"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
};
/* clang-format on */

#define PICK(list, i) ((i) < sizeof(list) / sizeof *(list) ? (list)[i] : "?")

const char *sonde_name_errno(int e)
{
	const char *name = strerrorname_np(e);

	return name ? name : "?";
}

const char *sonde_name_signal(int s)
{
	const char *name = sigabbrev_np(s);

	return name ? name : "?";
}

const char *sonde_name_family(unsigned f)
{
	return PICK(families, f);
}

const char *sonde_name_type(unsigned t)
{
	return PICK(types, t);
}

const char *sonde_name_tcp_state(unsigned s)
{
	return PICK(tcp_states, s);
}
