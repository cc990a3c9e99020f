#ifndef SONDE_TOOLS_LAB_LAB_H
#define SONDE_TOOLS_LAB_LAB_H

/* The parts of sonde lab: one function a word, each given the options and what stands behind the
 * word, which is as many as it takes. They return exit codes. */

#include <sys/types.h>

#include "cli/cli.h"
#include "run/labfile.h"
#include "run/labhold.h"
#include "run/labsite.h"

struct sonde_lab_conf {
	const char *node, *name, *file, *truth;
	unsigned count;
	uid_t uid; /* before any namespace of ours */
};

extern const struct sonde_cli sonde_lab_cli;

int sonde_lab_run(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_up(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_exec(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_capture(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_set(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_truth(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_down(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_list(const struct sonde_lab_conf *conf, char **words);
int sonde_lab_check(const struct sonde_lab_conf *conf, char **words);

/* What they share: each says what failed and returns the exit code, or 0. */

/* Reads and plans a description. */
int sonde_lab_read(struct sonde_labfile *ret, const char *path);

/* Builds what was read, in a user namespace if need be, which is told. */
int sonde_lab_build(struct sonde_labsite *ret, const struct sonde_labfile *f, const char *path,
		    bool *ret_own);

/* Asks the lab of that name; its connection is left open in *ret_fd. The user namespace that comes
 * as the userns-th descriptor, if one does, becomes ours; -1: none is expected. */
int sonde_lab_ask(const struct sonde_lab_conf *conf, const char *name, int userns, int *ret_fd,
		  struct sonde_control_message *ret, const char *question, ...)
	__attribute__((format(printf, 6, 7)));

/* The truth as JSON lines, on out. */
int sonde_lab_print_truth(const struct sonde_lab *lab, int truth, int out);

#endif
