#ifndef SONDE_BASE_CALL_H
#define SONDE_BASE_CALL_H

/* The system calls that a socket's life is made of, by name and without the numbers of any
 * processor. The class says what a call can do to a socket. */

enum sonde_call_class {
	SONDE_CALL_LIFE, /* makes, names, joins or ends a socket */
	SONDE_CALL_SEND,
	SONDE_CALL_RECV,
	SONDE_CALL_FILE, /* moves, copies or marks a descriptor */
	SONDE_CALL_ASK,	 /* reads or sets options and names */
};

/* clang-format off */
#define SONDE_CALLS(C) \
	C(SOCKET, "socket", LIFE)	C(SOCKETPAIR, "socketpair", LIFE) \
	C(BIND, "bind", LIFE)		C(LISTEN, "listen", LIFE) \
	C(CONNECT, "connect", LIFE)	C(ACCEPT, "accept", LIFE) \
	C(ACCEPT4, "accept4", LIFE)	C(SHUTDOWN, "shutdown", LIFE) \
	C(CLOSE, "close", LIFE)		C(CLOSE_RANGE, "close_range", LIFE) \
	C(DUP, "dup", FILE)		C(DUP2, "dup2", FILE) \
	C(DUP3, "dup3", FILE)		C(FCNTL, "fcntl", FILE) \
	C(IOCTL, "ioctl", FILE)		C(PIDFD_GETFD, "pidfd_getfd", FILE) \
	C(SENDTO, "sendto", SEND)	C(SENDMSG, "sendmsg", SEND) \
	C(SENDMMSG, "sendmmsg", SEND)	C(WRITE, "write", SEND) \
	C(WRITEV, "writev", SEND)	C(SENDFILE, "sendfile", SEND) \
	C(SPLICE, "splice", SEND) \
	C(RECVFROM, "recvfrom", RECV)	C(RECVMSG, "recvmsg", RECV) \
	C(RECVMMSG, "recvmmsg", RECV)	C(READ, "read", RECV) \
	C(READV, "readv", RECV) \
	C(GETSOCKNAME, "getsockname", ASK)	C(GETPEERNAME, "getpeername", ASK) \
	C(GETSOCKOPT, "getsockopt", ASK)	C(SETSOCKOPT, "setsockopt", ASK)

enum sonde_call {
	SONDE_CALL_NONE,
#define C(id, name, class) SONDE_CALL_##id,
	SONDE_CALLS(C)
#undef C
	SONDE_CALL_END_
};
/* clang-format on */

/* "connect"; "?" for a number that is none. Static. */
const char *sonde_call_name(unsigned call);

/* enum sonde_call by name, SONDE_CALL_NONE where there is none such. len counts from name. */
unsigned sonde_call_find(const char *name, unsigned long len);

enum sonde_call_class sonde_call_class(unsigned call);

#endif
