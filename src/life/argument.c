#include "life/argument.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/name.h"
#include "life/words.h"

/* How the value of an option reads. */
enum form {
	NUMBER,
	LINGER, /* struct linger */
	MEMBER, /* struct ip_mreq, where it is not one of the longer forms */
	WHOLE,	/* longer than a number: the event does not hold it */
	ERROR,
	FAMILY,
	TYPE,
};

struct known {
	int64_t number;
	const char *name;
	enum form form;
};

/* clang-format off */
#define K(id)	     { id, #id, NUMBER }
#define IS(id, form) { id, #id, form }

static const struct known levels[] = {
	K(SOL_SOCKET), K(SOL_IP), K(SOL_IPV6), K(SOL_TCP), K(SOL_UDP), K(SOL_RAW), K(SOL_ICMPV6),
	K(SOL_PACKET), K(SOL_NETLINK), {},
};

static const struct known of_socket[] = {
	K(SO_REUSEADDR), K(SO_REUSEPORT), K(SO_KEEPALIVE), K(SO_BROADCAST), K(SO_DONTROUTE),
	K(SO_OOBINLINE), K(SO_SNDBUF), K(SO_RCVBUF), K(SO_SNDBUFFORCE), K(SO_RCVBUFFORCE),
	K(SO_RCVLOWAT), K(SO_SNDLOWAT), K(SO_PRIORITY), K(SO_MARK), K(SO_PASSCRED), K(SO_PASSSEC),
	K(SO_TIMESTAMP), K(SO_TIMESTAMPNS), K(SO_TIMESTAMPING), K(SO_ACCEPTCONN), K(SO_RXQ_OVFL),
	K(SO_PEEK_OFF), K(SO_BUSY_POLL), K(SO_INCOMING_CPU), K(SO_ZEROCOPY), K(SO_PROTOCOL),
	K(SO_NO_CHECK), K(SO_LOCK_FILTER), K(SO_DETACH_FILTER), K(SO_INCOMING_NAPI_ID),
	K(SO_BINDTOIFINDEX), K(SO_ATTACH_BPF), K(SO_ATTACH_REUSEPORT_EBPF), K(SO_PREFER_BUSY_POLL),
	IS(SO_ERROR, ERROR), IS(SO_TYPE, TYPE), IS(SO_DOMAIN, FAMILY), IS(SO_LINGER, LINGER),
	IS(SO_RCVTIMEO, WHOLE), IS(SO_SNDTIMEO, WHOLE), IS(SO_PEERCRED, WHOLE),
	IS(SO_PEERSEC, WHOLE), IS(SO_PEERNAME, WHOLE), IS(SO_PEERGROUPS, WHOLE),
	IS(SO_BINDTODEVICE, WHOLE), IS(SO_ATTACH_FILTER, WHOLE),
	IS(SO_ATTACH_REUSEPORT_CBPF, WHOLE), K(SO_COOKIE), IS(SO_MEMINFO, WHOLE),
	K(SO_MAX_PACING_RATE), IS(SO_TXTIME, WHOLE), {},
};

static const struct known of_tcp[] = {
	K(TCP_NODELAY), K(TCP_MAXSEG), K(TCP_CORK), K(TCP_KEEPIDLE), K(TCP_KEEPINTVL),
	K(TCP_KEEPCNT), K(TCP_SYNCNT), K(TCP_LINGER2), K(TCP_DEFER_ACCEPT), K(TCP_WINDOW_CLAMP),
	K(TCP_QUICKACK), K(TCP_USER_TIMEOUT), K(TCP_FASTOPEN), K(TCP_FASTOPEN_CONNECT),
	K(TCP_THIN_LINEAR_TIMEOUTS), K(TCP_REPAIR), K(TCP_TIMESTAMP), K(TCP_NOTSENT_LOWAT),
	K(TCP_SAVE_SYN), K(TCP_INQ), K(TCP_FASTOPEN_NO_COOKIE), IS(TCP_INFO, WHOLE),
	IS(TCP_CONGESTION, WHOLE), IS(TCP_MD5SIG, WHOLE), IS(TCP_ULP, WHOLE),
	IS(TCP_SAVED_SYN, WHOLE), IS(TCP_CC_INFO, WHOLE), IS(TCP_ZEROCOPY_RECEIVE, WHOLE), {},
};

static const struct known of_ip[] = {
	K(IP_TOS), K(IP_TTL), K(IP_HDRINCL), K(IP_RECVOPTS), K(IP_PKTINFO), K(IP_MTU_DISCOVER),
	K(IP_RECVERR), K(IP_RECVTTL), K(IP_RECVTOS), K(IP_MTU), K(IP_FREEBIND), K(IP_MINTTL),
	K(IP_TRANSPARENT), K(IP_NODEFRAG), K(IP_RECVORIGDSTADDR), K(IP_BIND_ADDRESS_NO_PORT),
	K(IP_MULTICAST_ALL), K(IP_UNICAST_IF), K(IP_MULTICAST_TTL),
	K(IP_MULTICAST_LOOP), IS(IP_MULTICAST_IF, WHOLE), IS(IP_ADD_MEMBERSHIP, MEMBER),
	IS(IP_DROP_MEMBERSHIP, MEMBER), IS(IP_ADD_SOURCE_MEMBERSHIP, WHOLE),
	IS(IP_DROP_SOURCE_MEMBERSHIP, WHOLE), IS(IP_OPTIONS, WHOLE), {},
};

static const struct known of_ipv6[] = {
	K(IPV6_V6ONLY), K(IPV6_UNICAST_HOPS), K(IPV6_MULTICAST_HOPS), K(IPV6_MULTICAST_IF),
	K(IPV6_MULTICAST_LOOP), K(IPV6_MULTICAST_ALL), K(IPV6_RECVPKTINFO), K(IPV6_RECVHOPLIMIT),
	K(IPV6_RECVTCLASS), K(IPV6_TCLASS), K(IPV6_MTU), K(IPV6_MTU_DISCOVER), K(IPV6_RECVERR),
	K(IPV6_CHECKSUM), K(IPV6_AUTOFLOWLABEL), K(IPV6_TRANSPARENT), K(IPV6_FREEBIND),
	K(IPV6_DONTFRAG), K(IPV6_MINHOPCOUNT), K(IPV6_HDRINCL), K(IPV6_ADDR_PREFERENCES),
	K(IPV6_RECVPATHMTU), IS(IPV6_JOIN_GROUP, WHOLE), IS(IPV6_LEAVE_GROUP, WHOLE),
	IS(IPV6_PATHMTU, WHOLE), {},
};

static const struct known of_udp[] = {
	K(UDP_CORK), K(UDP_ENCAP), K(UDP_NO_CHECK6_TX), K(UDP_NO_CHECK6_RX), K(UDP_SEGMENT),
	K(UDP_GRO), {},
};

static const struct known of_netlink[] = {
	K(NETLINK_ADD_MEMBERSHIP), K(NETLINK_DROP_MEMBERSHIP), K(NETLINK_PKTINFO),
	K(NETLINK_BROADCAST_ERROR), K(NETLINK_NO_ENOBUFS), K(NETLINK_EXT_ACK),
	K(NETLINK_GET_STRICT_CHK), K(NETLINK_CAP_ACK), {},
};

static const struct known inet_protocols[] = {
	K(IPPROTO_IP), K(IPPROTO_ICMP), K(IPPROTO_TCP), K(IPPROTO_UDP), K(IPPROTO_ICMPV6),
	K(IPPROTO_SCTP), K(IPPROTO_UDPLITE), K(IPPROTO_MPTCP), K(IPPROTO_RAW), {},
};

static const struct known netlink_protocols[] = {
	K(NETLINK_ROUTE), K(NETLINK_SOCK_DIAG), K(NETLINK_AUDIT), K(NETLINK_NETFILTER),
	K(NETLINK_KOBJECT_UEVENT), K(NETLINK_GENERIC), K(NETLINK_XFRM), {},
};

static const struct known message_flags[] = {
	K(MSG_OOB), K(MSG_PEEK), K(MSG_DONTROUTE), K(MSG_CTRUNC), K(MSG_TRUNC), K(MSG_DONTWAIT),
	K(MSG_EOR), K(MSG_WAITALL), K(MSG_CONFIRM), K(MSG_ERRQUEUE), K(MSG_NOSIGNAL), K(MSG_MORE),
	K(MSG_WAITFORONE), K(MSG_ZEROCOPY), K(MSG_FASTOPEN), K(MSG_CMSG_CLOEXEC), {},
};

static const struct known socket_flags[] = { K(SOCK_CLOEXEC), K(SOCK_NONBLOCK), {} };
static const struct known file_flags[] = {
	K(O_WRONLY), K(O_RDWR), K(O_APPEND), K(O_NONBLOCK), K(O_ASYNC), {},
};
static const struct known dup_flags[] = { K(O_CLOEXEC), {} };
static const struct known fd_flags[] = { K(FD_CLOEXEC), {} };
static const struct known range_flags[] = {
	{ 2, "CLOSE_RANGE_UNSHARE", NUMBER }, { 4, "CLOSE_RANGE_CLOEXEC", NUMBER }, {},
};
static const struct known commands[] = {
	K(F_DUPFD), K(F_GETFD), K(F_SETFD), K(F_GETFL), K(F_SETFL), K(F_GETLK), K(F_SETLK),
	K(F_SETLKW), K(F_SETOWN), K(F_GETOWN), K(F_SETSIG), K(F_GETSIG), K(F_DUPFD_CLOEXEC), {},
};
static const struct known requests[] = { K(FIOCLEX), K(FIONCLEX), K(FIONBIO), {} };
static const struct known directions[] = { K(SHUT_RD), K(SHUT_WR), K(SHUT_RDWR), {} };
/* clang-format on */

static const struct known *find(const struct known *k, int64_t number)
{
	for (; k && k->name; k++)
		if (k->number == number)
			return k;
	return NULL;
}

static void one_of(struct sonde_text *t, const struct known *table, int64_t number)
{
	const struct known *k = find(table, number);

	if (k)
		sonde_text_str(t, k->name);
	else
		sonde_text_print(t, "%lld", (long long)number);
}

/* "A|B|0x40", after lead; nothing where none is set. */
static void some_of(struct sonde_text *t, const struct known *k, const char *lead, uint64_t bits)
{
	const char *bar = lead;

	for (; k->name; k++)
		if ((bits & (uint64_t)k->number) == (uint64_t)k->number) {
			sonde_text_print(t, "%s%s", bar, k->name);
			bits &= ~(uint64_t)k->number;
			bar = "|";
		}
	if (bits)
		sonde_text_print(t, "%s0x%llx", bar, (unsigned long long)bits);
}

/* What F_GETFL and F_GETFD tell and F_SETFL and F_SETFD set. */
static void print_flags(struct sonde_text *t, bool file, uint64_t bits)
{
	bool read_only = file && !(bits & O_ACCMODE);

	if (read_only || !bits)
		sonde_text_str(t, read_only ? "O_RDONLY" : "0");
	some_of(t, file ? file_flags : fd_flags, read_only ? "|" : "", bits);
}

static void print_named(struct sonde_text *t, const char *name, int64_t number)
{
	if (*name == '?')
		sonde_text_print(t, "%lld", (long long)number);
	else
		sonde_text_str(t, name);
}

static void print_socket(struct sonde_text *t, const struct sonde_event *e)
{
	unsigned family = (unsigned)e->arg[0], type = (unsigned)e->arg[1];

	print_named(t, sonde_name_family(family), e->arg[0]);
	sonde_text_str(t, ", ");
	print_named(t, sonde_name_type(type & 15), type & 15);
	some_of(t, socket_flags, "|", type & ~15U);
	if (e->arg[2] || family == AF_NETLINK) {
		sonde_text_str(t, ", ");
		one_of(t,
		       family == AF_INET || family == AF_INET6 ? inet_protocols
		       : family == AF_NETLINK		       ? netlink_protocols
							       : NULL,
		       e->arg[2]);
	}
	if (e->call == SONDE_CALL_SOCKETPAIR && e->ret >= 0)
		sonde_text_print(t, ", [%d, %d]", e->fd, e->fd2);
}

static const struct known *options(int64_t level)
{
	switch (level) {
	case SOL_SOCKET: return of_socket;
	case SOL_IP: return of_ip;
	case SOL_IPV6: return of_ipv6;
	case SOL_TCP: return of_tcp;
	case SOL_UDP: return of_udp;
	case SOL_NETLINK: return of_netlink;
	default: return NULL;
	}
}

/* As the two four-byte members of a structure. */
static void print_pair(struct sonde_text *t, enum form form, int64_t value)
{
	struct linger l;
	uint8_t ip[8];
	char *o;

	memcpy(&l, &value, sizeof l);
	memcpy(ip, &value, sizeof ip);
	if (form == LINGER) {
		sonde_text_print(t, "{l_onoff=%d, l_linger=%d}", l.l_onoff, l.l_linger);
		return;
	}
	o = sonde_put_ip4(sonde_put_str(sonde_text_room(t, 96), "{imr_multiaddr="), ip);
	o = sonde_put_ip4(sonde_put_str(o, ", imr_interface="), ip + 4);
	sonde_text_end(t, sonde_put_str(o, "}"));
}

static void print_option(struct sonde_text *t, const struct sonde_event *e)
{
	const struct known *k = find(options(e->arg[0]), e->arg[1]);
	enum form form = k ? k->form : NUMBER;
	int64_t value = e->arg[2];

	sonde_text_str(t, ", ");
	one_of(t, levels, e->arg[0]);
	sonde_text_str(t, ", ");
	one_of(t, k, e->arg[1]);
	if (value == SONDE_NO_VALUE || e->flags & SONDE_FLAG_ENTERED || form == WHOLE ||
	    (e->call == SONDE_CALL_GETSOCKOPT && e->ret < 0))
		return;
	sonde_text_str(t, ", ");
	if (form == LINGER || form == MEMBER) {
		print_pair(t, form, value);
		return;
	}
	sonde_text_str(t, "[");
	if (form == ERROR && value)
		sonde_words_errno(t, (int)value);
	else if (form == FAMILY)
		print_named(t, sonde_name_family((unsigned)value), value);
	else if (form == TYPE)
		print_named(t, sonde_name_type((unsigned)value), value);
	else
		sonde_text_print(t, "%lld", (long long)value);
	sonde_text_str(t, "]");
}

static void print_fcntl(struct sonde_text *t, const struct sonde_event *e)
{
	sonde_text_str(t, ", ");
	one_of(t, commands, e->arg[0]);
	if (e->arg[0] == F_DUPFD || e->arg[0] == F_DUPFD_CLOEXEC) {
		sonde_text_print(t, ", %lld", (long long)e->arg[1]);
	} else if (e->arg[0] == F_SETFD || e->arg[0] == F_SETFL) {
		sonde_text_str(t, ", ");
		print_flags(t, e->arg[0] == F_SETFL, (uint64_t)e->arg[1]);
	}
}

/* What was moved: the bytes, how many were asked for, the flags. */
static void print_message(struct sonde_text *t, const struct sonde_event *e)
{
	if (e->text.len) {
		sonde_text_str(t, ", \"");
		sonde_text_escape(t, e->text.at, e->text.len);
		sonde_text_str(t, e->text.len < e->bytes ? "\"..." : "\"");
	}
	if (e->arg[1] >= 0)
		sonde_text_print(t, ", %lld", (long long)e->arg[1]);
	if (e->call == SONDE_CALL_SENDMMSG || e->call == SONDE_CALL_RECVMMSG)
		sonde_text_print(t, ", %lld messages", (long long)e->arg[2]);
	some_of(t, message_flags, ", ", (uint32_t)e->arg[0]);
}

static void print_address(struct sonde_text *t, const struct sonde_event *e)
{
	if (!e->address.len)
		return;
	sonde_text_str(t, ", ");
	sonde_words_sockaddr(t, e->address);
}

void sonde_argument_print(struct sonde_text *t, const struct sonde_event *e)
{
	enum sonde_call_class class = sonde_call_class(e->call);

	if (e->call == SONDE_CALL_SOCKET || e->call == SONDE_CALL_SOCKETPAIR) {
		print_socket(t, e);
		return;
	}
	if (e->call == SONDE_CALL_CLOSE_RANGE) {
		sonde_text_print(t, "%lld, %lld", (long long)e->arg[0], (long long)e->arg[1]);
		some_of(t, range_flags, ", ", (uint64_t)e->arg[2]);
		return;
	}
	sonde_text_print(t, "%d", e->fd);
	if (class == SONDE_CALL_SEND || class == SONDE_CALL_RECV)
		print_message(t, e);
	print_address(t, e);
	switch (e->call) {
	case SONDE_CALL_LISTEN: sonde_text_print(t, ", %lld", (long long)e->arg[0]); break;
	case SONDE_CALL_ACCEPT4: some_of(t, socket_flags, ", ", (uint64_t)e->arg[0]); break;
	case SONDE_CALL_SHUTDOWN:
		sonde_text_str(t, ", ");
		one_of(t, directions, e->arg[0]);
		break;
	case SONDE_CALL_DUP2:
	case SONDE_CALL_DUP3:
		if (e->fd2 >= 0)
			sonde_text_print(t, ", %d", e->fd2);
		some_of(t, dup_flags, ", ", (uint64_t)e->arg[1]);
		break;
	case SONDE_CALL_FCNTL: print_fcntl(t, e); break;
	case SONDE_CALL_IOCTL:
		sonde_text_str(t, ", ");
		one_of(t, requests, e->arg[0]);
		break;
	case SONDE_CALL_GETSOCKOPT:
	case SONDE_CALL_SETSOCKOPT: print_option(t, e); break;
	}
}

void sonde_argument_result(struct sonde_text *t, const struct sonde_event *e)
{
	bool get_fl = e->call == SONDE_CALL_FCNTL && e->arg[0] == F_GETFL;
	bool get_fd = e->call == SONDE_CALL_FCNTL && e->arg[0] == F_GETFD;

	if (e->ret < 0) {
		sonde_text_str(t, "-1 ");
		sonde_words_errno(t, (int)-e->ret);
	} else if ((get_fl || get_fd) && e->ret) {
		sonde_text_print(t, "0x%llx (flags ", (unsigned long long)e->ret);
		print_flags(t, get_fl, (uint64_t)e->ret);
		sonde_text_str(t, ")");
	} else {
		sonde_text_print(t, "%lld", (long long)e->ret);
	}
}
