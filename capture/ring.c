#include "capture/ring.h"

#include <endian.h>
#include <errno.h>
#include <net/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reason.h"

#ifndef TP_STATUS_GSO_TCP
#define TP_STATUS_GSO_TCP (1 << 8) /* Linux 6.3 */
#endif

enum {
	BUFFER = 16 << 20,
	BLOCK_LEAST = 128 << 10,
	HEADERS =
		512,  /* of the kernel in front of a frame, at most; the first one of a block too */
	IP6GRE = 823, /* ARPHRD_IP6GRE, which the C library has not */
	RESERVE = 32, /* left free in front of a frame, for a cooked header and a tag */
	COOKED_SIZE = 20,
	ETHER = 1, /* LINKTYPE_ */
	RAW = 101,
	RADIO = 105,
	RADIOTAP = 127,
	COOKED = 276,
};

struct sonde_ring {
	int fd;
	uint8_t *at;		     /* blocks * block bytes, shared with the kernel */
	uint32_t block, blocks, now; /* bytes of one, how many, which one is read */
	uint32_t left;		     /* frames of it not yet read */
	uint32_t snaplen, netns, ifindex;
	uint32_t gap, missing; /* in front of the frame read last, of the next one */
	uint16_t link;
	bool held; /* the block is ours still */
	bool network;
	int64_t clock;
	struct tpacket3_hdr *next;
	uint64_t dropped;
};

/* What an interface carries, by its ARPHRD_ number; COOKED where its own header is of no use. */
static uint16_t link_of(uint16_t hatype)
{
	switch (hatype) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK: return ETHER;
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case IP6GRE:
	case ARPHRD_RAWIP:
	case ARPHRD_NONE: return RAW;
	case ARPHRD_IEEE80211: return RADIO;
	case ARPHRD_IEEE80211_RADIOTAP: return RADIOTAP;
	default: return COOKED;
	}
}

static struct ifreq request_of(const char *name)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	return r;
}

/* Opened for no protocol yet, so that nothing comes before all is set. */
static int open_socket(struct sonde_ring *r, const struct sonde_live_plan *plan, uint16_t *ret_type)
{
	bool any = !strcmp(plan->interface, "any");
	struct ifreq f = request_of(plan->interface);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return errno == EPERM || errno == EACCES ? SONDE_NO_PRIVILEGE : SONDE_UNSUPPORTED;
	r->fd = fd;
	r->link = COOKED;
	*ret_type = ARPHRD_NONE;
	if (!any) {
		if (strlen(plan->interface) >= IFNAMSIZ || ioctl(fd, SIOCGIFINDEX, &f) < 0)
			return SONDE_UNSUPPORTED;
		r->ifindex = (uint32_t)f.ifr_ifindex;
		if (ioctl(fd, SIOCGIFHWADDR, &f) < 0)
			return -errno;
		*ret_type = f.ifr_hwaddr.sa_family;
		r->link = link_of(*ret_type);
	}
	r->network = plan->network;
	if (r->link != COOKED && r->link != RAW && !r->network)
		return 0;
	/* From the network header on. */
	close(fd);
	r->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->network && r->link != RAW)
		r->link = COOKED;
	return r->fd < 0 ? -errno : 0;
}

/* Times of the device, for every packet it receives. It must have been built to take them. */
static int ask_hardware(struct sonde_ring *r, const char *interface)
{
	struct hwtstamp_config want = { .rx_filter = HWTSTAMP_FILTER_ALL,
					.tx_type = HWTSTAMP_TX_OFF };
	int raw = SOF_TIMESTAMPING_RAW_HARDWARE;
	struct ifreq f = request_of(interface);

	f.ifr_data = (void *)&want;
	if (ioctl(r->fd, SIOCSHWTSTAMP, &f) < 0)
		return -errno;
	return setsockopt(r->fd, SOL_PACKET, PACKET_TIMESTAMP, &raw, sizeof raw) ? -errno : 0;
}

static int map_blocks(struct sonde_ring *r, const struct sonde_live_plan *plan)
{
	uint32_t size = plan->buffer ? plan->buffer : BUFFER;
	int version = TPACKET_V3, reserve = RESERVE;
	struct tpacket_req3 want = {
		.tp_retire_blk_tov = SONDE_LIVE_LATE,
		.tp_frame_size = TPACKET_ALIGN(TPACKET3_HDRLEN) + 128,
	};
	void *at;

	r->block = BLOCK_LEAST;
	while (r->block < r->snaplen + HEADERS)
		r->block *= 2;
	r->blocks = size / r->block > 2 ? size / r->block : 2;
	want.tp_block_size = r->block;
	want.tp_block_nr = r->blocks;
	want.tp_frame_nr = r->block / want.tp_frame_size * r->blocks;
	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve))
		return SONDE_UNSUPPORTED;
	if (setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &want, sizeof want))
		return errno == ENOMEM ? -ENOMEM : SONDE_UNSUPPORTED;
	at = mmap(NULL, (size_t)r->block * r->blocks, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	r->at = at;
	return 0;
}

static int start(struct sonde_ring *r, const struct sonde_live_plan *plan)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htobe16(ETH_P_ALL),
				   .sll_ifindex = (int)r->ifindex };
	struct packet_mreq see_all = { .mr_ifindex = (int)r->ifindex,
				       .mr_type = PACKET_MR_PROMISC };

	if (bind(r->fd, (struct sockaddr *)&all, sizeof all))
		return -errno;
	if (plan->promiscuous && r->ifindex &&
	    setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &see_all, sizeof see_all))
		return -errno;
	return 0;
}

int sonde_ring_open(struct sonde_ring **ret, const struct sonde_live_plan *plan)
{
	struct sonde_ring *r = calloc(1, sizeof *r);
	uint16_t type;
	int err;

	if (!r)
		return -ENOMEM;
	r->netns = plan->netns;
	r->clock = plan->clock;
	r->snaplen = plan->snaplen && plan->snaplen < SONDE_LIVE_SNAPLEN ? plan->snaplen
									 : SONDE_LIVE_SNAPLEN;
	err = open_socket(r, plan, &type);
	if (!err)
		err = sonde_ring_filter(r->fd, plan, r->link, type);
	if (!err)
		err = map_blocks(r, plan);
	if (!err && plan->hardware)
		err = ask_hardware(r, plan->interface);
	if (!err)
		err = start(r, plan);
	if (err)
		sonde_ring_close(r);
	else
		*ret = r;
	return err;
}

struct sonde_live_facts sonde_ring_facts(const struct sonde_ring *r)
{
	return (struct sonde_live_facts){
		.way = SONDE_LIVE_RING,
		.link = r->network ? RAW : r->link,
		.ifindex = r->ifindex,
		.snaplen = r->snaplen,
		.block = r->block,
		.blocks = r->blocks,
		/* tpacket_rcv() of the kernel: its header, an address, room for a link header. */
		.frame = TPACKET_ALIGN(TPACKET3_HDRLEN + 16) + RESERVE,
	};
}

/* Asking sets the kernel's count back. */
static void count_dropped(struct sonde_ring *r)
{
	struct tpacket_stats_v3 s;

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &s, &(socklen_t){ sizeof s }))
		return;
	r->dropped += s.tp_drops;
	r->missing += s.tp_drops;
}

/* The kernel closes a block with TP_STATUS_LOSING once it had no room. That was before the block
 * was opened: none was free. So what is missing is missing in front of its first frame. */
static bool next_block(struct sonde_ring *r)
{
	struct tpacket_block_desc *b = (void *)(r->at + (size_t)r->now * r->block);

	if (r->held) {
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		r->held = false;
		r->now = r->now + 1 == r->blocks ? 0 : r->now + 1;
		b = (void *)(r->at + (size_t)r->now * r->block);
	}
	uint32_t status = __atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE);

	if (!(status & TP_STATUS_USER))
		return false;
	r->held = true;
	r->left = b->hdr.bh1.num_pkts;
	r->next = (void *)((uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
	if (status & TP_STATUS_LOSING)
		count_dropped(r);
	return true;
}

static bool has_tag(const struct tpacket3_hdr *h)
{
	return h->tp_status & TP_STATUS_VLAN_VALID;
}

static uint16_t tag_kind(const struct tpacket3_hdr *h)
{
	return h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : ETH_P_8021Q;
}

/* More of what lies in front of the frame belongs to it. */
static uint8_t *grow(struct sonde_frame *f, uint32_t n)
{
	f->byte.at -= n;
	f->byte.len += n;
	f->wire += n;
	return (uint8_t *)(uintptr_t)f->byte.at;
}

/* The tag that the kernel has taken off goes back to where it was, behind the addresses. */
static void put_tag(struct sonde_frame *f, const struct tpacket3_hdr *h)
{
	enum { ADDRESSES = 12, TAG = 4 };
	uint8_t *at;

	if (f->byte.len < ADDRESSES)
		return;
	at = grow(f, TAG);
	memmove(at, at + TAG, ADDRESSES);
	sonde_store(at + ADDRESSES, 2, tag_kind(h));
	sonde_store(at + ADDRESSES + 2, 2, h->hv1.tp_vlan_tci);
}

/* LINKTYPE_LINUX_SLL2 in front of the packet, with the tag if there was one. */
static void cook(struct sonde_frame *f, const struct tpacket3_hdr *h,
		 const struct sockaddr_ll *from)
{
	uint16_t protocol = be16toh(from->sll_protocol);
	uint8_t *at;

	if (has_tag(h)) {
		at = grow(f, 4);
		sonde_store(at, 2, h->hv1.tp_vlan_tci);
		sonde_store(at + 2, 2, protocol);
		protocol = tag_kind(h);
	}
	at = grow(f, COOKED_SIZE);
	sonde_store(at, 4, (uint32_t)protocol << 16);
	sonde_store(at + 4, 4, (uint32_t)from->sll_ifindex);
	sonde_store(at + 8, 2, from->sll_hatype);
	at[10] = from->sll_pkttype;
	at[11] = from->sll_halen;
	memcpy(at + 12, from->sll_addr, 8);
}

static void fill(const struct sonde_ring *r, const struct tpacket3_hdr *h, struct sonde_frame *f)
{
	const struct sockaddr_ll *from =
		(const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof *h));

	*f = (struct sonde_frame){
		.when = h->tp_sec * SONDE_SECOND + h->tp_nsec - (uint64_t)r->clock,
		.byte = { (const uint8_t *)h + h->tp_mac, h->tp_snaplen },
		.wire = h->tp_len,
		.link = r->network ? RAW : r->link,
		.dir = from->sll_pkttype == PACKET_OUTGOING ? SONDE_DIR_OUT : SONDE_DIR_IN,
		.sum = h->tp_status & TP_STATUS_CSUMNOTREADY ? SONDE_SUM_NOT_READY
		       : h->tp_status & TP_STATUS_CSUM_VALID ? SONDE_SUM_VALID
							     : SONDE_SUM_UNKNOWN,
		.gso = h->tp_status & TP_STATUS_GSO_TCP,
		.netns = r->netns,
		.ifindex = (uint32_t)from->sll_ifindex,
		.protocol = r->network ? be16toh(from->sll_protocol) : 0,
	};
	if (r->network)
		return;
	if (r->link == COOKED)
		cook(f, h, from);
	else if (has_tag(h) && r->link == ETHER)
		put_tag(f, h);
	if (f->byte.len > r->snaplen)
		f->byte.len = r->snaplen;
}

int sonde_ring_read(struct sonde_ring *r, struct sonde_frame *ret)
{
	const struct tpacket3_hdr *h;

	while (!r->left)
		if (!next_block(r))
			return 0;
	h = r->next;
	r->left--;
	r->next = (void *)((uint8_t *)h + h->tp_next_offset);
	fill(r, h, ret);
	r->gap = r->missing;
	r->missing = 0;
	return 1;
}

uint32_t sonde_ring_gap(const struct sonde_ring *r)
{
	return r->gap;
}

/* An interface that is deleted goes down first; its number is then no longer the socket's. */
int sonde_ring_state(struct sonde_ring *r)
{
	struct sockaddr_ll now;
	socklen_t len = sizeof now;
	int err = 0;

	if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){ sizeof err }))
		return -errno;
	if (r->ifindex && !getsockname(r->fd, (struct sockaddr *)&now, &len) && now.sll_ifindex < 0)
		return -ENODEV;
	return -err;
}

int sonde_ring_fd(const struct sonde_ring *r)
{
	return r->fd;
}

int sonde_ring_dropped(struct sonde_ring *r, uint64_t *ret)
{
	count_dropped(r);
	*ret = r->dropped;
	return 0;
}

struct sonde_ring *sonde_ring_close(struct sonde_ring *r)
{
	if (r && r->at)
		munmap(r->at, (size_t)r->block * r->blocks);
	if (r && r->fd > 0)
		close(r->fd);
	free(r);
	return NULL;
}
