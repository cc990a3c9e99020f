#include "run/rights.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "sys/privilege.h"

#define OPENED "given up once the sockets are open, before anything is received"
#define TRACER "given up once the tracer is open and the command is forked"

/* clang-format off */
const struct sonde_right sonde_rights[] = {
	{ "demo", "sessions on two hosts of their own", { CAP_SYS_ADMIN, CAP_NET_ADMIN }, 2,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_UNSHARE, "makes two network namespaces and a cable between them",
	  TRACER, "the sessions run on the loopback" },
	{ "demo", "with kernel states and packets", { CAP_BPF, CAP_PERFMON }, 2,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_NOTHING, "loads the BPF tracer, which reads kernel memory",
	  TRACER, "ptrace watches, and it says what it then cannot see" },
	{ "follow", "by BPF, and the whole machine (-a)", { CAP_BPF, CAP_PERFMON }, 2,
	  SONDE_RIGHT_GROUP, SONDE_RIGHT_OR_NOTHING, "loads the BPF tracer, which reads kernel memory",
	  TRACER, NULL },
	{ "follow", "by BPF, the first packet of a datagram socket", { CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN }, 3,
	  SONDE_RIGHT_GROUP, SONDE_RIGHT_OR_NOTHING, "attaches the hook sock_create to a cgroup",
	  TRACER, "that packet is tied to its socket by addresses" },
	{ "follow", "by ptrace, a command", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "whoever starts a program may trace it", "-", NULL },
	{ "follow", "by ptrace, a process of another user", { CAP_SYS_PTRACE }, 1,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_NOTHING, "looks into a process that is not the caller's",
	  "kept to the end: its descriptors and memory are looked at all the time", NULL },
	{ "ping", "ICMP", { CAP_NET_RAW }, 1,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_PING_GROUP, "opens a raw socket", OPENED, NULL },
	{ "ping", "TCP, ARP and neighbour solicitation", { CAP_NET_RAW }, 1,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "opens raw and packet sockets", OPENED, NULL },
	{ "ping", "UDP", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "a UDP socket hears of its errors by itself", "-", NULL },
	{ "trace", "ICMP and TCP", { CAP_NET_RAW }, 1,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "opens raw sockets", OPENED, NULL },
	{ "trace", "UDP", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "a UDP socket hears of its errors by itself", "-", NULL },
	{ "capture", "frames of an interface", { CAP_NET_RAW }, 1,
	  SONDE_RIGHT_GROUP, SONDE_RIGHT_OR_NOTHING, "opens packet sockets",
	  "given up once the interfaces and the first file are open; started as root it keeps cap_dac_override where more files are to be made in the folder of another", NULL },
	{ "capture", "whose each packet is, of all users (--process)", { CAP_NET_RAW, CAP_BPF, CAP_PERFMON }, 3,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_NOTHING, "hears of sockets by BPF as they are made",
	  "given up as above; without BPF, cap_sys_ptrace is kept if it is there",
	  "processes are asked for once a packet is seen, which misses the short-lived" },
	{ "craft", "sending", { CAP_NET_RAW }, 1,
	  SONDE_RIGHT_GROUP, SONDE_RIGHT_OR_NOTHING, "opens raw and packet sockets", OPENED, NULL },
	{ "craft", "sending with --no-rst", { CAP_NET_RAW, CAP_NET_ADMIN }, 2,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_NOTHING, "has a firewall rule that holds back the kernel's resets",
	  OPENED, NULL },
	{ "craft", "writing to a file", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "nothing is sent", "-", NULL },
	{ "lab", "in the machine's own user namespace", { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE }, 4,
	  SONDE_RIGHT_ROOT, SONDE_RIGHT_OR_USERNS, "makes namespaces, links, routes, rules and servers",
	  "kept by the command, which is root of its lab; relays and servers give all up but cap_sys_nice",
	  "it enters a user namespace" },
	{ "lab", "in a user namespace of its own", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_USERNS, "there it has all over what it makes there, and no more than before over the machine",
	  "-", NULL },
	{ "read", "captures and runs", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "reads files", "-", NULL },
	{ "fields", "the reference", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "prints what it was built with", "-", NULL },
	{ "doctor", "all it can see", { 0 }, 0,
	  SONDE_RIGHT_ALL, SONDE_RIGHT_OR_NOTHING, "looks, and tries in namespaces of its own", "-", NULL },
	{ 0 },
};
/* clang-format on */

uint64_t sonde_right_mask(const struct sonde_right *r)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < r->n; i++)
		mask |= 1ull << r->cap[i];
	return mask;
}

uint64_t sonde_right_of_file(const char *program)
{
	uint64_t mask = 0;

	for (const struct sonde_right *r = sonde_rights; r->program; r++)
		if (r->given != SONDE_RIGHT_ROOT && !strcmp(r->program, program))
			mask |= sonde_right_mask(r);
	return mask;
}

#define COLUMN(member, kind, what) SONDE_COLUMN(sonde_right_record, member, kind, "", what)
static const struct sonde_column columns[] = {
	COLUMN(program, TEXT, "the verb"),
	COLUMN(given, TEXT, "who is given them by make install: all, group, or root alone"),
	COLUMN(capabilities, LIST, "all that it needs for this; none is an empty list"),
	COLUMN(instead, TEXT, "what does as well as the capabilities"),
	COLUMN(mode, TEXT, "what is asked of it"),
	COLUMN(why, TEXT, "what they are for"),
	COLUMN(until, TEXT, "when they are given up"),
	COLUMN(without, TEXT, "what it does without; absent: it exits with 77 and names them"),
};
const struct sonde_schema sonde_right_schema = { "right", columns,
						 sizeof columns / sizeof *columns };

void sonde_right_tell(struct sonde_right_record *ret, const struct sonde_right *r)
{
	static const char *const given[] = { "all", "group", "root" };
	static const char *const instead[] = {
		[SONDE_RIGHT_OR_NOTHING] = NULL,
		[SONDE_RIGHT_OR_PING_GROUP] = "a group in net.ipv4.ping_group_range",
		[SONDE_RIGHT_OR_USERNS] = "a user namespace, which it enters by itself",
		[SONDE_RIGHT_OR_UNSHARE] = "a user namespace that it is started in (unshare -Ur)",
	};

	*ret = (struct sonde_right_record){
		.program = r->program,
		.given = given[r->given],
		.capabilities = { ret->at, r->n },
		.instead = r->n ? instead[r->or ] : NULL,
		.mode = r->mode,
		.why = r->why,
		.until = r->until,
		.without = r->without,
	};
	for (unsigned i = 0; i < r->n; i++) {
		snprintf(ret->name[i], sizeof ret->name[i], "cap_%s",
			 sonde_privilege_name(r->cap[i]));
		ret->at[i] = ret->name[i];
	}
}
