/* The two hosts that a session runs on. */
#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/netns.h"
#include "tools/demo/demo.h"

struct host {
	int netns;
	const char *ip4, *ip6;
};

static int add_address(const struct host *h, int family, unsigned prefix)
{
	struct sonde_address a = { .family = (uint16_t)family };

	inet_pton(family, family == AF_INET ? h->ip4 : h->ip6, a.ip);
	return sonde_link_add_address(h->netns, "eth0", &a, prefix);
}

static int set_up(const struct host *h)
{
	int err = add_address(h, AF_INET, 24);

	return err ? err : add_address(h, AF_INET6, 64);
}

static int connect_hosts(const struct host *server, const struct host *client)
{
	int err = sonde_link_pair(server->netns, "eth0", client->netns, "eth0");

	if (!err)
		err = sonde_link_plain(server->netns, "eth0");
	if (!err)
		err = sonde_link_plain(client->netns, "eth0");
	if (!err)
		err = sonde_link_up(server->netns, "eth0");
	if (!err)
		err = sonde_link_up(client->netns, "eth0");
	if (!err && (sonde_link_carrier(server->netns, "eth0") != 1 ||
		     sonde_link_carrier(client->netns, "eth0") != 1))
		err = -ENETDOWN;
	if (!err)
		err = set_up(server);
	if (!err)
		err = set_up(client);
	return err;
}

int sonde_demo_hosts_open(int *ret_server, int *ret_client)
{
	struct host server = { sonde_netns_open(), "10.0.0.1", "2001:db8::1" };
	struct host client = { sonde_netns_open(), "10.0.0.2", "2001:db8::2" };
	int err = server.netns < 0 ? server.netns : client.netns < 0 ? client.netns : 0;

	if (!err)
		err = connect_hosts(&server, &client);
	if (err) {
		close(server.netns);
		close(client.netns);
		return err;
	}
	*ret_server = server.netns;
	*ret_client = client.netns;
	return 0;
}
