#ifndef SONDE_SYS_MINI_BPF_H
#define SONDE_SYS_MINI_BPF_H

/* The few members of the kernel's structs that are read, by name; where they lie is found as the
 * programs are loaded (CO-RE), so that neither a vmlinux.h nor BTF is needed to build. Order and
 * neighbours mean nothing here. */

#define __VMLINUX_H__ 1 /* says to libbpf's headers: struct pt_regs is the kernel's own */

#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	int syscallno;
};
#endif

struct hlist_head {
	struct hlist_node *first;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

typedef struct {
	long long counter;
} atomic64_t;

typedef struct {
	int counter;
} atomic_t;

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags; /* bits, by enum sock_flags */
};

struct sk_buff_head {
	struct sk_buff *next;
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	__u16 sk_type, sk_protocol;
	int sk_err;
	struct socket *sk_socket;
};

struct tcp_sock {
	__u64 bytes_received, bytes_sent, bytes_retrans;
	__u32 total_retrans;
};

struct sockaddr_un {
	unsigned short sun_family;
};

struct udp_sock {
	struct sk_buff_head reader_queue;
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct socket {
	struct sock *sk;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	void *i_private;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct file {
	struct inode *f_inode;
	unsigned int f_flags;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *close_on_exec;
};

struct files_struct {
	struct fdtable *fdt;
};

struct signal_struct {
	atomic_t live;
};

struct thread_info {
#if defined(__TARGET_ARCH_arm64)
	unsigned long flags;
#else
	__u32 status;
#endif
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid, tgid, exit_code;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
};

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

struct linux_binprm {
	const char *filename;
};

struct net_device {
	unsigned int flags;
	int ifindex;
	unsigned short type;
	possible_net_t nd_net;
	char name[16];
};

struct skb_shared_info {
	unsigned short gso_size, gso_segs;
};

struct sk_buff {
	struct sock *sk;
	struct net_device *dev;
	char cb[48];
	unsigned int len, data_len, end;
	__u8 ip_summed : 2;
	__u16 network_header;
	__be16 protocol;
	unsigned char *head, *data;
};

struct tcp_skb_cb {
	__u32 seq;
};

struct bpf_iter_meta {
	__u64 session_id;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* What a program hands to a call; these are fixed for all programs of 64 bits. */
struct user_msghdr {
	__u64 name;
	int namelen;
	__u64 iov, iovlen, control, controllen;
	unsigned int flags;
};

struct user_iovec {
	__u64 base, len;
};

struct user_cmsghdr {
	__u64 len;
	int level, type;
};

#endif
