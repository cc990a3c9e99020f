#include "capture/live.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/reason.h"

enum {
	LATE = 10,    /* ms until a block that is not full is handed over */
	HEADERS = 32, /* bytes of link headers at most, counted on top of snaplen */
	SNAPLEN_MOST = 262144 - HEADERS, /* libpcap's own limit */
	BUFFER = 16 << 20,
	ETHER_TAG = 0x8100, /* IEEE 802.1Q section 9.6 */
	ETHER_SERVICE_TAG = 0x88a8,
	RAW = 101,
};

struct sonde_live {
	pcap_t *pcap;
	int link; /* DLT_ */
	unsigned snaplen;
	uint32_t netns, ifindex;
	int64_t clock;
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
		return -EINVAL;
	r = pcap_setfilter(p, &program) ? -EIO : 0;
	pcap_freecode(&program);
	return r;
}

/* Not immediate: that would cost the ring (fixed frames, a few dozen packets of buffer). */
static int activate(struct sonde_live *l, const struct sonde_live_plan *plan)
{
	char error[PCAP_ERRBUF_SIZE];
	int r;

	pcap_set_snaplen(l->pcap, (int)(l->snaplen + HEADERS));
	pcap_set_buffer_size(l->pcap, plan->buffer ? (int)plan->buffer : BUFFER);
	pcap_set_immediate_mode(l->pcap, 0);
	pcap_set_timeout(l->pcap, LATE);
	pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO);
	r = pcap_activate(l->pcap);
	if (r < 0)
		return reason_of(r);
	if (fcntl(pcap_get_selectable_fd(l->pcap), F_SETFD, FD_CLOEXEC))
		return -errno; /* a command must not inherit the capture */
	/* Cooked v1 tells no interface; only "any" offers v2. */
	(void)pcap_set_datalink(l->pcap, DLT_LINUX_SLL2);
	l->link = pcap_datalink(l->pcap);
	if (l->link != DLT_LINUX_SLL2 && l->link != DLT_LINUX_SLL && l->link != DLT_EN10MB &&
	    l->link != DLT_RAW)
		return SONDE_UNSUPPORTED;
	if (pcap_setnonblock(l->pcap, 1, error))
		return -EIO;
	return set_filter(l->pcap, plan->filter);
}

int sonde_live_open(struct sonde_live **ret, const struct sonde_live_plan *plan)
{
	char error[PCAP_ERRBUF_SIZE];
	struct sonde_live *l = calloc(1, sizeof *l);
	int r = -ENOMEM;

	if (l && (l->pcap = pcap_create(plan->interface, error))) {
		l->snaplen = plan->snaplen && plan->snaplen < SNAPLEN_MOST ? plan->snaplen
									   : SNAPLEN_MOST;
		l->netns = plan->netns;
		l->ifindex = if_nametoindex(plan->interface);
		l->clock = plan->clock;
		r = activate(l, plan);
	}
	if (r < 0)
		sonde_live_close(l);
	else
		*ret = l;
	return r;
}

/* The link header is taken off; what it told goes into *f. False: it is not whole. */
static bool undress(const struct sonde_live *l, struct sonde_frame *f)
{
	static const uint8_t dirs[] = { SONDE_DIR_IN, SONDE_DIR_IN, SONDE_DIR_IN, SONDE_DIR_UNKNOWN,
					SONDE_DIR_OUT };
	const uint8_t *at = f->byte.at;
	size_t len = l->link == DLT_LINUX_SLL2 ? 20 : l->link == DLT_LINUX_SLL ? 16 : 14;
	uint16_t type = 0;

	if (l->link == DLT_RAW)
		return true;
	if (f->byte.len < len)
		return false;
	f->protocol = (uint16_t)sonde_load(at + (l->link == DLT_LINUX_SLL2 ? 0 : len - 2), 2);
	if (l->link == DLT_LINUX_SLL2) {
		f->ifindex = (uint32_t)sonde_load(at + 4, 4);
		type = at[10];
	} else if (l->link == DLT_LINUX_SLL) {
		type = (uint16_t)sonde_load(at, 2);
	}
	if (l->link != DLT_EN10MB)
		f->dir = type < sizeof dirs ? dirs[type] : SONDE_DIR_UNKNOWN;
	while ((f->protocol == ETHER_TAG || f->protocol == ETHER_SERVICE_TAG) &&
	       f->byte.len >= len + 4) {
		f->protocol = (uint16_t)sonde_load(at + len + 2, 2);
		len += 4;
	}
	f->byte = (struct sonde_bytes){ at + len, f->byte.len - len };
	f->wire -= (uint32_t)len;
	return true;
}

int sonde_live_read(struct sonde_live *l, struct sonde_frame *ret)
{
	struct pcap_pkthdr *head;
	const u_char *at;
	int r;

	do {
		r = pcap_next_ex(l->pcap, &head, &at);
		if (r <= 0)
			return r ? -EIO : 0;
		*ret = (struct sonde_frame){
			/* Precision is set: tv_usec holds nanoseconds. */
			.when = (sonde_ns)head->ts.tv_sec * SONDE_SECOND +
				(sonde_ns)head->ts.tv_usec - (uint64_t)l->clock,
			.byte = { at, head->caplen },
			.wire = head->len,
			.link = RAW,
			.netns = l->netns,
			.ifindex = l->ifindex,
		};
	} while (!undress(l, ret));
	if (ret->byte.len > l->snaplen)
		ret->byte.len = l->snaplen;
	return 1;
}

int sonde_live_fd(const struct sonde_live *l)
{
	return pcap_get_selectable_fd(l->pcap);
}

int sonde_live_dropped(struct sonde_live *l, uint64_t *ret)
{
	struct pcap_stat s;

	if (pcap_stats(l->pcap, &s))
		return -EIO;
	*ret = s.ps_drop;
	return 0;
}

struct sonde_live *sonde_live_close(struct sonde_live *l)
{
	if (l && l->pcap)
		pcap_close(l->pcap);
	free(l);
	return NULL;
}
