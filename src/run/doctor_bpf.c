#include <errno.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/doctor_inside.h"
#include "sys/tracer.h"

static void say_hooks(struct sonde_doctor *d, const struct sonde_tracer *t)
{
	const char *hook;

	for (unsigned i = 0; (hook = sonde_tracer_hook(i)); i++)
		if (sonde_tracer_uses(t, hook))
			sonde_doctor_say(d, "bpf", hook, SONDE_DOCTOR_OK, NULL, NULL,
					 "the program for this hook loads and attaches");
		else
			sonde_doctor_say(d, "bpf", hook, SONDE_DOCTOR_MISSING, NULL, NULL,
					 "this kernel lacks it, or refuses the program: %s",
					 sonde_tracer_blind(i));
}

static void say_type_information(struct sonde_doctor *d)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		sonde_doctor_say(d, "bpf", "BTF", SONDE_DOCTOR_OK, NULL, NULL,
				 "the kernel describes its types, so that the programs fit it");
	else if (errno == ENOENT)
		sonde_doctor_say(d, "bpf", "BTF", SONDE_DOCTOR_MISSING, NULL, NULL,
				 "/sys/kernel/btf/vmlinux is not there: a kernel with "
				 "CONFIG_DEBUG_INFO_BTF has it, and ptrace watches without it");
	else
		sonde_doctor_say(d, "bpf", "BTF", SONDE_DOCTOR_UNKNOWN, NULL, NULL,
				 "/sys/kernel/btf/vmlinux: %s", sonde_reason_text(-errno));
}

/* Loaded, attached and let go of at once. */
void sonde_doctor_bpf(struct sonde_doctor *d)
{
	const struct sonde_tracer_plan plan = { .backend = SONDE_BACKEND_BPF, .packets = true };
	struct sonde_tracer *t;
	int r, why;

	if (!sonde_doctor_wants(d, "demo follow"))
		return;
	say_type_information(d);
	r = sonde_tracer_open(&t, &plan, &why);
	if (r >= 0) {
		say_hooks(d, t);
		sonde_tracer_close(t);
	} else if (r == SONDE_NO_PRIVILEGE) {
		sonde_doctor_say(
			d, "bpf", "hooks", SONDE_DOCTOR_UNKNOWN, NULL, NULL,
			"to try them takes cap_bpf and cap_perfmon; 'sonde doctor follow' as "
			"root tries each");
	} else {
		sonde_doctor_say(d, "bpf", "hooks", SONDE_DOCTOR_MISSING, NULL, NULL,
				 "%s; ptrace watches instead", sonde_reason_text(r));
	}
}
