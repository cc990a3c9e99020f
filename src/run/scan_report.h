#ifndef SONDE_RUN_SCAN_REPORT_H
#define SONDE_RUN_SCAN_REPORT_H

/* What a scan of ports says: when it is over, target by target.
 *
 *	10.0.0.2: 65535 ports of tcp
 *	     22  open      ssh     syn-ack, ttl 64, 0.051 ms
 *	    135  filtered          no answer to 3 probes
 *	  65533 closed: rst
 */

#include "run/names.h"
#include "run/scan.h"

struct sonde_scan_report {
	const struct sonde_scan_plan *plan;
	const struct sonde_portscan *ports;
	struct sonde_names *names; /* of services; NULL: numbers alone */
	struct sonde_text *out;
};

/* One target, all of it. */
void sonde_scan_report_target(const struct sonde_scan_report *r, uint32_t target);

/* The end of the run. */
void sonde_scan_report_end(const struct sonde_scan_report *r, struct sonde_scanned_record *e);

#endif
