#include "run/doctor.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/doctor_inside.h"
#include "run/rights.h"
#include "sys/grant.h"
#include "sys/machine.h"
#include "sys/privilege.h"

#define COLUMN(member, what) SONDE_COLUMN(sonde_doctor_record, member, TEXT, "", what)
static const struct sonde_column columns[] = {
	COLUMN(topic, "a verb, or kernel, bpf, interface"),
	COLUMN(name, "what of it"),
	COLUMN(state, "ok, missing or unknown"),
	COLUMN(value, "of a setting, as it is"),
	COLUMN(what, "what that means"),
	COLUMN(fix, "the command that puts it right, for root"),
};
const struct sonde_schema sonde_doctor_schema = { "doctor", columns,
						  sizeof columns / sizeof *columns };

bool sonde_doctor_wants(const struct sonde_doctor *d, const char *verbs)
{
	size_t n = d->verb ? strlen(d->verb) : 0;

	for (const char *at = verbs; d->verb && (at = strstr(at, d->verb)); at++)
		if ((at == verbs || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return !d->verb;
}

void sonde_doctor_say(struct sonde_doctor *d, const char *topic, const char *name,
		      enum sonde_doctor_state state, const char *value, const char *fix,
		      const char *what, ...)
{
	static const char *const states[] = { "ok", "missing", "unknown" };
	char text[4800];
	bool outside = d->foreign && fix && !strncmp(fix, "sysctl -w net.", 14);
	const struct sonde_doctor_record line = { topic, name, states[state],
						  value, text, outside ? NULL : fix };
	va_list args;

	va_start(args, what);
	vsnprintf(text, sizeof text, what, args);
	va_end(args);
	d->missing += state == SONDE_DOCTOR_MISSING;
	d->hear(d->arg, &line);
}

/* What of it has an effect here. Who makes a network namespace of its own may do all in that. */
static uint64_t effective(const struct sonde_grant *g, bool own_network)
{
	const uint64_t network = 1ull << CAP_NET_RAW | 1ull << CAP_NET_ADMIN |
				 1ull << CAP_NET_BIND_SERVICE,
		       machine = 1ull << CAP_BPF | 1ull << CAP_PERFMON;

	return g->has & ~(g->inner ? machine : 0) & ~(g->foreign && !own_network ? network : 0);
}

static bool has_own_network(const struct sonde_right *r)
{
	return r->or == SONDE_RIGHT_OR_USERNS || r->or == SONDE_RIGHT_OR_UNSHARE;
}

static void put_path(const struct sonde_doctor *d, const char *program, char *ret, size_t size)
{
	snprintf(ret, size, "%s/sonde-%s", d->folder, program);
}

bool sonde_doctor_has(const struct sonde_doctor *d, const char *program, int cap)
{
	struct sonde_grant g;
	char path[4200];

	put_path(d, program, path, sizeof path);
	return !sonde_grant_read(&g, path) && effective(&g, false) >> cap & 1;
}

/* "cap_bpf,cap_perfmon", as setcap(8) and people write them. */
static void put_caps(char *ret, size_t size, uint64_t mask)
{
	size_t len = 0;

	*ret = 0;
	for (int cap = 0; cap <= CAP_LAST_CAP && len + 32 < size; cap++)
		if (mask >> cap & 1)
			len += (size_t)snprintf(ret + len, size - len, "%scap_%s", len ? "," : "",
						sonde_privilege_name(cap));
}

/* What does as well as the capabilities; NULL: nothing. */
static const char *instead(const struct sonde_doctor *d, const struct sonde_right *r)
{
	if (r->or == SONDE_RIGHT_OR_PING_GROUP && d->ping_group)
		return "a ping socket, which net.ipv4.ping_group_range allows this group";
	if (r->or == SONDE_RIGHT_OR_USERNS && !d->userns)
		return "a user namespace of its own, which this user gets";
	return NULL;
}

/* Why giving the file a capability would be in vain; NULL: it would not. */
static const char *in_vain(const struct sonde_grant *g, uint64_t missing)
{
	if (missing & g->has)
		return "what it has counts in this user namespace alone";
	if (missing & ~g->bound)
		return "the bounding set of this session lacks it";
	if (g->no_new && !g->root)
		return "no_new_privs of this session keeps the file's from counting";
	if (g->nosuid && !g->root)
		return "its file lies where it is mounted nosuid";
	return NULL;
}

/* A command that helps, or NULL. What was given to the file before stays, and what `make install`
 * gives comes too, so that no two of these commands undo each other. */
static const char *choose_fix(struct sonde_doctor *d, const struct sonde_right *r, const char *path,
			      const struct sonde_grant *g, bool vain)
{
	char caps[300];

	put_caps(caps, sizeof caps,
		 g->file | sonde_right_mask(r) | sonde_right_of_file(r->program));
	if (r->or == SONDE_RIGHT_OR_USERNS)
		return NULL; /* said of user.max_user_namespaces */
	if (r->or == SONDE_RIGHT_OR_UNSHARE && !d->userns)
		snprintf(d->fix, sizeof d->fix, "unshare -Ur '%s'", path);
	else if (r->or == SONDE_RIGHT_OR_PING_GROUP && vain)
		snprintf(d->fix, sizeof d->fix, "sysctl -w net.ipv4.ping_group_range='%u %u'",
			 getegid(), getegid());
	else if (vain)
		return NULL;
	else
		snprintf(d->fix, sizeof d->fix, "setcap %s+ep '%s'", caps, path);
	return d->fix;
}

static void say_missing(struct sonde_doctor *d, const struct sonde_right *r, const char *path,
			const struct sonde_grant *g)
{
	uint64_t missing = sonde_right_mask(r) & ~effective(g, has_own_network(r));
	const char *vain = in_vain(g, missing);
	char caps[300];

	put_caps(caps, sizeof caps, missing);
	sonde_doctor_say(
		d, r->program, r->mode, SONDE_DOCTOR_MISSING, NULL, choose_fix(d, r, path, g, vain),
		"lacks %s, by which it %s; without, %s%s%s", caps, r->why,
		r->without ? r->without : "it exits with 77", vain ? "; " : "", vain ? vain : "");
}

static void say_right(struct sonde_doctor *d, const struct sonde_right *r, const char *path)
{
	struct sonde_grant g;
	int err = sonde_grant_read(&g, path);
	char caps[300];

	if (err < 0) {
		sonde_doctor_say(d, r->program, r->mode, SONDE_DOCTOR_MISSING, NULL, NULL,
				 "this user may not start %s: it is for the group of that file",
				 path);
		return;
	}
	put_caps(caps, sizeof caps, sonde_right_mask(r));
	if (!r->n && r->or == SONDE_RIGHT_OR_USERNS && d->userns)
		sonde_doctor_say(d, r->program, r->mode, SONDE_DOCTOR_MISSING, NULL, NULL,
				 "this user gets none; see user.max_user_namespaces below");
	else if (!r->n)
		sonde_doctor_say(d, r->program, r->mode, SONDE_DOCTOR_OK, NULL, NULL,
				 "takes no capability: %s", r->why);
	else if (!(sonde_right_mask(r) & ~effective(&g, has_own_network(r))))
		sonde_doctor_say(d, r->program, r->mode, SONDE_DOCTOR_OK, NULL, NULL,
				 "has %s, by which it %s; %s", caps, r->why, r->until);
	else if (instead(d, r))
		sonde_doctor_say(d, r->program, r->mode, SONDE_DOCTOR_OK, NULL, NULL,
				 "lacks %s, but %s does as well", caps, instead(d, r));
	else
		say_missing(d, r, path, &g);
}

int sonde_doctor_run(const char *folder, const char *verb, sonde_doctor_hear hear, void *arg)
{
	struct sonde_doctor d = { .verb = verb,
				  .folder = folder,
				  .ping_group = sonde_machine_ping_group() == 1,
				  .userns = sonde_machine_userns(),
				  .hear = hear,
				  .arg = arg };
	struct sonde_grant g;
	bool found = false;

	for (const struct sonde_right *r = sonde_rights; r->program; r++) {
		char path[4200];

		put_path(&d, r->program, path, sizeof path);
		if (!sonde_doctor_wants(&d, r->program) || access(path, F_OK))
			continue;
		found = true;
		d.foreign = !sonde_grant_read(&g, path) ? g.foreign : d.foreign;
		say_right(&d, r, path);
	}
	if (!found)
		return -ENOENT;
	sonde_doctor_kernel(&d);
	sonde_doctor_bpf(&d);
	sonde_doctor_devices(&d);
	return d.missing;
}
