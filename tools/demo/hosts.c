/* The two hosts that a session runs on. */
#include <string.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/netns.h"
#include "tools/demo/demo.h"

static int add_address(int host, int family, const char *text, unsigned prefix)
{
	struct sonde_address a = { .family = (uint16_t)family };

	inet_pton(family, text, a.ip);
	return sonde_link_add_address(host, "eth0", &a, prefix);
}

static int set_up(int host, const char *ip4, const char *ip6)
{
	int err = sonde_link_plain(host, "eth0");

	if (!err)
		err = add_address(host, AF_INET, ip4, 24);
	if (!err)
		err = add_address(host, AF_INET6, ip6, 64);
	if (!err)
		err = sonde_link_up(host, "eth0");
	return err;
}

int sonde_demo_hosts_open(int *ret_server, int *ret_client)
{
	int server, client, err;

	server = sonde_netns_open();
	if (server < 0)
		return server;
	client = sonde_netns_open();
	if (client < 0) {
		close(server);
		return client;
	}
	err = sonde_link_pair(server, "eth0", client, "eth0");
	if (!err)
		err = set_up(server, "10.0.0.1", "2001:db8::1");
	if (!err)
		err = set_up(client, "10.0.0.2", "2001:db8::2");
	if (err) {
		close(server);
		close(client);
		return err;
	}
	*ret_server = server;
	*ret_client = client;
	return 0;
}
