/* Stands in for the other bpf*.c where this was built without clang or libbpf. */

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
