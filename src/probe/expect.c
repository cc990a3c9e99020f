#include "probe/expect.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *name;
	uint16_t at; /* of the member of the record */
	const char *unit;
} metrics[] = {
#define METRIC(name, member, unit) { name, offsetof(struct sonde_target_record, member), unit }
	METRIC("loss", loss_ppm, "ppm"),
	METRIC("min", rtt_min_ns, "ns"),
	METRIC("mean", rtt_mean_ns, "ns"),
	METRIC("avg", rtt_mean_ns, "ns"),
	METRIC("max", rtt_max_ns, "ns"),
	METRIC("mdev", rtt_deviation_ns, "ns"),
	METRIC("p50", rtt_p50_ns, "ns"),
	METRIC("p90", rtt_p90_ns, "ns"),
	METRIC("p95", rtt_p95_ns, "ns"),
	METRIC("p99", rtt_p99_ns, "ns"),
	METRIC("p99.9", rtt_p999_ns, "ns"),
	METRIC("jitter", jitter_ns, "ns"),
	METRIC("jitter-rfc3550", jitter_rfc3550_ns, "ns"),
	METRIC("received", received, ""),
	METRIC("duplicates", duplicates, ""),
	METRIC("reordered", reordered, ""),
	METRIC("late", late, ""),
	METRIC("burst", loss_longest, ""),
	METRIC("errors", errors, ""),
};
enum { METRICS = sizeof metrics / sizeof *metrics };

static const struct { const char *text; bool less, same, more; } ops[] = {
	{ "<=", true, true, false }, { ">=", false, true, true }, { "==", false, true, false },
	{ "<", true, false, false }, { ">", false, false, true },
};
enum { OPS = sizeof ops / sizeof *ops };

static const struct { const char *text, *of; uint64_t scale; } units[] = {
	{ "%", "ppm", 10000 }, { "ns", "ns", 1 }, { "us", "ns", 1000 }, { "ms", "ns", 1000000 },
	{ "s", "ns", 1000000000 }, { "", "", 1 },
};
enum { UNITS = sizeof units / sizeof *units };
/* clang-format on */

static bool is_metric(unsigned i, const char *at, size_t len)
{
	return strlen(metrics[i].name) == len && !memcmp(metrics[i].name, at, len);
}

/* Digits with a point, then a unit that fits the metric. */
static const char *parse_value(const char *at, const char *end, struct sonde_expect *e)
{
	const char *of = metrics[e->metric].unit, *begin = at;
	uint64_t whole = 0, part = 0, scale = 1;
	bool point = false;

	for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !point)); at++) {
		if (*at == '.') {
			point = true;
		} else if (!point) {
			if (whole > 1000000000)
				return "a smaller number";
			whole = whole * 10 + (uint64_t)(*at - '0');
		} else if (scale < 1000000000) {
			part = part * 10 + (uint64_t)(*at - '0');
			scale *= 10;
		}
	}
	if (at == begin)
		return "a number";
	for (unsigned i = 0; i < UNITS; i++)
		if (strlen(units[i].text) == (size_t)(end - at) &&
		    !memcmp(units[i].text, at, (size_t)(end - at)) && !strcmp(units[i].of, of)) {
			e->value = whole * units[i].scale + part * units[i].scale / scale;
			return NULL;
		}
	return !strcmp(of, "ppm") ? "a share such as 1%"
	       : *of		  ? "a time such as 20ms"
				  : "a whole number";
}

static const char *parse_one(const char *at, const char *end, struct sonde_expect *e)
{
	size_t len = strcspn(at, "<>=");

	e->text = at;
	e->text_len = (unsigned)(end - at);
	for (e->metric = 0; e->metric < METRICS; e->metric++)
		if (is_metric(e->metric, at, len))
			break;
	if (e->metric == METRICS)
		return "loss, min, mean, max, mdev, p50, p90, p95, p99, p99.9, jitter, "
		       "jitter-rfc3550, received, duplicates, reordered, late, burst or errors";
	for (e->op = 0; e->op < OPS; e->op++)
		if (!strncmp(at + len, ops[e->op].text, strlen(ops[e->op].text)))
			break;
	if (e->op == OPS)
		return "<, <=, >, >= or ==";
	return parse_value(at + len + strlen(ops[e->op].text), end, e);
}

int sonde_expect_parse(struct sonde_expect *ret, const char *text, unsigned *ret_at,
		       const char **ret_expected)
{
	const char *at = text + strspn(text, " ,");
	int n = 0;

	for (; *at; at += strspn(at, " ,")) {
		const char *end = at + strcspn(at, " ,"), *wrong;

		if (n == SONDE_EXPECT_MOST)
			return -E2BIG;
		wrong = parse_one(at, end, &ret[n++]);
		if (wrong) {
			*ret_at = (unsigned)(at - text);
			*ret_expected = wrong;
			return -EINVAL;
		}
		at = end;
	}
	if (!n) {
		*ret_at = 0;
		*ret_expected = "a demand such as loss<1%";
		return -EINVAL;
	}
	return n;
}

enum sonde_expect_verdict sonde_expect_judge(const struct sonde_expect *e,
					     const struct sonde_target_record *t, uint64_t *ret_is)
{
	uint64_t is;

	memcpy(&is, (const char *)t + metrics[e->metric].at, sizeof is);
	*ret_is = is;
	if (is == SONDE_ABSENT)
		return SONDE_EXPECT_UNKNOWN;
	return (is < e->value	 ? ops[e->op].less
		: is == e->value ? ops[e->op].same
				 : ops[e->op].more)
		       ? SONDE_EXPECT_MET
		       : SONDE_EXPECT_NOT_MET;
}

const char *sonde_expect_unit(const struct sonde_expect *e)
{
	return metrics[e->metric].unit;
}
