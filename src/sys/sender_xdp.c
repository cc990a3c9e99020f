/* Frames that leave by AF_XDP, transmit only: no program is loaded into the interface, and the
 * kernel copies each frame into a buffer of its own, which every driver can (packet_mmap.rst has no
 * such; af_xdp.rst, XDP_COPY). */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xdp/xsk.h>

#include "sys/sender_inside.h"

enum { FRAMES = 4096, FRAME = XSK_UMEM__DEFAULT_FRAME_SIZE, RING = 2048 };

struct sonde_sender_xdp {
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, out;
	struct xsk_ring_cons done;
	uint8_t *byte;	 /* FRAMES of FRAME bytes */
	unsigned next;	 /* frame that is filled next, less the place in the batch */
	unsigned flying; /* frames that the kernel still has */
};

uint32_t sonde_sender_xdp_most(void)
{
	return FRAME;
}

int sonde_sender_xdp_open(struct sonde_sender_xdp **ret, unsigned ifindex)
{
	const struct xsk_socket_config config = {
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	const struct xsk_umem_config memory = { .fill_size = 64,
						.comp_size = RING,
						.frame_size = FRAME };
	struct sonde_sender_xdp *x = calloc(1, sizeof *x);
	char name[IF_NAMESIZE];
	int r;

	if (!x)
		return -ENOMEM;
	x->byte = mmap(NULL, (size_t)FRAMES * FRAME, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->byte == MAP_FAILED) {
		free(x);
		return -ENOMEM;
	}
	r = if_indextoname(ifindex, name)
		    ? xsk_umem__create(&x->umem, x->byte, (uint64_t)FRAMES * FRAME, &x->fill,
				       &x->done, &memory)
		    : -ENODEV;
	if (!r)
		r = xsk_socket__create(&x->socket, name, 0, x->umem, NULL, &x->out, &config);
	if (r) {
		sonde_sender_xdp_close(x);
		return r;
	}
	*ret = x;
	return 0;
}

void sonde_sender_xdp_close(struct sonde_sender_xdp *x)
{
	if (!x)
		return;
	if (x->socket)
		xsk_socket__delete(x->socket);
	if (x->umem)
		xsk_umem__delete(x->umem);
	munmap(x->byte, (size_t)FRAMES * FRAME);
	free(x);
}

uint8_t *sonde_sender_xdp_room(struct sonde_sender_xdp *x, unsigned place)
{
	return x->byte + (size_t)((x->next + place) % FRAMES) * FRAME;
}

/* Takes back what the kernel is done with. */
static void reap(struct sonde_sender_xdp *x)
{
	uint32_t at;
	unsigned n = xsk_ring_cons__peek(&x->done, RING, &at);

	xsk_ring_cons__release(&x->done, n);
	x->flying -= n;
}

/* Has the kernel send what is in the ring. 0, or -errno; a queue that is full is no failure. */
static int kick(struct sonde_sender_xdp *x)
{
	if (sendto(xsk_socket__fd(x->socket), NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	return errno == EAGAIN || errno == EBUSY || errno == ENOBUFS || errno == EINTR ? 0 : -errno;
}

int sonde_sender_xdp_send(struct sonde_sender_xdp *x, const struct iovec *part, unsigned n)
{
	enum { ROUNDS = 100000 };
	uint32_t at;
	int r = 0;

	/* One batch may lie in the ring while the next one is made; no frame is written twice. */
	for (unsigned i = 0; x->flying + n > RING || xsk_ring_prod__reserve(&x->out, n, &at) != n;
	     i++) {
		if ((r = kick(x)) || i == ROUNDS)
			return r ? r : -ETIMEDOUT;
		reap(x);
	}
	for (unsigned i = 0; i < n; i++)
		*xsk_ring_prod__tx_desc(&x->out, at + i) = (struct xdp_desc){
			.addr = (uint64_t)((uint8_t *)part[i].iov_base - x->byte),
			.len = (uint32_t)part[i].iov_len,
		};
	xsk_ring_prod__submit(&x->out, n);
	x->flying += n;
	x->next = (x->next + n) % FRAMES;
	r = kick(x);
	reap(x);
	if (!x->flying)
		x->next = 0; /* the same frames again are still in the cache */
	return r ? r : (int)n;
}

int sonde_sender_xdp_drain(struct sonde_sender_xdp *x)
{
	enum { ROUNDS = 1000 };
	struct pollfd soon = { .fd = -1 };

	for (unsigned i = 0; x->flying && i < ROUNDS; i++) {
		int r = kick(x);

		if (r)
			return r;
		reap(x);
		if (x->flying)
			poll(&soon, 0, 1);
	}
	return x->flying ? -ETIMEDOUT : 0;
}
