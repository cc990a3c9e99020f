#include "capture/ring.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if_arp.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <pcap/pcap.h>

#include "base/reason.h"

enum {
	COOKED = 276, /* LINKTYPE_LINUX_SLL2 */
	COOKED_SIZE = 20,
	RAW = 101,
	PRELUDE = 8,	 /* instructions of our own in front of the user's */
	SMALL = 1 << 16, /* bytes of a ring that nobody reads */
};

/* A handle that knows what libpcap must know to compile. A living one tells libpcap that the kernel
 * takes VLAN tags off, so that `vlan` asks for what was taken off too. */
static pcap_t *open_handle(const struct sonde_live_plan *plan, uint16_t link, uint32_t snaplen)
{
	int dead = link == COOKED ? DLT_LINUX_SLL2 : link == RAW ? DLT_RAW : link;
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_create(link == COOKED ? "any" : plan->interface, error);

	if (p && link != RAW) {
		pcap_set_snaplen(p, (int)snaplen);
		pcap_set_buffer_size(p, SMALL);
		if (pcap_activate(p) >= 0 &&
		    (pcap_datalink(p) == dead || !pcap_set_datalink(p, dead)))
			return p;
	}
	if (p)
		pcap_close(p);
	return pcap_open_dead(dead, (int)snaplen);
}

/* The kernel has no cooked header: what the program reads of it, it must ask for; what lies behind
 * it begins at 0. False where something is read that can be asked for nowhere. */
static bool uncook(struct sock_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned mode = BPF_MODE(f[i].code), load = BPF_CLASS(f[i].code);

		if ((load != BPF_LD && load != BPF_LDX) ||
		    (mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH) ||
		    (int32_t)f[i].k < 0) /* asked for already */
			continue;
		switch (f[i].k) {
		case 0: f[i].k = (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL); break;
		case 4: f[i].k = (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX); break;
		case 8: f[i].k = (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE); break;
		case 10: f[i].k = (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE); break;
		default:
			if (f[i].k < COOKED_SIZE)
				return false;
			f[i].k -= COOKED_SIZE;
		}
	}
	return true;
}

/* Directions, and each packet of the loopback interface once: in the kernel, so that what is not
 * wanted takes no room in the ring. Jumps are relative, so whatever follows can stay as it is. */
static size_t put_prelude(struct sock_filter *o, const struct sonde_live_plan *plan,
			  uint16_t hatype)
{
	bool any = !strcmp(plan->interface, "any");
	const struct sock_filter type =
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	const struct sock_filter carries =
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE));
	const struct sock_filter no = BPF_STMT(BPF_RET | BPF_K, 0);
	size_t n = 0;

	if (plan->dir == SONDE_DIR_OUT) {
		o[n++] = type;
		o[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1,
						      0);
		o[n++] = no;
	} else if (plan->dir == SONDE_DIR_IN || hatype == ARPHRD_LOOPBACK) {
		o[n++] = type;
		o[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0,
						      1);
		o[n++] = no;
	} else if (any) {
		o[n++] = type;
		o[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0,
						      3);
		o[n++] = carries;
		o[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 0,
						      1);
		o[n++] = no;
	}
	return n;
}

/* The user's expression, or as much as to let everything through. */
static int compile(struct bpf_program *ret, const struct sonde_live_plan *plan, uint16_t link,
		   uint32_t snaplen)
{
	pcap_t *p = open_handle(plan, link, snaplen);
	int r = -ENOMEM;

	if (p)
		r = pcap_compile(p, ret, plan->filter ? plan->filter : "", 1, PCAP_NETMASK_UNKNOWN)
			    ? SONDE_FILTER
			    : 0;
	if (p)
		pcap_close(p);
	return r;
}

static int attach(int fd, const struct sonde_live_plan *plan, const struct bpf_program *user,
		  bool cooked, uint32_t keep, uint16_t hatype)
{
	struct sock_filter *all = calloc(PRELUDE + user->bf_len, sizeof *all), *own;
	struct sock_fprog program = { .filter = all };
	size_t n;
	int r = 0;

	if (!all)
		return -ENOMEM;
	n = put_prelude(all, plan, hatype);
	own = all + n;
	for (size_t i = 0; i < user->bf_len; i++) {
		const struct bpf_insn *u = &user->bf_insns[i];

		own[i] = (struct sock_filter){ u->code, u->jt, u->jf, u->k };
		if (u->code == (BPF_RET | BPF_K) && u->k)
			own[i].k = keep;
	}
	program.len = (unsigned short)(n + user->bf_len);
	if (cooked && !uncook(own, user->bf_len))
		r = SONDE_UNSUPPORTED;
	else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
		r = -errno;
	free(all);
	return r;
}

int sonde_ring_filter(int fd, const struct sonde_live_plan *plan, uint16_t link, uint16_t hatype)
{
	uint32_t snaplen = plan->snaplen && plan->snaplen < SONDE_LIVE_SNAPLEN ? plan->snaplen
									       : SONDE_LIVE_SNAPLEN;
	uint32_t head = link == COOKED && !plan->network ? COOKED_SIZE : 0;
	struct bpf_insn pass = { .code = BPF_RET | BPF_K, .k = 1 };
	struct bpf_program user = { 1, &pass };
	int r = 0;

	if (plan->filter)
		r = compile(&user, plan, link, snaplen);
	if (r)
		return r;
	r = attach(fd, plan, &user, link == COOKED, snaplen > head ? snaplen - head : 1, hatype);
	if (plan->filter)
		pcap_freecode(&user);
	return r;
}
