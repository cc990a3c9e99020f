/* sonde VERB: runs the program sonde-VERB, which alone has the privileges that the verb needs. */
#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

static const char *const forms[] = { "VERB [ARG...]", "help [VERB]", NULL };
static const struct sonde_cli cli = {
	.name = "sonde",
	.purpose = "what the program asked, what the kernel did, what crossed the wire",
	.form = forms,
	.more = "'sonde help' lists the verbs, 'sonde VERB --help' the options of one.\n",
	.command = true,
};

enum { VERBS = 64 };

struct verbs {
	char name[VERBS][32];
	char path[VERBS][4096];
	size_t n;
};

/* Adds every sonde-NAME of the folder that is not known yet. */
static void look_into(struct verbs *v, const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = entry[i]->d_name, *name = file + strlen("sonde-");
		bool fits = !strncmp(file, "sonde-", strlen("sonde-")) && *name &&
			    strlen(name) < sizeof *v->name && v->n < VERBS;

		for (size_t k = 0; fits && k < v->n; k++)
			fits = strcmp(v->name[k], name);
		if (fits) {
			char *path = v->path[v->n];

			snprintf(path, sizeof *v->path, "%.*s/%.*s", 4000, folder, 64, file);
			if (!access(path, X_OK))
				memcpy(v->name[v->n++], name, strlen(name) + 1);
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* Verbs stand beside this program, and where `make install` puts them. */
static int find_verbs(struct verbs *v)
{
	char self[4000], folder[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return -errno;
	self[n] = 0;
	*strrchr(self, '/') = 0;
	look_into(v, self);
	snprintf(folder, sizeof folder, "%s/../libexec/sonde", self);
	look_into(v, folder);
	return 0;
}

/* The first line of its help says what a verb is for. */
static void print_purpose(const char *name, char *path)
{
	char *argv[] = { path, (char *)"--help", NULL }, line[256] = "", *colon;
	posix_spawn_file_actions_t files;
	int pipes[2];
	pid_t pid;
	FILE *f;

	if (pipe(pipes))
		return;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, pipes[0]);
	if (!posix_spawn(&pid, path, &files, NULL, argv, environ)) {
		close(pipes[1]);
		f = fdopen(pipes[0], "r");
		if (f && fgets(line, sizeof line, f) && (colon = strstr(line, ": ")))
			printf("  %-12s %s", name, colon + 2);
		while (f && fgetc(f) != EOF)
			;
		waitpid(pid, NULL, 0);
		if (f)
			fclose(f);
	}
	posix_spawn_file_actions_destroy(&files);
}

static int list_verbs(struct verbs *v)
{
	printf("%s: %s\n\n", cli.name, cli.purpose);
	fflush(stdout);
	for (size_t i = 0; i < v->n; i++)
		print_purpose(v->name[i], v->path[i]);
	printf("\n'sonde VERB --help' lists the options of a verb.\n");
	return fflush(stdout) ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_YES;
}

static _Noreturn void wrong_verb(const struct verbs *v, const char *typed)
{
	const char *names[VERBS + 1] = { NULL }, *near;

	for (size_t i = 0; i < v->n; i++)
		names[i] = v->name[i];
	near = sonde_cli_nearest(typed, names);
	if (near)
		sonde_cli_wrong(&cli, "there is no verb '%s'; is '%s' meant?", typed, near);
	sonde_cli_wrong(&cli, "there is no verb '%s'; 'sonde help' lists them", typed);
}

int main(int argc, char **argv)
{
	static struct verbs verbs;
	int operand = sonde_cli_parse(&cli, NULL, argc, argv), r = find_verbs(&verbs);
	char *help[] = { NULL, (char *)"--help", NULL };

	if (r < 0)
		return sonde_cli_fail(&cli, "/proc/self/exe", r);
	argv += operand;
	if (!*argv || (!strcmp(*argv, "help") && !argv[1]))
		return list_verbs(&verbs);
	if (!strcmp(*argv, "help")) {
		help[0] = argv[1];
		argv = help;
	}
	for (size_t i = 0; i < verbs.n; i++)
		if (!strcmp(verbs.name[i], *argv)) {
			*argv = verbs.path[i];
			execv(*argv, argv);
			return sonde_cli_fail_command(&cli, *argv, -errno);
		}
	wrong_verb(&verbs, *argv);
}
