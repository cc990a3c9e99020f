#ifndef SONDE_CLI_CLI_H
#define SONDE_CLI_CLI_H

/* A program's manners: its command line, its help, and how its failures become a sentence and an
 * exit code. This room is the only one that exits or prints usage. */

#include "cli/option.h"

#define SONDE_VERSION "0.1"

enum sonde_exit {
	SONDE_EXIT_YES = 0,
	SONDE_EXIT_NO = 1,	     /* no answer, expectation failed, or it could not be done */
	SONDE_EXIT_INPUT = 2,	     /* usage or input error */
	SONDE_EXIT_INCOMPLETE = 3,   /* done, but not all: cut file, lost events, full disk */
	SONDE_EXIT_PRIVILEGE = 77,   /* a privilege is lacking */
	SONDE_EXIT_FAILED = 125,     /* verbs that run a command: sonde itself failed */
	SONDE_EXIT_CANNOT_RUN = 126, /* the command is there and cannot be run */
	SONDE_EXIT_NOT_FOUND = 127,  /* there is no such command */
};

struct sonde_cli {
	const char *name;	 /* "sonde follow" */
	const char *purpose;	 /* one line without a full stop */
	const char *const *form; /* what stands behind the name, one usage line each, then NULL */
	const struct sonde_option *option; /* ends with SONDE_OPTION_END; NULL: none */
	const char *more; /* printed below the options, with its newline, or NULL */
	bool command;	  /* options end at the first operand: it is a command of its own */
};

/* Fills conf from argv and returns the place of the first operand. --help and --version print and
 * exit 0; a mistake is one sentence and exit 2. Every value starts as the caller set it. */
int sonde_cli_parse(const struct sonde_cli *cli, void *conf, int argc, char **argv);

/* "sonde follow: what you say", and exit 2: for mistakes that a table cannot see. */
__attribute__((noreturn, format(printf, 2, 3))) void sonde_cli_wrong(const struct sonde_cli *cli,
								     const char *fmt, ...);

/* The same without leaving. */
__attribute__((format(printf, 2, 3))) void sonde_cli_say(const struct sonde_cli *cli,
							 const char *fmt, ...);

/* Prints "sonde follow: doing: reason" and returns the exit code that goes with the code. doing may
 * hold anything; it is escaped. */
int sonde_cli_fail(const struct sonde_cli *cli, const char *doing, int code);

/* The same for a command that could not be started: 127 for -ENOENT, else 126. */
int sonde_cli_fail_command(const struct sonde_cli *cli, const char *command, int code);

/* Only the exit code: input 2, incomplete 3, privilege 77, else 1; 0 for a code >= 0. */
int sonde_cli_status(int code);

/* The word of the list (then NULL) that somebody who typed this most likely meant, or NULL. */
const char *sonde_cli_nearest(const char *typed, const char *const *words);

#endif
