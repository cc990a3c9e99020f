#ifndef SONDE_RUN_PATHS_REPORT_H
#define SONDE_RUN_PATHS_REPORT_H

/* The report of a trace of all paths, as a part of route_report.h: all of it comes at the end. */

#include "run/route_report.h"

/* What stands before all targets. */
void sonde_paths_report_begin(struct sonde_route_report *r);

/* Asks for the names of everybody who has answered. */
void sonde_paths_report_names(struct sonde_route_report *r);

/* One target. */
void sonde_paths_report_put(struct sonde_route_report *r, uint32_t host);

void sonde_paths_report_end(struct sonde_route_report *r);

#endif
