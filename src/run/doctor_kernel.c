#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/doctor_inside.h"
#include "sys/machine.h"

enum { RECEIVE_ROOM = 4 << 20 }; /* what a socket of ping and trace asks for, bytes */

/* The value of a setting, "net.core.rmem_max"; NULL: this kernel has none, or it cannot be read. */
static const char *setting(const char *name, char *buf, size_t size)
{
	char path[160] = "/proc/sys/";
	size_t at = strlen(path);

	for (; *name && at + 1 < sizeof path; name++)
		path[at++] = *name == '.' ? '/' : *name;
	return sonde_machine_read(path, buf, size) >= 0 ? buf : NULL;
}

static void say_unread(struct sonde_doctor *d, const char *name)
{
	sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_UNKNOWN, NULL, NULL,
			 "this kernel has no such setting, or it cannot be read here");
}

static void say_ping_group(struct sonde_doctor *d)
{
	static const char name[] = "net.ipv4.ping_group_range";
	char buf[64];
	const char *value = setting(name, buf, sizeof buf);

	if (!sonde_doctor_wants(d, "ping"))
		return;
	if (value)
		buf[strcspn(buf, "\t")] = ' ';
	snprintf(d->fix, sizeof d->fix, "sysctl -w %s='%u %u'", name, getegid(), getegid());
	if (!value)
		say_unread(d, name);
	else if (d->ping_group)
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, value, NULL,
				 "a group of this user is in it, so ICMP needs no capability");
	else if (sonde_doctor_has(d, "ping", CAP_NET_RAW))
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, value, NULL,
				 "no group of this user is in it, but ping has cap_net_raw");
	else
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_MISSING, value, d->fix,
				 "no group of this user is in it, so ICMP takes cap_net_raw");
}

static void say_bpf_settings(struct sonde_doctor *d)
{
	char buf[64];
	const char *value;

	if (!sonde_doctor_wants(d, "demo follow"))
		return;
	value = setting("kernel.unprivileged_bpf_disabled", buf, sizeof buf);
	if (value)
		sonde_doctor_say(d, "kernel", "kernel.unprivileged_bpf_disabled", SONDE_DOCTOR_OK,
				 value, NULL,
				 "%s; the tracer takes cap_bpf and cap_perfmon in any case",
				 *value == '0' ? "everybody may load simple BPF programs"
					       : "BPF programs take a capability");
	else
		say_unread(d, "kernel.unprivileged_bpf_disabled");
	value = setting("kernel.perf_event_paranoid", buf, sizeof buf);
	if (value)
		sonde_doctor_say(d, "kernel", "kernel.perf_event_paranoid", SONDE_DOCTOR_OK, value,
				 NULL,
				 "it limits perf events of those without cap_perfmon; the tracer "
				 "has cap_perfmon or is not loaded, whatever stands here");
	else
		say_unread(d, "kernel.perf_event_paranoid");
}

static void say_ptrace(struct sonde_doctor *d)
{
	static const char name[] = "kernel.yama.ptrace_scope";
	char buf[64];
	const char *value = setting(name, buf, sizeof buf);
	int scope = value ? *value - '0' : 0; /* a digit */
	bool may = sonde_doctor_has(d, "follow", CAP_SYS_PTRACE);

	if (!sonde_doctor_wants(d, "demo follow"))
		return;
	if (!value)
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, NULL, NULL,
				 "this kernel is without Yama, which would limit ptrace");
	else if (!scope || (may && scope < 3))
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, value, NULL,
				 "ptrace may watch whatever this user may watch at all");
	else if (scope < 3)
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_MISSING, value,
				 "sysctl -w kernel.yama.ptrace_scope=0", "ptrace may watch %s",
				 scope == 1 ? "what it starts, but nothing that runs already (-p)"
					    : "nothing without cap_sys_ptrace");
	else
		sonde_doctor_say(
			d, "kernel", name, SONDE_DOCTOR_MISSING, value, NULL,
			"nobody may use ptrace until the machine starts anew; BPF remains");
}

static void say_namespaces(struct sonde_doctor *d)
{
	static const char name[] = "user.max_user_namespaces";
	static const char *const guards[][2] = {
		{ "kernel.unprivileged_userns_clone", "1" },
		{ "kernel.apparmor_restrict_unprivileged_userns", "0" },
	};
	char buf[64], other[64];
	const char *value = setting(name, buf, sizeof buf);
	const char *fix = NULL;

	if (!sonde_doctor_wants(d, "demo lab"))
		return;
	if (value && !strcmp(value, "0"))
		fix = "sysctl -w user.max_user_namespaces=10000";
	for (unsigned i = 0; i < 2 && !fix; i++)
		if (setting(guards[i][0], other, sizeof other) && strcmp(other, guards[i][1])) {
			snprintf(d->fix, sizeof d->fix, "sysctl -w %s=%s", guards[i][0],
				 guards[i][1]);
			fix = d->fix;
		}
	if (!d->userns)
		sonde_doctor_say(
			d, "kernel", name, SONDE_DOCTOR_OK, value, NULL,
			"this user gets a user namespace and a network in it: labs take no "
			"capability");
	else
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_MISSING, value, fix,
				 "this user gets no user namespace with a network in it: %s",
				 sonde_reason_text(d->userns));
}

static void say_room(struct sonde_doctor *d)
{
	static const char name[] = "net.core.rmem_max";
	char buf[64];
	const char *value = setting(name, buf, sizeof buf);
	bool may = sonde_doctor_has(d, "ping", CAP_NET_ADMIN);

	if (!sonde_doctor_wants(d, "ping trace"))
		return;
	snprintf(d->fix, sizeof d->fix, "sysctl -w %s=%d", name, RECEIVE_ROOM);
	if (!value)
		say_unread(d, name);
	else if (may || strtoull(value, NULL, 10) >= RECEIVE_ROOM)
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, value, NULL,
				 "answers that are not read at once have room%s",
				 may ? ": who has cap_net_admin is not held to this" : "");
	else
		sonde_doctor_say(
			d, "kernel", name, SONDE_DOCTOR_MISSING, value, d->fix,
			"a socket may hold so many bytes of unread answers; ping and trace "
			"ask for %d, so that none is lost where very many come at once",
			RECEIVE_ROOM);
}

static void say_limits(struct sonde_doctor *d)
{
	uint64_t bytes = sonde_machine_locked_memory();
	char buf[64] = "unlimited";
	const char *value;

	if (sonde_doctor_wants(d, "capture craft")) {
		if (bytes != UINT64_MAX)
			snprintf(buf, sizeof buf, "%llu", (unsigned long long)bytes);
		sonde_doctor_say(d, "kernel", "locked memory", SONDE_DOCTOR_OK, buf, NULL,
				 "bytes that this user may lock; the ring of a capture is not "
				 "counted, the frames of AF_XDP are, without cap_ipc_lock");
	}
	value = setting("net.ipv4.icmp_ratelimit", buf, sizeof buf);
	if (!sonde_doctor_wants(d, "lab trace"))
		return;
	if (value)
		sonde_doctor_say(
			d, "kernel", "net.ipv4.icmp_ratelimit", SONDE_DOCTOR_OK, value, NULL,
			"ms between two ICMP errors of this machine to one address; routers "
			"of a lab have their own, none unless it says icmp-rate=");
	else
		say_unread(d, "net.ipv4.icmp_ratelimit");
}

static void say_clock(struct sonde_doctor *d)
{
#define CLOCKS "/sys/devices/system/clocksource/clocksource0/"
	char now[64], all[256];

	if (!sonde_doctor_wants(d, "capture demo follow ping trace"))
		return;
	if (sonde_machine_read(CLOCKS "current_clocksource", now, sizeof now) <= 0)
		sonde_doctor_say(d, "kernel", "clock", SONDE_DOCTOR_UNKNOWN, NULL, NULL,
				 "/sys does not tell which hardware counts the time");
	else if (strncmp(now, "hpet", 4) && strncmp(now, "acpi_pm", 7) &&
		 strncmp(now, "jiffies", 7))
		sonde_doctor_say(d, "kernel", "clock", SONDE_DOCTOR_OK, now, NULL,
				 "this counter is read in tens of nanoseconds");
	else if (sonde_machine_read(CLOCKS "available_clocksource", all, sizeof all) > 0 &&
		 strstr(all, "tsc"))
		sonde_doctor_say(
			d, "kernel", "clock", SONDE_DOCTOR_MISSING, now,
			"echo tsc >" CLOCKS "current_clocksource",
			"reading this counter takes about a microsecond; tsc is there too");
	else
		sonde_doctor_say(d, "kernel", "clock", SONDE_DOCTOR_MISSING, now, NULL,
				 "reading this counter takes about a microsecond, and the kernel "
				 "trusts no faster one here");
}

static void say_sandbox(struct sonde_doctor *d)
{
	int r = sonde_machine_landlock();
	char abi[24];

	snprintf(abi, sizeof abi, "%d", r);
	if (r > 0)
		sonde_doctor_say(d, "kernel", "landlock", SONDE_DOCTOR_OK, abi, NULL,
				 "version of its interface: a program can give up files%s",
				 r >= 4 ? " and TCP" : "");
	else
		sonde_doctor_say(
			d, "kernel", "landlock", SONDE_DOCTOR_MISSING, NULL, NULL,
			"%s; a kernel with CONFIG_SECURITY_LANDLOCK and landlock in lsm= of its "
			"command line has it",
			sonde_reason_text(r));
	r = sonde_machine_seccomp();
	sonde_doctor_say(d, "kernel", "seccomp", r < 0 ? SONDE_DOCTOR_MISSING : SONDE_DOCTOR_OK,
			 NULL, NULL,
			 r < 0 ? "%s; a kernel with CONFIG_SECCOMP_FILTER has it"
			       : "a program can give up system calls%.0s",
			 sonde_reason_text(r));
}

static void say_part(struct sonde_doctor *d, const char *name, bool tried, int r, const char *there,
		     const char *missing)
{
	if (!tried)
		sonde_doctor_say(
			d, "kernel", name, SONDE_DOCTOR_UNKNOWN, NULL, NULL,
			"to try it takes a network namespace, which this user does not get");
	else if (r >= 0)
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_OK, NULL, NULL, "%s", there);
	else
		sonde_doctor_say(d, "kernel", name, SONDE_DOCTOR_MISSING, NULL, NULL, "%s: %s",
				 missing, sonde_reason_text(r));
}

void sonde_doctor_kernel(struct sonde_doctor *d)
{
	bool tried;
	int r;

	say_ping_group(d);
	say_bpf_settings(d);
	say_ptrace(d);
	say_namespaces(d);
	say_room(d);
	say_limits(d);
	say_clock(d);
	say_sandbox(d);
	if (sonde_doctor_wants(d, "craft lab")) {
		r = sonde_machine_nftables(&tried);
		say_part(d, "nftables", tried, r, "a rule of the firewall was set in a namespace",
			 "labs without box, nft and NAT still work, and craft without --no-rst");
	}
	if (sonde_doctor_wants(d, "craft")) {
		r = sonde_machine_xdp(&tried);
		say_part(d, "AF_XDP", tried, r, "a socket of this family was opened in a namespace",
			 "craft sends without --xdp");
	}
}
