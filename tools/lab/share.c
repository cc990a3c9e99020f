/* What the parts of sonde lab share. */
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "lab/truth.h"
#include "out/json.h"
#include "run/stamp.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/userns.h"
#include "tools/lab/lab.h"

int sonde_lab_read(struct sonde_labfile *ret, const char *path)
{
	struct sonde_labfile_error e;
	int r = sonde_labfile_read(ret, path, &e);

	if (r < 0 && *e.text)
		sonde_cli_say(&sonde_lab_cli, "%s:%u: %s", e.file, e.line, e.text);
	return !r ? 0 : *e.text ? SONDE_EXIT_INPUT : sonde_cli_fail(&sonde_lab_cli, e.file, r);
}

/* Kernels and their guards say no to a user namespace in several ways. */
static int fail_privilege(int code, const char *lacks)
{
	sonde_cli_say(&sonde_lab_cli,
		      "takes root, or a user namespace, which this user does not get: %s (see "
		      "kernel.unprivileged_userns_clone, user.max_user_namespaces and "
		      "kernel.apparmor_restrict_unprivileged_userns); %s",
		      sonde_reason_text(code), lacks);
	return SONDE_EXIT_PRIVILEGE;
}

/* Whether the kernel was built, or told, to do without what was asked of it. */
static bool is_missing(int code)
{
	return code == -EOPNOTSUPP || code == -EPROTONOSUPPORT || code == -EAFNOSUPPORT ||
	       code == -ENOSYS || code == -ENOENT;
}

int sonde_lab_build(struct sonde_labsite *ret, const struct sonde_labfile *f, const char *path,
		    bool *ret_own)
{
	struct sonde_labsite_error e;
	static const int wanted[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW };
	char doing[800], lacks[4600];
	int r;

	*lacks = 0;
	sonde_privilege_missing(lacks, sizeof lacks, wanted, 3); /* inside, nothing would be */
	lacks[strcspn(lacks, ";")] = 0; /* to give them to the file is to make it root */
	r = sonde_labsite_privilege(ret_own);
	if (r < 0)
		return fail_privilege(r, lacks);
	r = sonde_labsite_open(ret, &f->lab, &e);
	if (r >= 0)
		return 0;
	if (e.line)
		snprintf(doing, sizeof doing, "%s:%u: %s", path, e.line, e.what);
	else
		snprintf(doing, sizeof doing, "%s: %s", path, e.what);
	if (e.told) {
		sonde_cli_say(&sonde_lab_cli, "%s", doing);
		return SONDE_EXIT_INPUT;
	}
	sonde_cli_fail(&sonde_lab_cli, doing, r);
	if (is_missing(r) && e.without)
		sonde_cli_say(&sonde_lab_cli, "this kernel lacks it; labs without %s still work",
			      e.without);
	else if (is_missing(r))
		sonde_cli_say(&sonde_lab_cli, "this kernel lacks it, and no lab works without it");
	return r == -EPERM ? SONDE_EXIT_PRIVILEGE : SONDE_EXIT_FAILED;
}

int sonde_lab_ask(const struct sonde_lab_conf *conf, const char *name, int userns, int *ret_fd,
		  struct sonde_control_message *ret, const char *question, ...)
{
	char text[SONDE_CONTROL_MESSAGE];
	va_list args;
	int fd, r;

	va_start(args, question);
	vsnprintf(text, sizeof text, question, args);
	va_end(args);
	fd = sonde_labhold_ask(conf->uid, name, text, ret);
	if (fd == -ENOENT) {
		sonde_cli_say(&sonde_lab_cli, "there is no lab '%s'; 'sonde lab list' names them",
			      name);
		return SONDE_EXIT_INPUT;
	}
	if (fd < 0)
		return sonde_cli_fail(&sonde_lab_cli, name, fd);
	*ret_fd = fd;
	if (ret->code < 0 && *ret->text) {
		sonde_cli_say(&sonde_lab_cli, "%s: %s", name, ret->text);
		return SONDE_EXIT_INPUT;
	}
	r = ret->code;
	if (r >= 0 && userns >= 0 && ret->fd[userns] >= 0)
		r = sonde_userns_join(ret->fd[userns]);
	return r < 0 ? sonde_cli_fail(&sonde_lab_cli, name, r) : 0;
}

int sonde_lab_print_truth(const struct sonde_lab *lab, int truth, int out)
{
	static char buffer[64 << 10];
	const struct sonde_truth_ring *ring;
	struct sonde_truth_record record;
	struct sonde_truth_run_record run;
	struct sonde_stamp stamp = { 0 };
	char started[SONDE_STAMP_MAX];
	struct sonde_truth one;
	struct sonde_text t;
	uint64_t first;
	int r = sonde_labwire_truth(&ring, truth);

	if (r < 0)
		return sonde_cli_fail(&sonde_lab_cli, "the truth", r);
	sonde_text_init(&t, buffer, sizeof buffer, sonde_file_sink, &out);
	*sonde_stamp_put_rfc3339(&stamp, started, ring->began_real) = 0;
	first = sonde_truth_tell_run(&run, ring, started);
	sonde_json_record(&t, &sonde_truth_run_schema, &run);
	for (uint64_t i = first; (r = sonde_truth_get(ring, i, &one)) != 0; i++) {
		if (r < 0)
			continue; /* a newer one came over it */
		sonde_truth_tell(&record, lab, ring, &one);
		sonde_json_record(&t, &sonde_truth_schema, &record);
	}
	sonde_labwire_truth_done(ring);
	r = sonde_text_flush(&t);
	if (r < 0)
		return sonde_cli_fail(&sonde_lab_cli, "the truth", r);
	if (!first)
		return 0;
	sonde_cli_say(&sonde_lab_cli, "the oldest %llu records are gone",
		      (unsigned long long)first);
	return SONDE_EXIT_INCOMPLETE;
}
