#include "sys/driver.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

/* SIOCGIFINDEX and its like are answered by a socket of any family. */
int sonde_driver_index(int fd, const char *name)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	return ioctl(fd, SIOCGIFINDEX, &r) < 0 ? -errno : r.ifr_ifindex;
}

/* Puts the commands to the driver, each with the value 0, until one fails. Returns the last one's
 * answer, or -errno. */
static int ask_driver(int fd, const char *name, const uint32_t *command, size_t n)
{
	struct ethtool_value value;
	struct ifreq r = { .ifr_data = (void *)&value };
	int ret = 0;

	strncpy(r.ifr_name, name, sizeof r.ifr_name - 1);
	for (size_t i = 0; ret >= 0 && i < n; i++) {
		value = (struct ethtool_value){ .cmd = command[i] };
		/* A device that cannot have it at all is as plain as one that has it off. */
		ret = ioctl(fd, SIOCETHTOOL, &r) < 0 && errno != EOPNOTSUPP ? -errno
									    : (int)value.data;
	}
	return ret;
}

int sonde_driver_carrier(int fd, const char *name)
{
	return ask_driver(fd, name, &(uint32_t){ ETHTOOL_GLINK }, 1);
}

int sonde_driver_plain(int fd, const char *name)
{
	/* Generic segmentation goes last: it may only be turned off without the others. */
	static const uint32_t off[] = { ETHTOOL_SRXCSUM, ETHTOOL_STSO, ETHTOOL_STXCSUM,
					ETHTOOL_SGRO, ETHTOOL_SGSO };

	return ask_driver(fd, name, off, sizeof off / sizeof *off);
}
