/* uring: a TCP exchange whose client and accepted socket are made, used and closed by io_uring
 * alone: no system call names them. Raw system calls, as liburing need not be there. */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "stim.h"

static struct ring {
	int fd;
	struct io_uring_params p;
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqe;
} ring;

static uint32_t *number(uint8_t *base, uint32_t offset)
{
	return (uint32_t *)(void *)(base + offset);
}

static uint8_t *map(size_t len, uint64_t offset)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
			(off_t)offset);

	if (at == MAP_FAILED)
		must(-1);
	return at;
}

static void ring_open(void)
{
	ring.fd = (int)syscall(SYS_io_uring_setup, 4, &ring.p);
	if (ring.fd < 0) {
		printf("io_uring is not allowed here: %s\n", strerror(errno));
		exit(77);
	}
	ring.sq = map(ring.p.sq_off.array + 4 * ring.p.sq_entries, IORING_OFF_SQ_RING);
	ring.cq = map(ring.p.cq_off.cqes + sizeof(struct io_uring_cqe) * ring.p.cq_entries,
		      IORING_OFF_CQ_RING);
	ring.sqe = (void *)map(sizeof *ring.sqe * ring.p.sq_entries, IORING_OFF_SQES);
}

/* One operation, and its result. */
static int run(const struct io_uring_sqe *what)
{
	uint32_t *tail = number(ring.sq, ring.p.sq_off.tail);
	uint32_t *head = number(ring.cq, ring.p.cq_off.head);
	uint32_t at = *tail & *number(ring.sq, ring.p.sq_off.ring_mask);
	struct io_uring_cqe *cqe;

	ring.sqe[at] = *what;
	number(ring.sq, ring.p.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	cqe = (struct io_uring_cqe *)(void *)(ring.cq + ring.p.cq_off.cqes);
	cqe += *head & *number(ring.cq, ring.p.cq_off.ring_mask);
	at = (uint32_t)cqe->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	if ((int)at < 0) {
		errno = -(int)at;
		must(-1);
	}
	return (int)at;
}

static int transfer(int op, int fd, void *at, uint32_t len)
{
	return run(&(struct io_uring_sqe){
		.opcode = (uint8_t)op, .fd = fd, .addr = (uintptr_t)at, .len = len });
}

int main(void)
{
	int listener = listening(AF_INET), client, server;
	struct sockaddr *a;
	char text[8] = "hello";
	socklen_t len;

	alarm(20);
	ring_open();
	a = loopback(AF_INET, port_of(listener), &len);
	client = run(&(struct io_uring_sqe){
		.opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM });
	run(&(struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT, .fd = client, .addr = (uintptr_t)a, .off = len });
	server = run(&(struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = listener });
	tell("client", client);
	tell("server", server);
	transfer(IORING_OP_SEND, client, text, 5);
	if (transfer(IORING_OP_RECV, server, text, 5) != 5)
		return 1;
	run(&(struct io_uring_sqe){ .opcode = IORING_OP_SHUTDOWN, .fd = client, .len = SHUT_WR });
	if (transfer(IORING_OP_RECV, server, text, 5) != 0)
		return 1;
	run(&(struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = client });
	run(&(struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = server });
	return 0;
}
