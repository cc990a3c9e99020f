#include "base/date.h"

#include "base/text.h"
#include "base/time.h"

enum {
	DAY = 86400,
	DAYS_400 = 146097,
	DAYS_TO_1970 = 719468 /* from the first of March of year 0 */
};

/* Years begin in March, so that a leap day is the last of its year, and 400 of them repeat. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : year - 1, era = (y < 0 ? y - 399 : y) / 400;
	int64_t in = y - era * 400, of = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * DAYS_400 + in * 365 + in / 4 - in / 100 + of - DAYS_TO_1970;
}

static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + DAYS_TO_1970, era = (z < 0 ? z - DAYS_400 + 1 : z) / DAYS_400;
	int64_t in = z - era * DAYS_400;
	int64_t y = (in - in / 1460 + in / 36524 - in / 146096) / 365;
	int64_t of = in - (365 * y + y / 4 - y / 100), m = (5 * of + 2) / 153;

	*day = (unsigned)(of - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static char *part(char *o, char before, uint64_t v, unsigned digits)
{
	*o++ = before;
	return sonde_put_dec_padded(o, v, digits);
}

char *sonde_date_put(char *o, int64_t ns)
{
	int64_t second = ns / (int64_t)SONDE_SECOND, fraction = ns % (int64_t)SONDE_SECOND;
	int64_t days, year;
	unsigned month, day;

	if (fraction < 0) {
		fraction += SONDE_SECOND;
		second--;
	}
	days = (second < 0 ? second - DAY + 1 : second) / DAY;
	second -= days * DAY;
	date_of(days, &year, &month, &day);
	o = sonde_put_dec_padded(o, (uint64_t)year, 4);
	o = part(part(o, '-', month, 2), '-', day, 2);
	o = part(o, 'T', (uint64_t)second / 3600, 2);
	o = part(part(o, ':', (uint64_t)second / 60 % 60, 2), ':', (uint64_t)second % 60, 2);
	o = part(o, '.', (uint64_t)fraction, 9);
	*o++ = 'Z';
	return o;
}

/* Exactly so many digits, up to most. */
static bool number(const char **at, unsigned digits, unsigned most, unsigned *ret)
{
	unsigned v = 0;

	for (; digits; digits--, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		v = v * 10 + (unsigned)(**at - '0');
	}
	*ret = v;
	return v <= most;
}

static bool sign(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool fraction_of(const char **at, int64_t *ns)
{
	int64_t unit = SONDE_SECOND / 10;

	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
		*ns += (**at - '0') * unit;
	return true;
}

bool sonde_date_parse(const char *text, int64_t *ret_ns)
{
	unsigned year, month, day, hour = 0, minute = 0, second = 0;
	int64_t ns = 0;
	__int128 all;

	if (!number(&text, 4, 9999, &year) || !sign(&text, '-') || !number(&text, 2, 12, &month) ||
	    !month || !sign(&text, '-') || !number(&text, 2, month_days(year, month), &day) || !day)
		return false;
	if (sign(&text, 'T') || sign(&text, ' ')) {
		if (!number(&text, 2, 23, &hour) || !sign(&text, ':') ||
		    !number(&text, 2, 59, &minute))
			return false;
		if (sign(&text, ':') && !number(&text, 2, 60, &second))
			return false;
		if (sign(&text, '.') && !fraction_of(&text, &ns))
			return false;
		sign(&text, 'Z');
	}
	all = days_of(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
	all = all * (int64_t)SONDE_SECOND + ns;
	if (*text || all < INT64_MIN || all > INT64_MAX)
		return false;
	*ret_ns = (int64_t)all;
	return true;
}
