#ifndef SONDE_SYS_TAP_BPF_H
#define SONDE_SYS_TAP_BPF_H

/* Packets, where AF_PACKET sockets see them too: as they are given to a device, and as they come
 * from one; in all namespaces at once. Direct loads, for every packet of the machine comes by. */

#include "sys/skb.bpf.h"

/* Interfaces whose name was told. */
struct link_key {
	__u32 netns, ifindex;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct link_key);
	__type(value, __u8);
} links SEC(".maps");

struct frame_space {
	struct record_frame frame;
	__u8 byte[RECORD_FRAME_MOST];
};

/* Both taps run with soft interrupts off, so one place for each CPU is enough. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame_space);
} frame_scratch SEC(".maps");

enum { DIR_IN = 1, DIR_OUT }; /* enum sonde_dir */
enum { SUM_NOT_READY = 1, SUM_VALID };
enum { CHECKSUM_UNNECESSARY = 1, CHECKSUM_PARTIAL = 3 };

/* The name of an interface goes up once. */
INLINE void link_tell(struct net_device *dev, __u32 netns)
{
	struct link_key key = { netns, dev->ifindex };
	struct record_event_tail *t;
	struct record_event *e;
	__u8 one = 1;

	if (shared.link == ((__u64)netns << 32 | key.ifindex))
		return;
	shared.link = (__u64)netns << 32 | key.ifindex;
	if (bpf_map_lookup_elem(&links, &key))
		return;
	bpf_map_update_elem(&links, &key, &one, BPF_ANY);
	t = bpf_ringbuf_reserve(&ring, sizeof *e + RECORD_ADDRESS + 16, 0);
	if (!t) {
		record_lost(RECORD_LOST_KERNEL);
		return;
	}
	e = &t->event;
	__builtin_memset(e, 0, sizeof *e);
	e->fd = e->fd2 = -1;
	record_begin(&e->head, RECORD_EVENT, SONDE_EVENT_NAME);
	e->head.netns = netns;
	e->n[1] = key.ifindex;
	e->n[2] = dev->type;
	e->text_len = 16;
	bpf_probe_read_kernel(t->text, 16, dev->name);
	event_end(e);
}

INLINE bool is_short(const struct sock *sk)
{
	__u8 state = sk->__sk_common.skc_state;

	return state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV;
}

/* Cookie of the sender. The kernel's own control sockets are nobody's. */
INLINE __u64 sender(struct sock *sk)
{
	if (!sk)
		return 0;
	if (!is_short(sk) && sk->sk_type == SOCK_RAW && sk->sk_protocol == IPPROTO_TCP)
		return 0;
	return sk->__sk_common.skc_cookie.counter;
}

struct sight {
	struct sk_buff *skb;
	struct sock *sk;
	const unsigned char *ip;
	__u32 netns, ifindex, wire;
	__u32 before; /* bytes in front of the network header */
	__u32 linear; /* bytes behind it that are not in fragments */
	__u32 want;   /* bytes behind it that are kept, if they can be had */
	__u8 dir;
	__u8 head[RECORD_FRAME_SMALL]; /* the first of those, and what lies behind them */
};

/* Whether the packet is of a followed socket: by its ports, or by the socket it is sent by, whose
 * port is then learnt. */
INLINE bool wanted(struct sight *s)
{
	struct tuple t = {};
	struct owned *o;

	if (plan.all || (tuple_take(&t, s->head, s->ip) && tuple_known(&t, s->netns)))
		return true;
	o = s->sk && !is_short(s->sk) ? socket_known(s->sk) : NULL;
	if (o)
		socket_port(o, s->sk->__sk_common.skc_num);
	return o;
}

/* Up to the end of the header of TCP, RFC 9293 section 3.1; 0: it is something else. */
INLINE __u32 tcp_headers(const struct sight *s)
{
	const __u8 *b = s->head;

	if (b[0] >> 4 == 6)
		return b[6] == IPPROTO_TCP ? 40 + (b[52] >> 4) * 4 : 0;
	/* Options of IPv4 are so rare that their packets are kept as all others are. */
	return b[0] == 0x45 && b[9] == IPPROTO_TCP && !(get16(b + 6) & 0x1fff)
		       ? 20 + (b[32] >> 4) * 4
		       : 0;
}

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags,
			       struct bpf_dynptr *ret) __ksym __weak;

/* Bytes of the packet from its network header; 0 where they cannot be had. Where the kernel gives
 * no way into the fragments, in which the payload of TCP lies, only what is in front of them. */
INLINE __u16 frame_copy(void *to, const struct sight *s, __u32 room)
{
	__u64 len = at_most(s->want, room);
	struct bpf_dynptr whole;

	if (s->linear < s->want && plan.fragments &&
	    !bpf_dynptr_from_skb((void *)s->skb, 0, &whole) &&
	    !bpf_dynptr_read(to, len, &whole, s->before, 0))
		return len;
	if (s->linear < s->want)
		len = at_most(s->linear, room);
	return len > 0 && !bpf_probe_read_kernel(to, len, s->ip) ? len : 0;
}

INLINE void frame_fill(struct record_frame *f, const struct sight *s)
{
	struct skb_shared_info *info = (void *)(s->skb->head + s->skb->end);
	__u32 sum = BPF_CORE_READ_BITFIELD(s->skb, ip_summed);

	record_begin(&f->head, RECORD_FRAME, 0);
	f->head.netns = s->netns;
	f->cookie = s->dir == DIR_OUT ? sender(s->sk) : 0;
	f->ifindex = s->ifindex;
	f->wire = s->wire;
	f->gso_size = READ(skb_shared_info, info, gso_size);
	f->gso_segs = READ(skb_shared_info, info, gso_segs);
	f->protocol = bpf_ntohs(s->skb->protocol);
	f->dir = s->dir;
	f->sum = sum == CHECKSUM_PARTIAL			   ? SUM_NOT_READY
		 : s->dir == DIR_IN && sum == CHECKSUM_UNNECESSARY ? SUM_VALID
								   : 0;
}

INLINE void frame_small(const struct sight *s, __u32 room)
{
	struct record_frame *f = bpf_ringbuf_reserve(&ring, sizeof *f + room, 0);

	if (!f) {
		record_lost(RECORD_LOST_FRAMES);
		return;
	}
	frame_fill(f, s);
	if (room == RECORD_FRAME_SMALL) {
		__builtin_memcpy(f + 1, s->head, RECORD_FRAME_SMALL);
		f->len = s->want;
	} else {
		f->len = frame_copy(f + 1, s, room);
	}
	bpf_ringbuf_submit(f, BPF_RB_NO_WAKEUP);
}

INLINE void frame_large(const struct sight *s)
{
	__u32 zero = 0;
	struct frame_space *f = bpf_map_lookup_elem(&frame_scratch, &zero);

	if (!f)
		return;
	frame_fill(&f->frame, s);
	f->frame.len = frame_copy(f->byte, s, RECORD_FRAME_MOST);
	if (bpf_ringbuf_output(&ring, f, at_most(sizeof f->frame + f->frame.len, sizeof *f),
			       BPF_RB_NO_WAKEUP))
		record_lost(RECORD_LOST_FRAMES);
}

INLINE int tap(struct sk_buff *skb, struct net_device *dev, __u8 dir)
{
	struct sight s = { .skb = skb, .dir = dir };
	long before; /* link header in front of the network header */
	__u32 headers;

	if (dir == DIR_IN && dev->flags & IFF_LOOPBACK)
		return 0; /* seen as it was sent */
	s.ip = skb->head + skb->network_header;
	s.sk = dir == DIR_OUT ? skb->sk : NULL;
	s.netns = dev->nd_net.net->ns.inum;
	if (bpf_probe_read_kernel(s.head, sizeof s.head, s.ip) || !wanted(&s))
		return 0;
	s.ifindex = dev->ifindex;
	before = s.ip - skb->data;
	if (before < 0 || before > 64)
		before = 0;
	s.before = before;
	s.wire = skb->len - before;
	s.linear = skb->len - skb->data_len - before;
	s.want = s.wire < plan.snaplen ? s.wire : plan.snaplen;
	headers = plan.headers ? tcp_headers(&s) : 0;
	if (headers && headers < s.want)
		s.want = headers;
	link_tell(dev, s.netns);
	if (s.want <= RECORD_FRAME_SMALL && s.want <= s.linear)
		frame_small(&s, RECORD_FRAME_SMALL);
	else if (s.want <= RECORD_FRAME_USUAL)
		frame_small(&s, RECORD_FRAME_USUAL);
	else
		frame_large(&s);
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb, struct net_device *dev)
{
	return tap(skb, dev, DIR_OUT);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(netif_receive_skb, struct sk_buff *skb)
{
	return tap(skb, skb->dev, DIR_IN);
}

#endif
