#include "sys/device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off */
static const struct {
	uint32_t bit, command; /* ETHTOOL_G..., or 0: mask is asked of ETHTOOL_GFLAGS */
	uint32_t mask;
	const char *word; /* NULL: changes no packet */
} offloads[] = {
	{ SONDE_DEVICE_SUMS_OUT, ETHTOOL_GTXCSUM, 0, "tx-checksum" },
	{ SONDE_DEVICE_SUMS_IN, ETHTOOL_GRXCSUM, 0, NULL },
	{ SONDE_DEVICE_TSO, ETHTOOL_GTSO, 0, "tso" },
	{ SONDE_DEVICE_GSO, ETHTOOL_GGSO, 0, "gso" },
	{ SONDE_DEVICE_GRO, ETHTOOL_GGRO, 0, "gro" },
	{ SONDE_DEVICE_LRO, 0, ETH_FLAG_LRO, "lro" },
	{ SONDE_DEVICE_TAGS_OUT, 0, ETH_FLAG_TXVLAN, "tx-vlan" },
	{ SONDE_DEVICE_TAGS_IN, 0, ETH_FLAG_RXVLAN, "rx-vlan" },
};
/* clang-format on */
enum { OFFLOADS = sizeof offloads / sizeof *offloads };

static bool call(int fd, const char *name, void *command)
{
	struct ifreq r = { .ifr_data = command };

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	return ioctl(fd, SIOCETHTOOL, &r) >= 0;
}

static uint32_t ask(int fd, const char *name, uint32_t command)
{
	struct ethtool_value v = { .cmd = command };

	return call(fd, name, &v) ? v.data : 0;
}

static void look_at_time(int fd, const char *name, struct sonde_device *ret)
{
	/* The bits of SONDE_DEVICE_ stand in this order. */
	static const uint32_t kinds[] = { SOF_TIMESTAMPING_TX_SOFTWARE,
					  SOF_TIMESTAMPING_RX_SOFTWARE,
					  SOF_TIMESTAMPING_TX_HARDWARE,
					  SOF_TIMESTAMPING_RX_HARDWARE };
	struct ethtool_ts_info i = { .cmd = ETHTOOL_GET_TS_INFO };

	if (!call(fd, name, &i)) {
		ret->stamps = SONDE_DEVICE_NO_STAMPS;
		return;
	}
	ret->hardware = i.so_timestamping & SOF_TIMESTAMPING_RAW_HARDWARE &&
			i.rx_filters & 1 << HWTSTAMP_FILTER_ALL;
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
		ret->stamps |= i.so_timestamping & kinds[k] ? 1u << k : 0;
}

static int look(int fd, struct sonde_device *ret, const char *name)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	*ret = (struct sonde_device){ 0 };
	memcpy(ret->name, r.ifr_name, sizeof ret->name);
	if (ioctl(fd, SIOCGIFINDEX, &r) < 0)
		return -errno;
	ret->ifindex = (uint32_t)r.ifr_ifindex;
	if (!ioctl(fd, SIOCGIFMTU, &r))
		ret->mtu = (uint32_t)r.ifr_mtu;
	if (!ioctl(fd, SIOCGIFHWADDR, &r))
		ret->hatype = r.ifr_hwaddr.sa_family;
	if (!ioctl(fd, SIOCGIFFLAGS, &r)) {
		ret->up = r.ifr_flags & IFF_UP;
		ret->running = r.ifr_flags & IFF_RUNNING;
		ret->loopback = r.ifr_flags & IFF_LOOPBACK;
	}
	uint32_t flags = ask(fd, name, ETHTOOL_GFLAGS);

	for (size_t i = 0; i < OFFLOADS; i++)
		if (offloads[i].command ? ask(fd, name, offloads[i].command)
					: flags & offloads[i].mask)
			ret->offload |= offloads[i].bit;
	look_at_time(fd, name, ret);
	return 0;
}

int sonde_device_read(struct sonde_device *ret, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = strlen(name) < IFNAMSIZ ? look(fd, ret, name) : -ENODEV;
	close(fd);
	return r;
}

int sonde_device_list(struct sonde_device *ret, size_t n)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *all = fd < 0 ? NULL : if_nameindex();
	size_t found = 0;

	if (!all) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	for (size_t i = 0; all[i].if_index; i++)
		if (found < n && !look(fd, &ret[found], all[i].if_name))
			found++;
	if_freenameindex(all);
	close(fd);
	return (int)found;
}

const char *sonde_device_offload(uint32_t offload, unsigned n)
{
	for (size_t i = 0; i < OFFLOADS; i++)
		if (offload & offloads[i].bit && offloads[i].word && !n--)
			return offloads[i].word;
	return NULL;
}
