/* Names of network namespaces, which are files, and of the interfaces of our own. Interfaces of
 * other namespaces are told by the kernel side as their first packet comes by. */

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "sys/bpf.h"

static void tell(struct bpf_tracer *t, uint32_t netns, uint32_t ifindex, uint32_t type,
		 const char *name)
{
	struct sonde_event e = { .kind = SONDE_EVENT_NAME,
				 .netns = netns,
				 .n = { 0, ifindex, type } };

	sonde_bpf_ring_say(t, e, name);
}

/* Takes a namespace down as looked for; false if it was before. */
static bool first_look(struct bpf_tracer *t, uint32_t netns)
{
	for (unsigned i = 0; i < t->netns_n && i < SONDE_BPF_NETNS; i++)
		if (t->netns[i] == netns)
			return false;
	t->netns[t->netns_n++ % SONDE_BPF_NETNS] = netns;
	return true;
}

/* Tells the name of one namespace, or with 0 of all that have one. */
static void netns_tell(struct bpf_tracer *t, uint32_t netns)
{
	DIR *d = opendir("/run/netns");
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, 0))
			continue;
		if (netns ? st.st_ino == netns : first_look(t, (uint32_t)st.st_ino))
			tell(t, (uint32_t)st.st_ino, 0, 0, entry->d_name);
	}
	if (d)
		closedir(d);
}

void sonde_bpf_name_look(struct bpf_tracer *t, uint32_t netns)
{
	if (first_look(t, netns))
		netns_tell(t, netns);
}

void sonde_bpf_name_tell(struct bpf_tracer *t)
{
	struct if_nameindex *all = if_nameindex();
	struct stat st;
	uint8_t one = 1;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	netns_tell(t, 0);
	if (stat("/proc/self/ns/net", &st))
		st.st_ino = 0;
	for (struct if_nameindex *i = all; i && st.st_ino && i->if_index; i++) {
		struct ifreq request = { 0 };
		uint32_t key[2] = { (uint32_t)st.st_ino, i->if_index }; /* struct link_key */

		strncpy(request.ifr_name, i->if_name, sizeof request.ifr_name - 1);
		if (ioctl(s, SIOCGIFHWADDR, &request))
			continue;
		tell(t, key[0], key[1], request.ifr_hwaddr.sa_family, i->if_name);
		bpf_map_update_elem(t->links, key, &one, BPF_ANY);
	}
	if (all)
		if_freenameindex(all);
	if (s >= 0)
		close(s);
}
