/* Stands in for screen.c where this was built without ncursesw. */
#include "base/reason.h"
#include "sys/screen.h"

sonde_palette sonde_screen_palette = { NULL };

int sonde_screen_open(struct sonde_screen **ret, int out, bool color)
{
	(void)ret, (void)out, (void)color;
	return SONDE_NO_SCREEN;
}

struct sonde_screen *sonde_screen_close(struct sonde_screen *s)
{
	(void)s;
	return NULL;
}

unsigned sonde_screen_rows(const struct sonde_screen *s)
{
	(void)s;
	return 0;
}

unsigned sonde_screen_columns(const struct sonde_screen *s)
{
	(void)s;
	return 0;
}

void sonde_screen_put(struct sonde_screen *s, unsigned row, const char *text, size_t len,
		      bool marked)
{
	(void)s, (void)row, (void)text, (void)len, (void)marked;
}

void sonde_screen_show(struct sonde_screen *s)
{
	(void)s;
}

void sonde_screen_renew(struct sonde_screen *s)
{
	(void)s;
}

int sonde_screen_key(struct sonde_screen *s)
{
	(void)s;
	return SONDE_KEY_NONE;
}

int sonde_screen_fd(const struct sonde_screen *s)
{
	(void)s;
	return -1;
}
