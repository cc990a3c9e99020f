#ifndef SONDE_RUN_LABWIRE_H
#define SONDE_RUN_LABWIRE_H

/* The links of a lab that do something to packets, and the simulated routers, carried by one loop
 * of ours. Plain links between two namespaces are the kernel's own and none of this file's.
 *
 *   node a ══ veth ══ port ┐                       ┌ port ══ veth ══ node b
 *                          ├─ fate, heap of what ──┤
 *   sim (src/lab/sim.h) ───┘      is due           └ port ══ veth ══ node c
 *
 *	sonde_labwire_open(&wire, lab, netns, truth);	makes the cables; privilege is needed
 *	...						addresses and routes of the nodes
 *	sonde_labwire_settle(wire);
 *	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control);
 *	fork(), and in the child:
 *		sonde_labwire_run(wire, control[1]);	until nobody holds control[0] any more
 *	sonde_labwire_set(control[0], link, changed);	while it runs
 *	sonde_labwire_close(wire);
 *
 * What open has made lives in descriptors, so it may be forked; only one process runs it. */

#include <stdbool.h>

#include "lab/lab.h"
#include "lab/truth.h"

struct sonde_labwire;

/* Whether this link is carried here: it is impaired, or one end of it is a sim node. */
bool sonde_labwire_carries(const struct sonde_lab *lab, unsigned link);

/* Makes the cables of all links that are carried here. lab is planned, borrowed, and stays as it is
 * until close. netns: a descriptor for each node of the lab, by its place there, borrowed; -1 for a
 * sim. After it each end of such a link at a host or router is an interface in its namespace with
 * the name, hardware address and largest packet that the lab says, down: the caller gives it its
 * addresses, takes it up and turns offloads off. The far sides lie up in a namespace that has no
 * name, and end with close or with the process.
 *
 * truth: an empty file that may be made longer
 * (memfd_create(2)), borrowed, or -1. It takes SONDE_TRUTH_RECORDS of the newest records of packets
 * on impaired links.
 *
 * 0 or -errno: -EPERM, -EEXIST (a node has an interface of that name), -ENOMEM
 * ... */
int sonde_labwire_open(struct sonde_labwire **ret, const struct sonde_lab *lab, const int *netns,
		       int truth);

/* Once the ends at nodes are up: from now on packets pass in both directions, and none is dropped
 * by a cable that is not ready. 0 or -errno. */
int sonde_labwire_settle(struct sonde_labwire *w);

/* Carries packets until the other end of control is closed: 0, or -errno. Asks for real-time
 * scheduling (CAP_SYS_NICE) and goes without where that is refused; the truth tells which. Needs
 * no other privilege. Sleeps while nothing is due. */
int sonde_labwire_run(struct sonde_labwire *w, int control);

/* From now on the link, which is carried here, does what changed says of delay, jitter, loss and so
 * on, in both directions, and whether it is precise. Packets on their way stay as they were.
 *
 * control: the end that run has not; any process may hold it, but one asks at a time. 0;
 * -EOPNOTSUPP: the link is a plain cable; -EPIPE: nobody runs it; -ETIMEDOUT: it did not answer
 * within two seconds. */
int sonde_labwire_set(int control, unsigned link, const struct sonde_lab_link *changed);

/* The seed of the fate (lab/fate.h) of what enters the link at that end. */
uint64_t sonde_labwire_seed(const struct sonde_lab *lab, unsigned link, unsigned end);

/* The truth so far, for reading, also while it is written and by another process that holds the
 * descriptor. 0 or -errno; SONDE_DAMAGED: no labwire wrote this file. */
int sonde_labwire_truth(const struct sonde_truth_ring **ret, int truth);
void sonde_labwire_truth_done(const struct sonde_truth_ring *ring);

struct sonde_labwire *sonde_labwire_close(struct sonde_labwire *w);

#endif
