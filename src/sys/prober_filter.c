/* What a raw socket lets through. The programs see a packet as the socket gives it: with its IP
 * header over IPv4, from the header behind that on over IPv6. Reading past the end drops it. */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sys/prober_inside.h"

#define LOAD(size, k)	  BPF_STMT(BPF_LD | BPF_##size | BPF_IND, k)
#define HEADER		  BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
#define NO_HEADER	  BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0)
#define IS(k, yes, no)	  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define ABOVE(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, k, yes, no)
#define COUNT(op, k)	  BPF_STMT(BPF_ALU | BPF_##op, k)
#define PASS		  BPF_STMT(BPF_RET | BPF_K, 0x40000)
#define DROP		  BPF_STMT(BPF_RET | BPF_K, 0)

#define ATTACH(fd, code) attach(fd, code, sizeof(code) / sizeof *(code))
static int attach(int fd, struct sock_filter *code, unsigned short n)
{
	struct sock_fprog f = { n, code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof f) ? -errno : 0;
}

/* clang-format off */

/* at: where our identifier stands in the quoted header; ours are `more` ones above it, too. */
static int only_icmp(int fd, uint8_t protocol, uint16_t ident, uint16_t more, uint32_t at)
{
	struct sock_filter code[] = {
		/*  0 */ HEADER,
		/*  1 */ LOAD(B, 0),
		/*  2 */ IS(0, 3, 0),
		/*  3 */ IS(3, 4, 0),
		/*  4 */ IS(11, 3, 0),
		/*  5 */ IS(12, 2, 14),
		/*  6: a reply */ LOAD(H, 4),
		/*  7 */ IS(ident, 11, 12),
		/*  8: an error */ LOAD(B, 8 + 9),
		/*  9 */ IS(protocol, 0, 10),
		/* 10: its header's length */ LOAD(B, 8),
		/* 11 */ COUNT(AND | BPF_K, 0xf),
		/* 12 */ COUNT(LSH | BPF_K, 2),
		/* 13 */ COUNT(ADD | BPF_X, 0),
		/* 14 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
		/* 15 */ LOAD(H, 8 + at),
		/* 16 */ COUNT(SUB | BPF_K, ident),
		/* 17 */ COUNT(AND | BPF_K, 0xffff),
		/* 18 */ ABOVE(more, 1, 0),
		/* 19 */ PASS,
		/* 20 */ DROP,
	};

	return ATTACH(fd, code);
}

static int only_icmpv6(int fd, uint8_t protocol, uint16_t ident, uint16_t more, uint32_t at)
{
	struct sock_filter code[] = {
		/*  0 */ NO_HEADER,
		/*  1 */ LOAD(B, 0),
		/*  2 */ IS(129, 2, 0),
		/*  3 */ ABOVE(4, 10, 0),
		/*  4 */ IS(0, 9, 2),
		/*  5: a reply */ LOAD(H, 4),
		/*  6 */ IS(ident, 6, 7),
		/*  7: an error */ LOAD(B, 8 + 6),
		/*  8 */ IS(protocol, 0, 5),
		/*  9 */ LOAD(H, 8 + 40 + at),
		/* 10 */ COUNT(SUB | BPF_K, ident),
		/* 11 */ COUNT(AND | BPF_K, 0xffff),
		/* 12 */ ABOVE(more, 1, 0),
		/* 13 */ PASS,
		/* 14 */ DROP,
	};

	return ATTACH(fd, code);
}
/* clang-format on */

/* The types alone, before the packet is copied for the filter: our own requests on the loopback. */
static void only_types(int fd, uint16_t family)
{
	static const uint8_t answers[] = { 0, 3, 11, 12 }, answers6[] = { 1, 2, 3, 4, 129 };
	struct icmp6_filter six;
	uint32_t four = ~0u;

	if (family == AF_INET6) {
		ICMP6_FILTER_SETBLOCKALL(&six);
		for (size_t i = 0; i < sizeof answers6; i++)
			ICMP6_FILTER_SETPASS(answers6[i], &six);
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &six, sizeof six);
	} else {
		for (size_t i = 0; i < sizeof answers; i++)
			four &= ~(1u << answers[i]);
		setsockopt(fd, SOL_RAW, 1 /* ICMP_FILTER */, &four, sizeof four);
	}
}

/* The flows of TCP differ in the source port. */
static uint16_t more_flows(const struct sonde_prober *p)
{
	return p->plan.protocol == IPPROTO_TCP && p->plan.flows ? (uint16_t)(p->plan.flows - 1) : 0;
}

int sonde_prober_filter_icmp(int fd, const struct sonde_prober *p, uint8_t protocol)
{
	uint32_t at = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? 4 : 0;

	only_types(fd, p->plan.family);
	return p->plan.family == AF_INET6 ? only_icmpv6(fd, protocol, p->ident, more_flows(p), at)
					  : only_icmp(fd, protocol, p->ident, more_flows(p), at);
}

int sonde_prober_filter_ports(int fd, const struct sonde_prober *p)
{
	struct sock_filter code[] = { HEADER,
				      LOAD(H, 2),
				      COUNT(SUB | BPF_K, p->ident),
				      COUNT(AND | BPF_K, 0xffff),
				      ABOVE(more_flows(p), 1, 0),
				      PASS,
				      DROP };

	if (p->plan.family == AF_INET6)
		code[0] = (struct sock_filter)NO_HEADER;
	return ATTACH(fd, code);
}
