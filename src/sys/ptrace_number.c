#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/ptrace_inside.h"

#if defined(__x86_64__)
const uint32_t sonde_ptrace_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t sonde_ptrace_arch = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
const uint32_t sonde_ptrace_arch = AUDIT_ARCH_RISCV64;
#else
const uint32_t sonde_ptrace_arch = 0;
#endif

enum { ALWAYS, CALLS }; /* CALLS: only where all calls are wanted */
enum { ANY = -1 };	/* whatever the arguments are */

/* One row for a number, or for a number with one value of one argument. */
/* clang-format off */
static const struct {
	uint16_t nr;
	uint8_t call, when;
	int8_t arg;
	uint32_t value;
} rows[] = {
#define SONDE_CALL_EXEC SONDE_PTRACE_EXEC
#define LIFE(id, nr)	      { SYS_##nr, SONDE_CALL_##id, ALWAYS, ANY, 0 },
#define DATA(id, nr)	      { SYS_##nr, SONDE_CALL_##id, CALLS, ANY, 0 },
#define WITH(id, nr, n, want) { SYS_##nr, SONDE_CALL_##id, ALWAYS, n, want },
	LIFE(SOCKET, socket)
	LIFE(SOCKETPAIR, socketpair)
	LIFE(BIND, bind)
	LIFE(LISTEN, listen)
	LIFE(CONNECT, connect)
	LIFE(ACCEPT, accept)
	LIFE(ACCEPT4, accept4)
	LIFE(SHUTDOWN, shutdown)
	LIFE(CLOSE, close)
	LIFE(CLOSE_RANGE, close_range)
	LIFE(DUP, dup)
#ifdef SYS_dup2
	LIFE(DUP2, dup2)
#endif
	LIFE(DUP3, dup3)
	LIFE(PIDFD_GETFD, pidfd_getfd)
	WITH(FCNTL, fcntl, 1, F_DUPFD)
	WITH(FCNTL, fcntl, 1, F_DUPFD_CLOEXEC)
	WITH(FCNTL, fcntl, 1, F_SETFD)
	WITH(FCNTL, fcntl, 1, F_SETFL)
	WITH(IOCTL, ioctl, 1, FIOCLEX)
	WITH(IOCTL, ioctl, 1, FIONCLEX)
	WITH(IOCTL, ioctl, 1, FIONBIO)
	/* They may carry descriptors. */
	LIFE(SENDMSG, sendmsg)
	LIFE(RECVMSG, recvmsg)
	LIFE(SENDMMSG, sendmmsg)
	LIFE(RECVMMSG, recvmmsg)
	/* It may close sockets, and when it has nothing is left of them to look at. */
	LIFE(EXEC, execve)
	LIFE(EXEC, execveat)
	/* How a program hears that its connect has come to an end. */
	WITH(GETSOCKOPT, getsockopt, 2, SO_ERROR)
	DATA(SENDTO, sendto)
	DATA(WRITE, write)
	DATA(WRITEV, writev)
	DATA(SENDFILE, sendfile)
	DATA(SPLICE, splice)
	DATA(RECVFROM, recvfrom)
	DATA(READ, read)
	DATA(READV, readv)
	DATA(GETSOCKNAME, getsockname)
	DATA(GETPEERNAME, getpeername)
	DATA(GETSOCKOPT, getsockopt)
	DATA(SETSOCKOPT, setsockopt)
#undef SONDE_CALL_EXEC
#undef LIFE
#undef DATA
#undef WITH
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

unsigned sonde_ptrace_wanted(const struct sonde_ptrace *t, uint64_t nr, const uint64_t args[6])
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].nr == nr && (rows[i].when == ALWAYS || t->plan.calls) &&
		    (rows[i].arg == ANY || (uint32_t)args[rows[i].arg] == rows[i].value))
			return rows[i].call;
	return SONDE_CALL_NONE;
}

int sonde_ptrace_filter(const struct sonde_ptrace *t)
{
	struct sock_filter code[6 * ROWS + 8];
	struct sock_fprog program = { .filter = code };
	unsigned n = 0, flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;

#define EMIT(...) code[n++] = (struct sock_filter)__VA_ARGS__
#define LOAD(at)  EMIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(at)))
#define IF(v)	  EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, 0, 0))
#define RETURN(v) EMIT(BPF_STMT(BPF_RET | BPF_K, v))
	if (sonde_ptrace_arch) {
		LOAD(offsetof(struct seccomp_data, arch));
		IF(sonde_ptrace_arch);
		code[n - 1].jt = 1;
		RETURN(SECCOMP_RET_ALLOW);
	}
	LOAD(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].when == CALLS && !t->plan.calls)
			continue;
		IF(rows[i].nr);
		code[n - 1].jf = rows[i].arg == ANY ? 1 : 4;
		if (rows[i].arg != ANY) {
			size_t at = offsetof(struct seccomp_data, args) + 8 * (size_t)rows[i].arg;

			LOAD(at + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
			IF(rows[i].value);
			code[n - 1].jf = 1;
		}
		RETURN(SECCOMP_RET_TRACE);
		if (rows[i].arg != ANY)
			LOAD(offsetof(struct seccomp_data, nr));
	}
	RETURN(SECCOMP_RET_ALLOW);
#undef EMIT
#undef LOAD
#undef IF
#undef RETURN
	program.len = (unsigned short)n;
	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program))
		return 0;
	/* Only who may everything can do without; then setuid programs keep working. */
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program))
		return -errno;
	return 0;
}
