/* A command that tells what reaches it: "ready PGRP FOREGROUND SIGBLK SIGIGN SIGCGT", then "signal
 * N" for each caught one, "line TEXT" for each line of its input, "end" at the end of it.
 * Arguments: "ignore" SIGINT; "default": catch nothing. A line "exit N" ends it so, "die N" by
 * that signal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void caught(int n)
{
	char text[] = "signal 00\n";

	text[7] += (char)(n / 10);
	text[8] += (char)(n % 10);
	if (write(1, text, sizeof text - 1) < 0)
		_exit(99);
}

static unsigned long long status(const char *name)
{
	unsigned long long v = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			v = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return v;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2 };
	const char *how = argc > 1 ? argv[1] : "";
	unsigned long long masks[] = { status("SigBlk"), status("SigIgn"), status("SigCgt") };
	char line[256];
	size_t n = 0;

	for (size_t i = 0; i < sizeof signals / sizeof *signals && strcmp(how, "default"); i++)
		sigaction(signals[i], &(struct sigaction){ .sa_handler = caught }, NULL);
	if (!strcmp(how, "ignore"))
		signal(SIGINT, SIG_IGN);
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("ready %d %d %llx %llx %llx\n", getpgrp(), tcgetpgrp(0), masks[0], masks[1],
	       masks[2]);
	for (;;) {
		ssize_t got = read(0, line + n, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (line[n] != '\n') {
			n += n < sizeof line - 2;
			continue;
		}
		line[n] = 0;
		n = 0;
		printf("line %s\n", line);
		if (!strncmp(line, "exit ", 5))
			return atoi(line + 5);
		if (!strncmp(line, "die ", 4)) {
			signal(atoi(line + 4), SIG_DFL);
			raise(atoi(line + 4));
		}
	}
	printf("end\n");
	return 0;
}
