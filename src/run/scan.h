#ifndef SONDE_RUN_SCAN_H
#define SONDE_RUN_SCAN_H

/* sonde craft --ports: which ports of some hosts are open, by the engine of probe/portscan.h. */

#include "base/record.h"
#include "probe/portscan.h"
#include "run/targets.h"
#include "sys/prober.h"

/* clang-format off */
#define SONDE_PORT_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that was asked") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, protocol, TEXT, "", "tcp, udp") \
	C(x, port, UINT, "", "its number") \
	C(x, service, TEXT, "", "what /etc/services calls it") \
	C(x, state, TEXT, "", "open, closed, filtered, unreachable, open|filtered; unknown: the run ended before") \
	C(x, answer, TEXT, "", "what came: syn-ack, rst, data, or the ICMP error in words; absent: nothing") \
	C(x, type, UINT, "", "of the ICMP error") \
	C(x, code, UINT, "", "of the ICMP error") \
	C(x, from, TEXT, "", "who sent the ICMP error") \
	C(x, ttl, UINT, "", "hops left in the answer") \
	C(x, rtt_ns, UINT, "ns", "the round trip") \
	C(x, probes, UINT, "", "how many it took")

#define SONDE_SCAN_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that was asked") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, protocol, TEXT, "", "tcp, udp") \
	C(x, ports, UINT, "", "that were asked for") \
	C(x, open, UINT, "", "of these") \
	C(x, closed, UINT, "", "of these") \
	C(x, filtered, UINT, "", "of these") \
	C(x, unreachable, UINT, "", "of these") \
	C(x, open_or_filtered, UINT, "", "of these, of UDP: nothing came") \
	C(x, unknown, UINT, "", "of these: the run ended before")

#define SONDE_SCANNED_COLUMNS(C, x) \
	C(x, started, TEXT, "", "when the run began, RFC 3339") \
	C(x, mode, TEXT, "", "what was sent by") \
	C(x, targets, UINT, "", "how many") \
	C(x, sent, UINT, "", "probes, all of them") \
	C(x, repeated, UINT, "", "of these, to ports that had not answered") \
	C(x, losses, UINT, "", "ports that answered only a later probe") \
	C(x, refused, UINT, "", "probes that did not leave") \
	C(x, dropped, UINT, "", "answers that the kernel dropped since we were slow") \
	C(x, took_ns, UINT, "ns", "the whole run")
/* clang-format on */

struct sonde_port_record {
	SONDE_PORT_COLUMNS(SONDE_MEMBER, )
};
struct sonde_scan_record {
	SONDE_SCAN_COLUMNS(SONDE_MEMBER, )
};
struct sonde_scanned_record {
	SONDE_SCANNED_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_port_schema, sonde_scan_schema, sonde_scanned_schema;

enum sonde_scan_form { SONDE_SCAN_LINES, SONDE_SCAN_JSON, SONDE_SCAN_CSV };

struct sonde_scan_plan {
	struct sonde_portscan_plan ports; /* look: the method; port and n; the rest */
	struct sonde_prober_plan sockets;
	uint16_t family;     /* AF_INET, AF_INET6, or 0: as targets have it */
	char *const *target; /* words, NULL behind the last */
	bool only_open;
	bool numeric; /* no names of services */
	bool meant;   /* strangers may be asked, and fast */
	uint8_t form; /* enum sonde_scan_form; CSV: of ports */
	const char *const *palette;
	int out;
};

/* Numbers of ports as "22,80,8000-8100", in the order given, each once. Returns how many, or
 * -EINVAL, and *ret_at is where it is wrong. */
int sonde_scan_ports(const char *text, uint16_t ret[static 65535], size_t *ret_at);

/* end->met: some port is open. 0, or as sonde_measure_open and sonde_measure_add. */
int sonde_scan_run(const struct sonde_scan_plan *plan, struct sonde_measure_end *end);

#endif
