#include "capture/libpcap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/reason.h"

enum { BUFFER = 16 << 20, RAW = 101 };

struct sonde_libpcap {
	pcap_t *pcap;
	struct sonde_live_facts facts;
	uint32_t netns, gap, missing;
	uint64_t dropped;
	int64_t clock;
	uint8_t dir;
	int failed;
};

static int reason_of(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE: return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP: return -ENETDOWN;
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED: return SONDE_NO_PRIVILEGE;
	default: return -EIO;
	}
}

static int set_filter(pcap_t *p, const char *filter)
{
	struct bpf_program program;
	int r;

	if (!filter)
		return 0;
	if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN))
		return SONDE_FILTER;
	r = pcap_setfilter(p, &program) ? -EIO : 0;
	pcap_freecode(&program);
	return r;
}

/* Not immediate: that would cost the ring (fixed frames, a few dozen packets of buffer). */
static int activate(struct sonde_libpcap *l, const struct sonde_live_plan *plan)
{
	static const pcap_direction_t dirs[] = { PCAP_D_INOUT, PCAP_D_IN, PCAP_D_OUT };
	char error[PCAP_ERRBUF_SIZE];
	int r;

	pcap_set_snaplen(l->pcap, (int)l->facts.snaplen);
	pcap_set_buffer_size(l->pcap, (int)l->facts.block);
	pcap_set_immediate_mode(l->pcap, 0);
	pcap_set_timeout(l->pcap, SONDE_LIVE_LATE);
	pcap_set_promisc(l->pcap, plan->promiscuous);
	pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO);
	if (plan->hardware && pcap_set_tstamp_type(l->pcap, PCAP_TSTAMP_ADAPTER_UNSYNCED))
		return -EOPNOTSUPP;
	r = pcap_activate(l->pcap);
	if (r < 0)
		return reason_of(r);
	if (fcntl(pcap_get_selectable_fd(l->pcap), F_SETFD, FD_CLOEXEC))
		return -errno; /* a command must not inherit the capture */
	/* Cooked v1 tells no interface; only "any" offers v2. */
	(void)pcap_set_datalink(l->pcap, DLT_LINUX_SLL2);
	if (plan->dir && pcap_setdirection(l->pcap, dirs[plan->dir]))
		return SONDE_UNSUPPORTED;
	r = pcap_datalink(l->pcap);
	l->facts.link = r == DLT_RAW ? RAW : (uint16_t)r;
	if (pcap_setnonblock(l->pcap, 1, error))
		return -EIO;
	return set_filter(l->pcap, plan->filter);
}

int sonde_libpcap_open(struct sonde_libpcap **ret, const struct sonde_live_plan *plan)
{
	char error[PCAP_ERRBUF_SIZE];
	struct sonde_libpcap *l;
	int r = -ENOMEM;

	if (plan->network)
		return SONDE_UNSUPPORTED;
	l = calloc(1, sizeof *l);
	if (l && (l->pcap = pcap_create(plan->interface, error))) {
		l->netns = plan->netns;
		l->clock = plan->clock;
		l->dir = plan->dir;
		l->facts = (struct sonde_live_facts){
			.way = SONDE_LIVE_LIBPCAP,
			.ifindex = if_nametoindex(plan->interface),
			.snaplen = plan->snaplen && plan->snaplen < SONDE_LIVE_SNAPLEN
					   ? plan->snaplen
					   : SONDE_LIVE_SNAPLEN,
			.blocks = 1,
			.block = plan->buffer ? plan->buffer : BUFFER,
		};
		r = activate(l, plan);
	}
	if (r < 0)
		sonde_libpcap_close(l);
	else
		*ret = l;
	return r;
}

struct sonde_live_facts sonde_libpcap_facts(const struct sonde_libpcap *l)
{
	return l->facts;
}

int sonde_libpcap_read(struct sonde_libpcap *l, struct sonde_frame *ret)
{
	struct pcap_pkthdr *head;
	const u_char *at;
	uint64_t dropped;
	int r = pcap_next_ex(l->pcap, &head, &at);

	if (r <= 0) {
		l->failed = r < 0 ? -EIO : 0;
		sonde_libpcap_dropped(l, &dropped); /* asked for once a wait, not once a packet */
		return 0;
	}
	*ret = (struct sonde_frame){
		/* Precision is set: tv_usec holds nanoseconds. */
		.when = (sonde_ns)head->ts.tv_sec * SONDE_SECOND + (sonde_ns)head->ts.tv_usec -
			(uint64_t)l->clock,
		.byte = { at, head->caplen },
		.wire = head->len,
		.link = l->facts.link,
		.dir = l->dir,
		.netns = l->netns,
		.ifindex = l->facts.ifindex,
	};
	l->gap = l->missing;
	l->missing = 0;
	return 1;
}

uint32_t sonde_libpcap_gap(const struct sonde_libpcap *l)
{
	return l->gap;
}

int sonde_libpcap_state(struct sonde_libpcap *l)
{
	return l->failed;
}

int sonde_libpcap_fd(const struct sonde_libpcap *l)
{
	return pcap_get_selectable_fd(l->pcap);
}

int sonde_libpcap_dropped(struct sonde_libpcap *l, uint64_t *ret)
{
	struct pcap_stat s;

	if (pcap_stats(l->pcap, &s))
		return -EIO;
	l->missing += s.ps_drop - (uint32_t)l->dropped;
	l->dropped = s.ps_drop;
	*ret = s.ps_drop;
	return 0;
}

struct sonde_libpcap *sonde_libpcap_close(struct sonde_libpcap *l)
{
	if (l && l->pcap)
		pcap_close(l->pcap);
	free(l);
	return NULL;
}
