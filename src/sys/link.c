#include "sys/link.h"

#include <sys/socket.h>
#include <unistd.h>

#include "sys/batch.h"
#include "sys/driver.h"
#include "sys/netns.h"

/* Each of these is a batch of one. */

int sonde_link_pair(int netns_a, const char *name_a, int netns_b, const char *name_b)
{
	const struct sonde_batch_port a = { .name = name_a }, b = { .name = name_b };
	struct sonde_batch *batch;
	int r = sonde_batch_open(&batch, netns_a);

	if (r < 0)
		return r;
	sonde_batch_pair(batch, &a, &b, netns_b);
	r = sonde_batch_send(batch);
	sonde_batch_close(batch);
	return r;
}

int sonde_link_add_address(int netns, const char *name, const struct sonde_address *a,
			   unsigned prefix)
{
	struct sonde_batch *batch;
	int r = sonde_batch_open(&batch, netns), index;

	if (r < 0)
		return r;
	r = index = sonde_batch_index(batch, name);
	if (index >= 0) {
		sonde_batch_address(batch, (unsigned)index, a, prefix);
		r = sonde_batch_send(batch);
	}
	if (!r)
		sonde_batch_wait(batch, a); /* in vain where the link is down */
	sonde_batch_close(batch);
	return r;
}

int sonde_link_up(int netns, const char *name)
{
	struct sonde_batch *batch;
	int r = sonde_batch_open(&batch, netns), index;

	if (r < 0)
		return r;
	r = index = sonde_batch_index(batch, name);
	if (index >= 0) {
		sonde_batch_up(batch, (unsigned)index);
		r = sonde_batch_send(batch);
	}
	sonde_batch_close(batch);
	return r;
}

static int ask_inside(int netns, const char *name, int (*ask)(int fd, const char *name))
{
	int fd = sonde_netns_socket(netns, AF_UNIX, SOCK_DGRAM, 0), ret;

	if (fd < 0)
		return fd;
	ret = ask(fd, name);
	close(fd);
	return ret;
}

int sonde_link_carrier(int netns, const char *name)
{
	return ask_inside(netns, name, sonde_driver_carrier);
}

int sonde_link_plain(int netns, const char *name)
{
	return ask_inside(netns, name, sonde_driver_plain);
}
