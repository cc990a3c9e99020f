/* The BPF tracer. Its programs are not there yet, so it is refused as if it had not been built. */

#include "base/reason.h"
#include "sys/tracer_kind.h"

static int refuse(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan)
{
	(void)ret, (void)plan;
	return SONDE_NO_BPF;
}

const struct sonde_tracer_kind sonde_tracer_bpf = {
	.backend = SONDE_BACKEND_BPF,
	.open = refuse,
};
