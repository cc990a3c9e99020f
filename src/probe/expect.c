#include "probe/expect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "probe/path_facts.h"

/* clang-format off */
struct metric {
	const char *name;
	uint16_t at; /* of the member in what is judged */
	const char *unit; /* "ppm", "ns" or "" of a number, else one of states, or "via" */
};

#define OF_TARGET(name, member, unit) { name, offsetof(struct sonde_target_record, member), unit }
static const struct metric of_target[] = {
	OF_TARGET("loss", loss_ppm, "ppm"),
	OF_TARGET("min", rtt_min_ns, "ns"),
	OF_TARGET("mean", rtt_mean_ns, "ns"),
	OF_TARGET("avg", rtt_mean_ns, "ns"),
	OF_TARGET("max", rtt_max_ns, "ns"),
	OF_TARGET("mdev", rtt_deviation_ns, "ns"),
	OF_TARGET("p50", rtt_p50_ns, "ns"),
	OF_TARGET("p90", rtt_p90_ns, "ns"),
	OF_TARGET("p95", rtt_p95_ns, "ns"),
	OF_TARGET("p99", rtt_p99_ns, "ns"),
	OF_TARGET("p99.9", rtt_p999_ns, "ns"),
	OF_TARGET("jitter", jitter_ns, "ns"),
	OF_TARGET("jitter-rfc3550", jitter_rfc3550_ns, "ns"),
	OF_TARGET("received", received, ""),
	OF_TARGET("duplicates", duplicates, ""),
	OF_TARGET("reordered", reordered, ""),
	OF_TARGET("late", late, ""),
	OF_TARGET("burst", loss_longest, ""),
	OF_TARGET("errors", errors, ""),
};

#define OF_PATH(name, member, unit) { name, offsetof(struct sonde_path_facts, member), unit }
static const struct metric of_path[] = {
	OF_PATH("reach", reached, "reached"),
	OF_PATH("hops", hops, ""),
	OF_PATH("mtu", mtu, ""),
	OF_PATH("dscp", dscp_kept, "kept"),
	OF_PATH("ecn", ecn_kept, "kept"),
	OF_PATH("nat", nat_none, "none"),
	OF_PATH("via", via, "via"),
	OF_PATH("loss", end.loss_ppm, "ppm"),
	OF_PATH("min", end.rtt_min_ns, "ns"),
	OF_PATH("mean", end.rtt_mean_ns, "ns"),
	OF_PATH("avg", end.rtt_mean_ns, "ns"),
	OF_PATH("max", end.rtt_max_ns, "ns"),
	OF_PATH("mdev", end.rtt_deviation_ns, "ns"),
	OF_PATH("p50", end.rtt_p50_ns, "ns"),
	OF_PATH("p90", end.rtt_p90_ns, "ns"),
	OF_PATH("p99", end.rtt_p99_ns, "ns"),
	OF_PATH("jitter", end.jitter_ns, "ns"),
	OF_PATH("jitter-rfc3550", end.jitter_rfc3550_ns, "ns"),
	OF_PATH("received", end.received, ""),
	OF_PATH("duplicates", end.duplicates, ""),
	OF_PATH("late", end.late, ""),
};

struct sonde_expect_set {
	const struct metric *metric;
	unsigned n;
	const char *names;
};
const struct sonde_expect_set sonde_expect_of_target = {
	of_target, sizeof of_target / sizeof *of_target,
	"loss, min, mean, max, mdev, p50, p90, p95, p99, p99.9, jitter, jitter-rfc3550, received, "
	"duplicates, reordered, late, burst or errors"
};
const struct sonde_expect_set sonde_expect_of_path = {
	of_path, sizeof of_path / sizeof *of_path,
	"reach, hops, mtu, dscp, ecn, nat, via, loss, min, mean, max, mdev, p50, p90, p99, jitter, "
	"jitter-rfc3550, received, duplicates or late"
};

/* What is so or is not: the word that demands it, and what it is else. */
static const struct { const char *word, *otherwise; } states[] = {
	{ "reached", "not reached" }, { "kept", "changed" }, { "none", "translated" },
	{ "via", "not seen" },
};
enum { STATES = sizeof states / sizeof *states };

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

static const struct metric *metric_of(const struct sonde_expect *e)
{
	return &e->set->metric[e->metric];
}

static bool equals(const char *word, const char *at, size_t len)
{
	return strlen(word) == len && !memcmp(word, at, len);
}

static const char *otherwise(const struct sonde_expect *e)
{
	for (unsigned i = 0; i < STATES; i++)
		if (!strcmp(states[i].word, metric_of(e)->unit))
			return states[i].otherwise;
	return NULL;
}

/* Digits with a point, then a unit that fits the metric. */
static const char *parse_value(const char *at, const char *end, struct sonde_expect *e)
{
	const char *of = metric_of(e)->unit, *begin = at;
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
		if (equals(units[i].text, at, (size_t)(end - at)) && !strcmp(units[i].of, of)) {
			e->value = whole * units[i].scale + part * units[i].scale / scale;
			return NULL;
		}
	return !strcmp(of, "ppm") ? "a share such as 1%"
	       : *of		  ? "a time such as 20ms"
				  : "a whole number";
}

/* "192.0.2.1", "2001:db8::1", "AS64500". */
static const char *parse_via(const char *at, const char *end, struct sonde_expect *e)
{
	size_t len = (size_t)(end - at);
	char word[INET6_ADDRSTRLEN];

	if (len < sizeof word) {
		memcpy(word, at, len);
		word[len] = 0;
		e->via.family = inet_pton(AF_INET, word, e->via.ip) == 1    ? AF_INET
				: inet_pton(AF_INET6, word, e->via.ip) == 1 ? AF_INET6
									    : 0;
	}
	if (e->via.family)
		return NULL;
	if (len > 2 && len <= 12 && (at[0] == 'A' || at[0] == 'a') &&
	    (at[1] == 'S' || at[1] == 's'))
		for (at += 2; at < end && *at >= '0' && *at <= '9'; at++)
			e->value = e->value * 10 + (uint64_t)(*at - '0');
	return at == end && e->value && e->value <= UINT32_MAX ? NULL
							       : "an address or AS and its number";
}

/* What stands behind the name of something that is so or is not; "reach" stands alone. */
static const char *parse_state(const char *at, const char *end, struct sonde_expect *e)
{
	const char *unit = metric_of(e)->unit;

	e->value = 1;
	if (!strcmp(unit, "reached"))
		return at == end ? NULL : "nothing behind reach";
	if (at == end || *at != '=')
		return "=";
	at += at + 1 < end && at[1] == '=' ? 2 : 1;
	if (!strcmp(unit, "via")) {
		e->value = 0;
		return parse_via(at, end, e);
	}
	return equals(unit, at, (size_t)(end - at)) ? NULL : unit;
}

static const char *parse_one(const char *at, const char *end, struct sonde_expect *e)
{
	size_t len = strcspn(at, "<>= ,");

	e->text = at;
	e->text_len = (unsigned)(end - at);
	for (e->metric = 0; e->metric < e->set->n; e->metric++)
		if (equals(metric_of(e)->name, at, len))
			break;
	if (e->metric == e->set->n)
		return e->set->names;
	for (e->op = 0; e->op < OPS; e->op++)
		if (!strncmp(at + len, ops[e->op].text, strlen(ops[e->op].text)))
			break;
	if (otherwise(e))
		return parse_state(at + len, end, e);
	if (e->op == OPS)
		return "<, <=, >, >= or ==";
	return parse_value(at + len + strlen(ops[e->op].text), end, e);
}

int sonde_expect_parse(const struct sonde_expect_set *set, struct sonde_expect *ret,
		       const char *text, unsigned *ret_at, const char **ret_expected)
{
	const char *at = text + strspn(text, " ,");
	int n = 0;

	for (; *at; at += strspn(at, " ,")) {
		const char *end = at + strcspn(at, " ,"), *wrong;

		if (n == SONDE_EXPECT_MOST)
			return -E2BIG;
		ret[n] = (struct sonde_expect){ .set = set };
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

static uint64_t is_via(const struct sonde_expect *e, const struct sonde_path_facts *f)
{
	for (unsigned i = 0; i < f->n_via; i++)
		if (e->value ? f->via[i].as == e->value
			     : f->via[i].address.family == e->via.family &&
				       !memcmp(f->via[i].address.ip, e->via.ip, 16))
			return 1;
	return 0;
}

enum sonde_expect_verdict sonde_expect_judge(const struct sonde_expect *e, const void *subject,
					     uint64_t *ret_is)
{
	const struct metric *m = metric_of(e);
	uint64_t is;

	if (!strcmp(m->unit, "via"))
		is = is_via(e, subject);
	else
		memcpy(&is, (const char *)subject + m->at, sizeof is);
	*ret_is = is;
	if (is == SONDE_ABSENT)
		return SONDE_EXPECT_UNKNOWN;
	if (otherwise(e))
		return is ? SONDE_EXPECT_MET : SONDE_EXPECT_NOT_MET;
	return (is < e->value	 ? ops[e->op].less
		: is == e->value ? ops[e->op].same
				 : ops[e->op].more)
		       ? SONDE_EXPECT_MET
		       : SONDE_EXPECT_NOT_MET;
}

void sonde_expect_say(struct sonde_text *t, const struct sonde_expect *e, uint64_t v)
{
	const char *unit = metric_of(e)->unit;

	if (v == SONDE_ABSENT)
		sonde_text_str(t, "not known");
	else if (otherwise(e))
		sonde_text_str(t, v ? unit : otherwise(e));
	else if (!strcmp(unit, "ppm"))
		sonde_text_print(t, "%llu.%04llu%%", (unsigned long long)(v / 10000),
				 (unsigned long long)(v % 10000));
	else if (*unit)
		sonde_text_print(t, "%llu.%03llu ms", (unsigned long long)(v / 1000000),
				 (unsigned long long)(v / 1000 % 1000));
	else
		sonde_text_print(t, "%llu", (unsigned long long)v);
}

bool sonde_expect_is_as(const struct sonde_expect *e)
{
	return !strcmp(metric_of(e)->unit, "via") && e->value;
}
