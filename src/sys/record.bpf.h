#ifndef SONDE_SYS_RECORD_BPF_H
#define SONDE_SYS_RECORD_BPF_H

/* What the programs in the kernel and their loader say to each other: the plan goes down before the
 * programs are loaded, records come up through the ring. Both sides are built together, so this is
 * no format. Addresses are in network order, ports in host order. */

#include <linux/types.h>

enum {
	RECORD_ADDRESS = 112,	 /* longest sockaddr kept: sockaddr_un and its padding */
	RECORD_TEXT = 4096,	 /* longest payload, path or interface name */
	RECORD_FRAME_SMALL = 80, /* holds the headers of nearly all that is TCP */
	RECORD_FRAME_USUAL = 128,
	RECORD_FRAME_MOST = 4096,
	RECORD_CALLS = 512,   /* numbers of system calls that are looked at */
	RECORD_MARKS = 65536, /* a power of two */
};

enum record_is { RECORD_DATA = 1, RECORD_EVENT, RECORD_FRAME };

/* Causes of loss; each has its counter. */
enum { RECORD_LOST_CALLS, RECORD_LOST_KERNEL, RECORD_LOST_FRAMES, RECORD_LOST_END_ };

/* Written by the programs. */
struct record_counts {
	__u64 lost[RECORD_LOST_END_];
	__u64 foreign; /* not 0: a followed program of 32 bits made calls, whose numbers differ */
};

/* Memory of both sides. */
struct record_shared {
	struct record_counts counts;
	/* By the pid's last bits, set before the pid is: where it is 0, nobody is followed. What
	 * all other programs of the machine pay for a call is this look. */
	__u8 mark[RECORD_MARKS];
	__u8 port[RECORD_MARKS]; /* the same for local ports of followed sockets, by the port */
	__u64 link;		 /* netns and interface of the last packet; its name was told */
};

/* Read by the verifier as constants: what is off costs nothing. */
struct record_plan {
	__u8 call[RECORD_CALLS]; /* number of a system call -> enum sonde_call */
	__u32 self;		 /* thread group that is never followed */
	__u32 payload, snaplen;
	__u8 headers; /* of TCP nothing behind its header */
	__u8 all;
	__u8 casts;	       /* the kernel has bpf_rdonly_cast */
	__u8 fragments;	       /* the kernel lets tracepoints look into a packet's fragments */
	__u8 enters;	       /* sys_enter is attached */
	__u8 reset_has_reason; /* arguments that tracepoints have gained over the years */
	__u8 drop_has_socket;
	__u8 queue_has_skb;
	__u8 queue_hook; /* udp_fail_queue_rcv_skb is attached and tells these two itself: */
	__u32 reason_rcvbuf, reason_mem;
	__u32 reason_unspecified; /* drops up to this number say nothing */
};

struct record {
	__u64 when; /* CLOCK_MONOTONIC, ns */
	__u16 cpu;
	__u8 is;   /* enum record_is */
	__u8 kind; /* enum sonde_event_kind; of RECORD_DATA: enum sonde_call */
	__u32 netns;
};

/* Most of what comes: a call that moved bytes over a socket that is known already, or set one of
 * its options. */
struct record_data {
	struct record head;
	__u32 pid, tid;
	__u64 took, ino, cookie;
	__s32 ret, fd;
	__u32 arg[2]; /* as base/event.h lists them; [1] all ones: not known */
	__s32 value;  /* arg[2] */
	__u16 flags;
	__u16 family, protocol;
	__u8 type, state;
	char comm[16];
};

struct record_address {
	__u16 family, port;
	__u32 scope;
	__u8 ip[16];
};

/* The members are those of struct sonde_event. */
struct record_event {
	struct record head;
	__u64 took, cookie, ino, ino2, cookie2;
	__s64 ret;
	__u64 bytes;
	__u64 n[3];
	__s64 arg[3];
	__u32 pid, tid;
	__s32 fd, fd2;
	__u32 reason;
	__u16 flags, family, type, protocol;
	__u16 address_len, text_len;
	__u8 call, state, from, to;
	char comm[16];
	struct record_address local, remote;
};

/* The sockaddr is there if the record is longer than the event, the text if longer than both. */
struct record_event_tail {
	struct record_event event;
	__u8 address[RECORD_ADDRESS];
	__u8 text[RECORD_TEXT];
};

struct record_frame {
	struct record head;
	__u64 cookie;
	__u32 ifindex, wire;
	__u16 len, gso_size, gso_segs, protocol;
	__u8 dir, sum; /* enum sonde_dir, SONDE_SUM_ */
};		       /* then len bytes */

#endif
