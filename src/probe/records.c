#include "probe/records.h"

static const struct sonde_column probe_columns[] = { SONDE_PROBE_COLUMNS(SONDE_MEMBER_COLUMN,
									 sonde_probe_record) };
static const struct sonde_column target_columns[] = { SONDE_TARGET_COLUMNS(SONDE_MEMBER_COLUMN,
									   sonde_target_record) };
static const struct sonde_column ping_columns[] = { SONDE_PING_COLUMNS(SONDE_MEMBER_COLUMN,
								       sonde_ping_record) };

const struct sonde_schema sonde_probe_schema = { "probe", probe_columns,
						 sizeof probe_columns / sizeof *probe_columns };
const struct sonde_schema sonde_target_schema = { "target", target_columns,
						  sizeof target_columns / sizeof *target_columns };
const struct sonde_schema sonde_ping_schema = { "ping", ping_columns,
						sizeof ping_columns / sizeof *ping_columns };
const struct sonde_schema sonde_trace_schema = { "trace", ping_columns,
						 sizeof ping_columns / sizeof *ping_columns };
