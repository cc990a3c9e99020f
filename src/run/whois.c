#include "run/whois.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/astable.h"
#include "sys/reverse.h"

struct sonde_whois {
	struct sonde_reverse *reverse;
	struct sonde_astable *as;
	char text[32];
	bool hush;
};

int sonde_whois_open(struct sonde_whois **ret, bool names, const char *as_table)
{
	static const struct sonde_reverse_plan usual;
	struct sonde_whois *w = calloc(1, sizeof *w);
	int r = 0;

	if (!w)
		return -ENOMEM;
	if (as_table)
		r = sonde_astable_open(&w->as, as_table);
	if (!r && names)
		r = sonde_reverse_open(&w->reverse, &usual);
	if (r)
		sonde_whois_close(w);
	else
		*ret = w;
	return r;
}

struct sonde_whois *sonde_whois_close(struct sonde_whois *w)
{
	if (!w)
		return NULL;
	sonde_reverse_close(w->reverse);
	sonde_astable_close(w->as);
	free(w);
	return NULL;
}

const char *sonde_whois_name(struct sonde_whois *w, const struct sonde_address *a)
{
	const char *name;

	if (!w->reverse || w->hush ||
	    sonde_reverse_ask(w->reverse, a, &name) != SONDE_REVERSE_NAMED)
		return NULL;
	return name;
}

void sonde_whois_hush(struct sonde_whois *w, bool hush)
{
	w->hush = hush;
}

uint32_t sonde_whois_as_number(struct sonde_whois *w, const struct sonde_address *a)
{
	struct sonde_as as;

	return w->as && sonde_astable_find(w->as, a, &as) == 1 ? as.number : 0;
}

const char *sonde_whois_as(struct sonde_whois *w, const struct sonde_address *a)
{
	uint32_t number = sonde_whois_as_number(w, a);

	if (!number)
		return NULL;
	snprintf(w->text, sizeof w->text, "AS%u", number);
	return w->text;
}

bool sonde_whois_waits(struct sonde_whois *w)
{
	return w->reverse && !w->hush && sonde_reverse_waiting(w->reverse);
}

unsigned sonde_whois_fds(struct sonde_whois *w, struct pollfd *ret)
{
	return w->reverse ? sonde_reverse_fds(w->reverse, ret) : 0;
}

sonde_ns sonde_whois_until(struct sonde_whois *w, sonde_ns now)
{
	return w->reverse ? sonde_reverse_until(w->reverse, now) : UINT64_MAX;
}

void sonde_whois_recv(struct sonde_whois *w)
{
	if (w->reverse)
		sonde_reverse_recv(w->reverse);
}
