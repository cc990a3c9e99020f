#ifndef SONDE_RUN_VOICE_H
#define SONDE_RUN_VOICE_H

/* What a run has to say while it goes on, a line at a time; who hears it prints it. */

struct sonde_voice {
	void (*hear)(void *arg, const char *line); /* without a newline; borrowed */
	void *arg;
};

/* At most 500 bytes. */
__attribute__((format(printf, 2, 3))) void sonde_voice_say(const struct sonde_voice *v,
							   const char *fmt, ...);

#endif
