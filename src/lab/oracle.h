#ifndef SONDE_LAB_ORACLE_H
#define SONDE_LAB_ORACLE_H

/* What must be seen in a lab: for every host and every other host or sim, the paths that packets
 * can take, and what each hop of them says. It follows the routes and boxes of the plan, not the
 * rules in nftables' own words. */

#include "base/record.h"
#include "lab/lab.h"

enum { SONDE_ORACLE_PATHS = 64 }; /* of one pair; more are not listed, and that is said */

/* clang-format off */
#define SONDE_LAB_ADDRESS_COLUMNS(C, x) \
	C(x, node, TEXT, "", "its name") \
	C(x, kind, TEXT, "", "host, router or sim") \
	C(x, interface, TEXT, "", "name in that node; absent: a network behind a sim") \
	C(x, link, TEXT, "", "both ends: A-B, as capture, set and truth take it") \
	C(x, peer, TEXT, "", "node at the other end") \
	C(x, mac, TEXT, "", "hardware address") \
	C(x, v4, TEXT, "", "IPv4 address or network, and length of the prefix") \
	C(x, v6, TEXT, "", "IPv6 address or network, and length of the prefix") \
	C(x, mtu, UINT, "bytes", "largest packet") \
	C(x, named, BOOL, "", "the node's name stands for these addresses")

#define SONDE_LAB_PATH_COLUMNS(C, x) \
	C(x, from, TEXT, "", "host that sends") \
	C(x, to, TEXT, "", "host or sim that is sent to") \
	C(x, to_v4, TEXT, "", "what the name stands for") \
	C(x, to_v6, TEXT, "", "what the name stands for") \
	C(x, path, UINT, "", "number of this path, from 1") \
	C(x, paths, UINT, "", "that there are for the pair") \
	C(x, more, BOOL, "", "there are more, which are not listed") \
	C(x, nodes, LIST, "", "nodes in order, with both ends") \
	C(x, hops, RAW, "", "by time to live from 1: who answers, from which addresses") \
	C(x, end, TEXT, "", "reached, refused, dropped, no-route, loop or expired") \
	C(x, end_node, TEXT, "", "where it ends") \
	C(x, refused_v4, TEXT, "", "ICMP error or errno that says so") \
	C(x, refused_v6, TEXT, "", "the same of IPv6") \
	C(x, open, LIST, "", "ports that pass where all else ends") \
	C(x, mtu, UINT, "bytes", "largest packet that passes") \
	C(x, mtu_told, BOOL, "", "who sends more is told; absent: nothing on the way is smaller") \
	C(x, nat, LIST, "", "nodes that put their address in place of the source's") \
	C(x, seen_v4, TEXT, "", "source that the other end sees; absent: the sender's own") \
	C(x, seen_v6, TEXT, "", "the same of IPv6") \
	C(x, bleached, LIST, "", "nodes that set DSCP to 0") \
	C(x, set_ttl, LIST, "", "nodes that write the time to live anew") \
	C(x, own_rules, LIST, "", "nodes with nft rules that this does not know")
/* clang-format on */

struct sonde_lab_address_record {
	SONDE_LAB_ADDRESS_COLUMNS(SONDE_MEMBER, )
};
struct sonde_lab_path_record {
	SONDE_LAB_PATH_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_lab_address_schema, sonde_lab_path_schema;

/* Called with each record, which is borrowed for the call. */
typedef void (*sonde_oracle_tell)(void *arg, const struct sonde_schema *schema, const void *record);

/* The address plan, one record an interface. scratch is rewound between records. */
void sonde_oracle_addresses(const struct sonde_lab *lab, struct sonde_arena *scratch,
			    sonde_oracle_tell tell, void *arg);

/* The paths, one record each; a pair without any has one record that says where it ends. */
void sonde_oracle_paths(const struct sonde_lab *lab, struct sonde_arena *scratch,
			sonde_oracle_tell tell, void *arg);

#endif
