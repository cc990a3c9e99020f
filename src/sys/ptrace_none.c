/* Stands in until the ptrace backend is there: whoever brings it deletes this file. */
#include "base/reason.h"
#include "sys/tracer_kind.h"
static int refuse(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan)
{
	(void)ret, (void)plan;
	return SONDE_NO_BPF;
}
const struct sonde_tracer_kind sonde_tracer_ptrace = { .backend = SONDE_BACKEND_PTRACE,
						       .open = refuse };
