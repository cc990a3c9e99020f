#include "run/stamp.h"

#include <time.h>

static char *two(char *o, int v)
{
	return sonde_put_dec_padded(o, (uint64_t)v, 2);
}

static char *clock_of(char *o, const struct tm *tm)
{
	o = two(o, tm->tm_hour);
	*o++ = ':';
	o = two(o, tm->tm_min);
	*o++ = ':';
	return two(o, tm->tm_sec);
}

static char *date_of(char *o, const struct tm *tm, char between)
{
	o = sonde_put_dec_padded(o, (uint64_t)(tm->tm_year + 1900), 4);
	*o++ = '-';
	o = two(o, tm->tm_mon + 1);
	*o++ = '-';
	o = two(o, tm->tm_mday);
	*o++ = between;
	return clock_of(o, tm);
}

/* All that stays the same within a second; with the date where between is not 0. */
static void renew(struct sonde_stamp *s, uint64_t second, bool utc, char between)
{
	time_t t = (time_t)second;
	struct tm tm = { 0 };
	char *o = s->word;

	utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm);
	o = between ? date_of(o, &tm, between) : clock_of(o, &tm);
	*o++ = '.';
	s->len = (unsigned)(o - s->word);
	s->second = second + 1;
}

static char *fraction(char *o, uint64_t ns, bool nano)
{
	if (!nano)
		return sonde_put_eight_digits(o, (uint32_t)(ns / 1000 * 100)) - 2;
	*o = (char)('0' + ns / 100000000);
	return sonde_put_eight_digits(o + 1, (uint32_t)(ns % 100000000));
}

static char *clock_put(struct sonde_stamp *s, char *o, sonde_ns when)
{
	uint64_t second = when / SONDE_SECOND;

	if (second + 1 != s->second)
		renew(s, second, s->utc, s->form == SONDE_STAMP_DATE ? ' ' : 0);
	memcpy(o, s->word, sizeof s->word);
	return fraction(o + s->len, when % SONDE_SECOND, s->nano);
}

/* " 00:00:00.000000": a capture may go back in time. */
static char *delta_put(struct sonde_stamp *s, char *o, sonde_ns when)
{
	bool back;
	sonde_ns d, second;

	if (!s->begun)
		s->from = when;
	back = when < s->from;
	d = back ? s->from - when : when - s->from;
	if (!s->begun || s->form == SONDE_STAMP_DELTA)
		s->from = when;
	s->begun = true;
	second = d / SONDE_SECOND;
	*o++ = back ? '-' : ' ';
	o = second >= 360000 ? sonde_put_dec(o, second / 3600) : two(o, (int)(second / 3600));
	*o++ = ':';
	o = two(o, (int)(second / 60 % 60));
	*o++ = ':';
	o = two(o, (int)(second % 60));
	*o++ = '.';
	return fraction(o, d % SONDE_SECOND, s->nano);
}

char *sonde_stamp_put(struct sonde_stamp *s, char *o, sonde_ns when)
{
	switch ((enum sonde_stamp_form)s->form) {
	case SONDE_STAMP_NONE: return o;
	case SONDE_STAMP_EPOCH:
		o = sonde_put_dec(o, when / SONDE_SECOND);
		*o++ = '.';
		o = fraction(o, when % SONDE_SECOND, s->nano);
		break;
	case SONDE_STAMP_DELTA:
	case SONDE_STAMP_SINCE: o = delta_put(s, o, when); break;
	default: o = clock_put(s, o, when);
	}
	*o++ = ' ';
	return o;
}

char *sonde_stamp_put_rfc3339(struct sonde_stamp *s, char *o, sonde_ns when)
{
	uint64_t second = when / SONDE_SECOND;

	if (second + 1 != s->second)
		renew(s, second, true, 'T');
	memcpy(o, s->word, sizeof s->word);
	o = fraction(o + s->len, when % SONDE_SECOND, true);
	*o++ = 'Z';
	return o;
}
