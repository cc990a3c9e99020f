#include "sys/ports.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/netns.h"

enum {
	BLOCK_LEAST = 64 << 10,
	FRAMES_LEAST = 16,
	SEND_BUFFER = 8 << 20,
	RECEIVE_BUFFER = 32 << 20,
	SLOT_SMALL = 256,
	/* In front of a frame, at most: tpacket_rcv() of the kernel. */
	HEADERS = TPACKET_ALIGN(TPACKET2_HDRLEN + 16) + SONDE_PORTS_TAG,
};

struct sonde_ports {
	int fd;
	uint8_t *at; /* blocks * block bytes, shared with the kernel */
	uint32_t block, blocks, slot;
	uint32_t each;	/* slots in a block */
	uint32_t next;	/* slot that is read next, of each * blocks */
	uint64_t cut;	/* frames that came without all their bytes */
	uint8_t *whole; /* room for a frame that is longer than its slot, or NULL: none may be */
	uint32_t whole_len;
};

static struct tpacket2_hdr *slot_of(const struct sonde_ports *p)
{
	return (void *)(p->at + (size_t)(p->next / p->each) * p->block +
			(size_t)(p->next % p->each) * p->slot);
}

/* With privilege slots are small, and what is longer waits in the socket's queue, whose memory is
 * taken when it is needed: packet(7), PACKET_COPY_THRESH. Without it that queue is too short. */
static int choose_slot(struct sonde_ports *p, unsigned mtu)
{
	int room = RECEIVE_BUFFER, one = 1;

	p->slot = TPACKET_ALIGN(HEADERS + ETH_HLEN + SONDE_PORTS_TAG + mtu);
	if (p->slot <= SLOT_SMALL ||
	    setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
		return 0;
	if (setsockopt(p->fd, SOL_PACKET, PACKET_COPY_THRESH, &one, sizeof one))
		return -errno;
	p->slot = SLOT_SMALL;
	p->whole_len = ETH_HLEN + 2 * SONDE_PORTS_TAG + mtu;
	p->whole = malloc(p->whole_len);
	return p->whole ? 0 : -ENOMEM;
}

static int map_ring(struct sonde_ports *p, uint32_t ring)
{
	int version = TPACKET_V2, reserve = SONDE_PORTS_TAG;
	struct tpacket_req want;
	void *at;

	p->block = BLOCK_LEAST;
	while (p->block < 4 * p->slot)
		p->block *= 2;
	p->each = p->block / p->slot;
	p->blocks = ring / p->block;
	while (p->blocks * p->each < FRAMES_LEAST)
		p->blocks++;
	want = (struct tpacket_req){ .tp_block_size = p->block,
				     .tp_block_nr = p->blocks,
				     .tp_frame_size = p->slot,
				     .tp_frame_nr = p->each * p->blocks };
	if (setsockopt(p->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &want, sizeof want))
		return -errno;
	at = mmap(NULL, (size_t)p->block * p->blocks, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	p->at = at;
	return 0;
}

/* Bound last, so that nothing comes before all is set. */
static int start(struct sonde_ports *p, unsigned mtu, uint32_t ring)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL) };
	struct timeval patience = { .tv_usec = 100000 };
	int one = 1, room = SEND_BUFFER, err;

	if (setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience))
		return -errno;
	/* More than the limit takes privilege; up to the limit is enough with a little waiting. */
	if (setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room))
		setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	err = choose_slot(p, mtu);
	if (!err)
		err = map_ring(p, ring);
	if (!err && bind(p->fd, (struct sockaddr *)&all, sizeof all))
		err = -errno;
	return err;
}

int sonde_ports_open(struct sonde_ports **ret, int netns, unsigned mtu, uint32_t ring)
{
	struct sonde_ports *p = calloc(1, sizeof *p);
	int err;

	if (!p)
		return -ENOMEM;
	p->fd = sonde_netns_socket(netns, AF_PACKET, SOCK_RAW, 0);
	err = p->fd < 0 ? p->fd : start(p, mtu, ring);
	if (err)
		sonde_ports_close(p);
	else
		*ret = p;
	return err;
}

int sonde_ports_fd(const struct sonde_ports *p)
{
	return p->fd;
}

/* The tag that the kernel has taken off goes back to where it was, behind the addresses. */
static void put_tag(struct sonde_ports_frame *f, const struct tpacket2_hdr *h)
{
	enum { ADDRESSES = 2 * ETH_ALEN };
	uint16_t tag[2] = { htobe16(h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid
									     : ETH_P_8021Q),
			    htobe16(h->tp_vlan_tci) };

	f->at -= SONDE_PORTS_TAG;
	f->len += SONDE_PORTS_TAG;
	memmove(f->at, f->at + SONDE_PORTS_TAG, ADDRESSES);
	memcpy(f->at + ADDRESSES, tag, sizeof tag);
}

/* The next of the queue, which is that of this slot: the kernel puts both there at once. */
static ssize_t read_whole(struct sonde_ports *p)
{
	ssize_t n;

	do {
		n = recv(p->fd, p->whole + SONDE_PORTS_TAG, p->whole_len - SONDE_PORTS_TAG,
			 MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno != EAGAIN); /* an error of the interface is told once, in front */
	return n;
}

/* False: some of its bytes are missing. */
static bool read_slot(struct sonde_ports *p, struct tpacket2_hdr *h, struct sonde_ports_frame *ret)
{
	bool whole = h->tp_snaplen == h->tp_len;

	const struct sockaddr_ll *from =
		(const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof *h));

	*ret = (struct sonde_ports_frame){
		.index = (unsigned)from->sll_ifindex,
		.at = (uint8_t *)h + h->tp_mac,
		.len = h->tp_len,
		.stamp = (sonde_ns)h->tp_sec * SONDE_SECOND + h->tp_nsec,
	};
	if (h->tp_status & TP_STATUS_COPY) {
		whole = read_whole(p) == (ssize_t)h->tp_len &&
			h->tp_len <= p->whole_len - SONDE_PORTS_TAG;
		ret->at = p->whole + SONDE_PORTS_TAG;
	}
	if (whole && h->tp_status & TP_STATUS_VLAN_VALID)
		put_tag(ret, h);
	return whole && h->tp_len >= ETH_HLEN;
}

int sonde_ports_read(struct sonde_ports *p, struct sonde_ports_frame *ret)
{
	for (;; sonde_ports_free(p)) {
		struct tpacket2_hdr *h = slot_of(p);
		uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);

		if (!(status & TP_STATUS_USER))
			return 0;
		if (read_slot(p, h, ret)) {
			ret->missed = status & TP_STATUS_LOSING || p->cut;
			return 1;
		}
		p->cut++;
	}
}

void sonde_ports_free(struct sonde_ports *p)
{
	__atomic_store_n(&slot_of(p)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	p->next = p->next + 1 == p->each * p->blocks ? 0 : p->next + 1;
}

uint64_t sonde_ports_missed(struct sonde_ports *p)
{
	uint64_t n = p->cut;
	struct tpacket_stats s; /* asking sets the kernel's count back */

	if (!getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &s, &(socklen_t){ sizeof s }))
		n += s.tp_drops;
	p->cut = 0;
	return n;
}

int sonde_ports_error(struct sonde_ports *p)
{
	int err = 0;

	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){ sizeof err });
	return -err;
}

int sonde_ports_send(struct sonde_ports *p, const struct sonde_ports_bytes *frame, unsigned n)
{
	struct mmsghdr message[SONDE_PORTS_BATCH] = { 0 };
	struct sockaddr_ll to[SONDE_PORTS_BATCH];
	struct iovec part[SONDE_PORTS_BATCH];
	int sent;

	n = n < SONDE_PORTS_BATCH ? n : SONDE_PORTS_BATCH;
	for (unsigned i = 0; i < n; i++) {
		part[i] = (struct iovec){ (void *)(uintptr_t)frame[i].at, frame[i].len };
		to[i] = (struct sockaddr_ll){ .sll_family = AF_PACKET,
					      .sll_ifindex = (int)frame[i].index };
		message[i].msg_hdr.msg_name = &to[i];
		message[i].msg_hdr.msg_namelen = sizeof to[i];
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		sent = sendmmsg(p->fd, message, n, 0);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

struct sonde_ports *sonde_ports_close(struct sonde_ports *p)
{
	if (p && p->at)
		munmap(p->at, (size_t)p->block * p->blocks);
	if (p && p->fd >= 0)
		close(p->fd);
	if (p)
		free(p->whole);
	free(p);
	return NULL;
}
