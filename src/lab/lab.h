#ifndef SONDE_LAB_LAB_H
#define SONDE_LAB_LAB_H

/* A network of hosts and routers, as a text describes it:
 *
 *   text ──parse──▶ lab ──plan──▶ addresses, names, routes ──▶ src/run builds it
 *                                        └──▶ oracle: the paths that packets must take
 *
 * Parsing keeps what was said; planning fills in what was not. Everything is taken from one arena
 * and lives as long as that. */

#include "base/address.h"
#include "base/arena.h"
#include "base/reason.h"
#include "base/time.h"

enum {
	SONDE_LAB_NAME = 11, /* letters of a node's name at most: "NAME-NN" is an interface's too */
	SONDE_LAB_HOPS = 16, /* next hops of one route */
	SONDE_LAB_NODES = 250,
	SONDE_LAB_LINKS = 1000,
	SONDE_LAB_QUEUE = 1000, /* packets in front of a rate at most */
};

enum sonde_lab_kind {
	SONDE_LAB_HOST,	  /* begins and ends traffic, forwards none */
	SONDE_LAB_ROUTER, /* the kernel forwards */
	SONDE_LAB_SIM,	  /* a whole little internet, answered by src/lab/sim.h */
};

/* What a link does to packets in one direction. All zero: nothing. Chances are parts of a million;
 * what "loss=1%" says is 10000. */
struct sonde_lab_impair {
	sonde_ns delay, jitter; /* each packet waits delay and up to jitter more or less */
	uint32_t loss, dup, reorder, corrupt;
	uint64_t rate;	/* bits a second; 0: no limit */
	uint32_t queue; /* packets that wait for the rate at most; 0: SONDE_LAB_QUEUE */
};

/* One end of a link. */
struct sonde_lab_end {
	unsigned node;			/* place in lab.node */
	char name[16];			/* of the interface, in its node: "eth0", "eth1" ... */
	uint8_t mac[6];			/* 02:00:00:LL:LL:EE, link and end: files stay the same */
	struct sonde_address v4, v6;	/* planned, or given by hand */
	unsigned v4_prefix, v6_prefix;	/* length in bits */
	struct sonde_lab_impair impair; /* of what leaves the node here */
};

struct sonde_lab_link {
	struct sonde_lab_end end[2];
	unsigned mtu;	 /* 0: 1500 */
	bool impaired;	 /* an impairment was said, be it 0: it has a relay between its ends */
	bool precise;	 /* the relay spins for the last 200 us before a packet is due */
	unsigned metric; /* what "route * auto" counts; 1 */
	unsigned line;	 /* of the text */
};

/* To one node's addresses (all of them, and the networks behind a sim), by next hops that are taken
 * in turn by flow. Each is one address long, so it stands before the network of a link. */
struct sonde_lab_route {
	unsigned node, to;
	struct {
		unsigned link; /* place in lab.link */
		unsigned end;  /* which end of it is ours */
	} hop[SONDE_LAB_HOPS];
	unsigned hops;
	const char *kind; /* "unreachable", "prohibit", "blackhole" instead of hops, or NULL */
	bool by_hand;	  /* said in the text, else worked out */
	unsigned line;
};

/* Something a node does to packets that pass, in nftables' words. The plan makes those of boxes and
 * of silent routers (rules.h), so this is all that a node's table holds. */
struct sonde_lab_rule {
	unsigned node;
	const char *text; /* for the table "inet lab", whole chains */
	unsigned line;
};

enum sonde_lab_service_kind {
	SONDE_LAB_ECHO,	  /* sends back what comes */
	SONDE_LAB_HTTP,	  /* answers any request with a small page */
	SONDE_LAB_CLOSE,  /* accepts and closes */
	SONDE_LAB_SILENT, /* accepts, or takes datagrams, and says nothing */
};

struct sonde_lab_service {
	unsigned node;
	bool udp;
	uint16_t port;
	enum sonde_lab_service_kind kind;
	unsigned line;
};

/* What a box says to a new flow that it does not let through. */
enum sonde_lab_firewall {
	SONDE_LAB_OPEN,
	SONDE_LAB_DROP,	  /* nothing */
	SONDE_LAB_REJECT, /* an ICMP error: administratively prohibited */
	SONDE_LAB_RESET,  /* to TCP a reset in the name of who was asked, else as above */
};

struct sonde_lab_node {
	const char *name;
	enum sonde_lab_kind kind;
	unsigned line;
	struct sonde_address v4, v6; /* what its name stands for: its end of its first link; of a
				      * sim, its last hop. Planned; family 0: it has no link */
	/* of a router */
	unsigned hash;		/* 3: addresses alone choose among next hops; 4: ports too */
	sonde_ns icmp_interval; /* at most one error to one host in this time; 0: no limit */
	bool silent;		/* tells nobody that a packet's time ran out */
	/* of a box: what the oracle must know of its rules */
	bool nat;	      /* what leaves towards a nat_towards has the box's address there */
	unsigned nat_towards; /* a neighbour: place in lab.node */
	unsigned set_ttl;     /* 0: untouched */
	unsigned mss_clamp;   /* 0: untouched */
	bool bleach_dscp;
	bool drop_too_big; /* "drop=icmp-frag-needed": neither sends nor forwards such errors */
	enum sonde_lab_firewall firewall;
	const uint16_t *open; /* TCP and UDP ports that the firewall lets through */
	unsigned opens;
	bool own_rules; /* has nft rules of which the oracle knows nothing */
	/* of a sim */
	const char *profile_file; /* "profile=FILE": the caller puts the file's text into profile
				   * before planning; or NULL */
	const char *profile;	  /* its text (sim.h), or NULL */
	unsigned profile_line; /* where that begins, for errors; in profile_file if there is one */
	const struct sonde_sim_profile *sim; /* of profile, planned */
	struct sonde_address net4, net6;     /* networks behind it: 10.128+S.0.0/16 and
					      * fd00:1:0:S::/64 unless said by hand, S from 0 */
	unsigned net4_prefix, net6_prefix;
};

struct sonde_lab {
	struct sonde_arena *arena;
	const char *name; /* of the description: "lab NAME", or NULL */
	uint64_t seed;
	bool auto_routes; /* "route * auto" */
	struct sonde_lab_node *node;
	unsigned nodes;
	struct sonde_lab_link *link;
	unsigned links;
	struct sonde_lab_route *route;
	unsigned routes;
	struct sonde_lab_rule *rule;
	unsigned rules;
	struct sonde_lab_service *service;
	unsigned services;
};

/* What is wrong with a description. */
struct sonde_lab_error {
	unsigned line;	  /* from 1 */
	const char *text; /* a sentence without a full stop, in the lab's arena */
};

/* Reads a description of len bytes. 0, or SONDE_DESCRIPTION with *ret_error filled. The text is
 * not kept. */
int sonde_lab_parse(struct sonde_lab *ret, struct sonde_arena *arena, const char *text, size_t len,
		    struct sonde_lab_error *ret_error);

/* Names of interfaces, hardware and internet addresses, and the routes that "auto" asks for:
 * shortest paths, all equal ones. Every link has IPv4 10.A.B.0/24 and IPv6 fd00:0:A:B::/64 unless
 * said by hand. 0, or SONDE_DESCRIPTION: two things have one address, or a route cannot be. */
int sonde_lab_plan(struct sonde_lab *lab, struct sonde_lab_error *ret_error);

/* Clears the bits of an address behind its prefix. */
void sonde_lab_network(struct sonde_address *a, unsigned prefix);

/* The place of the node of that name, or -1. */
int sonde_lab_find(const struct sonde_lab *lab, const char *name);

/* The link between two nodes named "A-B", or by number, or -1. *ret_end is the end at A. */
int sonde_lab_find_link(const struct sonde_lab *lab, const char *name, unsigned *ret_end);

/* Reads "delay=20ms loss=1% ->rate=1mbit", as behind a link, into a link that is planned already:
 * what `sonde lab set` says. 0 or SONDE_DESCRIPTION; the link is changed only on success. */
int sonde_lab_impair_parse(struct sonde_lab_link *link, struct sonde_arena *arena, const char *text,
			   size_t len, struct sonde_lab_error *ret_error);

#endif
