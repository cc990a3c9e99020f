#include "run/voice.h"

#include <stdarg.h>
#include <stdio.h>

void sonde_voice_say(const struct sonde_voice *v, const char *fmt, ...)
{
	char line[500];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	v->hear(v->arg, line);
}
