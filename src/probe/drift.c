#include "probe/drift.h"

#include <string.h>

#include "probe/say_value.h"
#include "probe/trace.h"

static const struct sonde_column diff_columns[] = { SONDE_DIFF_COLUMNS(SONDE_MEMBER_COLUMN,
								       sonde_diff_record) };
const struct sonde_schema sonde_diff_schema = { "diff", diff_columns,
						sizeof diff_columns / sizeof *diff_columns };

enum { SAME_ADDRESS = 4, BOTH_SILENT = 1 }; /* what two hops that lie side by side are worth */

struct drift {
	struct sonde_drift_path old, new;
	struct sonde_arena *arena;
	struct sonde_diff_record *record;
	unsigned n;
};

/* ---- by chance? ---- */

/* What |t| exceeds once in a thousand times, squared, by degrees of freedom (Student's t, two
 * sides). */
static double extreme(double freedom)
{
	static const struct {
		double freedom, t;
	} row[] = { { 120, 3.373 }, { 60, 3.460 }, { 30, 3.646 }, { 20, 3.850 }, { 15, 4.073 },
		    { 10, 4.587 },  { 8, 5.041 },  { 6, 5.959 },  { 5, 6.869 },	 { 4, 8.610 },
		    { 3, 12.924 },  { 2, 31.599 }, { 1, 636.619 } };

	for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
		if (freedom >= row[i].freedom)
			return row[i].t * row[i].t;
	return 1e18;
}

/* The variance of a mean, of a deviation that divides by n; a microsecond is what clocks are good
 * for. */
static double spread(const struct sonde_hop_record *r)
{
	double deviation = (double)r->rtt_deviation_ns + 1000;

	return deviation * deviation / (double)(r->received - 1);
}

static const char *rtt_moved(const struct sonde_hop_record *old, const struct sonde_hop_record *new)
{
	double mean[2] = { (double)old->rtt_mean_ns, (double)new->rtt_mean_ns };
	double by = mean[1] - mean[0], a, b, freedom;

	if (old->rtt_mean_ns == SONDE_ABSENT || new->rtt_mean_ns == SONDE_ABSENT ||
	    old->rtt_deviation_ns == SONDE_ABSENT || new->rtt_deviation_ns == SONDE_ABSENT ||
	    old->received == SONDE_ABSENT || old->received < 2 || new->received < 2)
		return NULL;
	a = spread(old);
	b = spread(new);
	freedom = (a + b) * (a + b) /
		  (a * a / (double)(old->received - 1) + b * b / (double)(new->received - 1));
	if (by * by <= extreme(freedom) * (a + b) || by * by < 1e10 ||
	    by * by * 100 < mean[0] * mean[0])
		return "same";
	return by > 0 ? "up" : "down";
}

static const char *loss_moved(const struct sonde_hop_record *old,
			      const struct sonde_hop_record *new)
{
	double a, b, c, d, n, cross, all;

	if (old->lost == SONDE_ABSENT || old->received == SONDE_ABSENT || !old->from || !new->from)
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		const char *why = (i ? new : old)->loss;

		if (why && !strcmp(why, "limited"))
			return NULL; /* that is no loss */
	}
	a = (double)old->lost;
	b = (double)old->received;
	c = (double)new->lost;
	d = (double)new->received;
	n = a + b + c + d;
	cross = a * d - b * c;
	all = (a + b) * (c + d) * (a + c) * (b + d);
	cross = (cross < 0 ? -cross : cross) - n / 2;
	if (all <= 0 || cross <= 0 || n * cross * cross <= 10.828 * all)
		return "same";
	return c * (a + b) > a * (c + d) ? "up" : "down";
}

/* ---- side by side ---- */

static unsigned worth(const struct sonde_hop_record *old, const struct sonde_hop_record *new)
{
	if (!old->from && !new->from)
		return BOTH_SILENT;
	for (size_t i = 0; i < old->addresses.n; i++)
		for (size_t k = 0; k < new->addresses.n; k++)
			if (!strcmp(old->addresses.at[i], new->addresses.at[k]))
				return SAME_ADDRESS;
	return 0;
}

/* Whether this change, "ip.ttl 7 -> 9", is among the others. Where something else was sent, as a
 * port of one run alone, it is the same change if it befell the same field. */
static bool is_among(const char *change, const struct sonde_list *others)
{
	size_t name = strcspn(change, " ");

	for (size_t i = 0; i < others->n; i++) {
		const char *other = others->at[i], *to = strstr(change, " -> ");
		size_t sent = to ? (size_t)(to - change) : strlen(change);

		if (!strcmp(change, other) ||
		    (to && !strncmp(change, other, name + 1) && strncmp(change, other, sent + 4)))
			return true;
	}
	return false;
}

/* What of these is not among the others. */
static struct sonde_list left_of(const struct sonde_list *these, const struct sonde_list *others,
				 struct sonde_arena *a)
{
	const char **at = sonde_arena_take(a, (these->n + 1) * sizeof *at);
	struct sonde_list ret = { at, 0 };

	for (size_t i = 0; i < these->n; i++)
		if (!is_among(these->at[i], others))
			at[ret.n++] = these->at[i];
	return ret.n ? ret : (struct sonde_list){ 0 };
}

static struct sonde_diff_record *add(struct drift *d, const struct sonde_hop_record *any)
{
	struct sonde_diff_record *r = &d->record[d->n++];

	sonde_record_clear(&sonde_diff_schema, r);
	r->target = any->target;
	r->name = any->name;
	return r;
}

/* Either may be NULL. */
static void add_hop(struct drift *d, const struct sonde_hop_record *old,
		    const struct sonde_hop_record *new)
{
	struct sonde_diff_record *r = add(d, d->new.hop);

	if (old) {
		r->old_ttl = old->ttl;
		r->old_from = old->from;
		r->old_rtt_mean_ns = old->rtt_mean_ns;
		r->old_loss_ppm = old->loss_ppm;
	}
	if (new) {
		r->ttl = new->ttl;
		r->from = new->from;
		r->rtt_mean_ns = new->rtt_mean_ns;
		r->loss_ppm = new->loss_ppm;
	}
	r->path = !old ? "appeared" : !new ? "vanished" : "same";
	if (old && new) {
		if (!worth(old, new))
			r->path = !new->from ? "silent" : !old->from ? "answers" : "address";
		else if (old->from) {
			r->rtt = rtt_moved(old, new);
			r->loss = loss_moved(old, new);
		}
		if (old->nat && new->nat) { /* both quote the probe */
			r->changes = left_of(&new->changes, &old->changes, d->arena);
			r->old_changes = left_of(&old->changes, &new->changes, d->arena);
		}
	}
	r->differs = strcmp(r->path, "same") || r->changes.n || r->old_changes.n;
}

static bool has_end(const struct sonde_drift_path *p)
{
	const char *status = p->n ? p->hop[p->n - 1].status : NULL;

	return status && (!strcmp(status, "target") || !strcmp(status, "end"));
}

static bool is_reached(const struct sonde_drift_path *p)
{
	return has_end(p) && !strcmp(p->hop[p->n - 1].status, "target");
}

/* Hops between two that are the same in both: one by one, and what is left over. */
static void add_gap(struct drift *d, unsigned i, unsigned old_end, unsigned k, unsigned new_end)
{
	bool last = old_end == d->old.n && new_end == d->new.n;

	for (; i < old_end && k < new_end; i++, k++)
		add_hop(d, &d->old.hop[i], &d->new.hop[k]);
	for (; i < old_end && !(last && !has_end(&d->new)); i++)
		add_hop(d, &d->old.hop[i], NULL);
	for (; k < new_end && !(last && !has_end(&d->old)); k++)
		add_hop(d, NULL, &d->new.hop[k]);
}

/* The most that two paths have in common, in order. */
static void align(struct drift *d)
{
	uint16_t best[SONDE_TRACE_MOST + 1][SONDE_TRACE_MOST + 1] = { 0 };
	unsigned n = d->old.n, m = d->new.n, i = 0, k = 0, gap_i = 0, gap_k = 0;

	for (i = n; i-- > 0;)
		for (k = m; k-- > 0;) {
			unsigned w = worth(&d->old.hop[i], &d->new.hop[k]);
			unsigned with = w ? w + best[i + 1][k + 1] : 0;
			unsigned without =
				best[i + 1][k] > best[i][k + 1] ? best[i + 1][k] : best[i][k + 1];

			best[i][k] = (uint16_t)(with > without ? with : without);
		}
	for (i = k = 0; i < n && k < m;) {
		unsigned w = worth(&d->old.hop[i], &d->new.hop[k]);

		if (w && best[i][k] == w + best[i + 1][k + 1]) {
			add_gap(d, gap_i, i, gap_k, k);
			add_hop(d, &d->old.hop[i], &d->new.hop[k]);
			gap_i = ++i;
			gap_k = ++k;
		} else if (best[i][k] == best[i + 1][k]) {
			i++;
		} else {
			k++;
		}
	}
	add_gap(d, gap_i, n, gap_k, m);
}

static void skip_until(struct sonde_drift_path *p, uint64_t ttl)
{
	while (p->n && p->hop->ttl < ttl) {
		p->hop++;
		p->n--;
	}
}

unsigned sonde_drift_find(const struct sonde_drift_path *old, const struct sonde_drift_path *new,
			  struct sonde_arena *arena, struct sonde_diff_record **ret)
{
	struct drift d = { .new = *new, .arena = arena };
	struct sonde_diff_record *whole;

	d.record = sonde_arena_take(arena, (1u + new->n + (old ? old->n : 0)) * sizeof *d.record);
	*ret = d.record;
	if (!new->n)
		return 0;
	whole = add(&d, new->hop);
	whole->differs = 1;
	whole->path = "unknown";
	if (!old || !old->n)
		return d.n;
	d.old = *old;
	skip_until(&d.old, new->hop->ttl);
	skip_until(&d.new, old->hop->ttl);
	if (d.new.n)
		align(&d);
	whole->differs = is_reached(old) != is_reached(new);
	for (unsigned i = 1; i < d.n; i++)
		whole->differs |= d.record[i].differs;
	whole->path = is_reached(new) && !is_reached(old)   ? "reached"
		      : !is_reached(new) && is_reached(old) ? "unreached"
		      : whole->differs			    ? "differs"
							    : "same";
	return d.n;
}

/* ---- in words ---- */

static void say_hop(struct sonde_text *t, const struct sonde_diff_record *r)
{
	if (r->ttl != SONDE_ABSENT)
		sonde_text_print(t, "  hop %llu: ", (unsigned long long)r->ttl);
	else
		sonde_text_print(t, "  hop %llu of before: ", (unsigned long long)r->old_ttl);
}

static void say_path(struct sonde_text *t, const struct sonde_diff_record *r)
{
	const char *was = r->old_from ? r->old_from : "silent", *is = r->from ? r->from : "silent";

	say_hop(t, r);
	if (!strcmp(r->path, "vanished") || !strcmp(r->path, "appeared")) {
		sonde_say_name(t, *r->path == 'v' ? was : is);
		sonde_text_print(t, " %s\n", r->path);
		return;
	}
	sonde_say_name(t, is);
	sonde_text_str(t, "; it was ");
	sonde_say_name(t, was);
	sonde_text_str(t, "\n");
}

static bool has_moved(const char *how)
{
	return how && strcmp(how, "same");
}

/* "round trip up: 9.500 ms; it was 1.000 ms" */
static void say_moved(struct sonde_text *t, const struct sonde_diff_record *r, const char *what,
		      const char *how, uint64_t is, uint64_t was)
{
	void (*say)(struct sonde_text *, uint64_t) =
		*what == 'l' ? sonde_say_percent : sonde_say_ms;
	const char *unit = *what == 'l' ? "" : " ms";

	if (!has_moved(how))
		return;
	say_hop(t, r);
	sonde_text_print(t, "%s %s: ", what, how);
	say(t, is);
	sonde_text_print(t, "%s; it was ", unit);
	say(t, was);
	sonde_text_print(t, "%s\n", unit);
}

/* Those of a list of hop i that no hop before it had. */
static void say_changes(struct sonde_text *t, const struct sonde_diff_record *r, unsigned i,
			bool now)
{
	const struct sonde_list *list = now ? &r[i].changes : &r[i].old_changes;

	for (size_t k = 0; k < list->n; k++) {
		bool had = false;

		for (unsigned b = 0; b < i; b++)
			had |= is_among(list->at[k], now ? &r[b].changes : &r[b].old_changes);
		if (had)
			continue;
		say_hop(t, &r[i]);
		sonde_text_str(t, now ? "the probe is now changed before it: "
				      : "the probe is no longer changed before it: ");
		sonde_say_name(t, list->at[k]);
		sonde_text_str(t, "\n");
	}
}

void sonde_drift_say(struct sonde_text *t, const char *of, const struct sonde_diff_record *r,
		     unsigned n)
{
	bool moved = false;

	for (unsigned i = 1; i < n; i++)
		moved |= has_moved(r[i].rtt) || has_moved(r[i].loss);
	if (!n)
		return;
	sonde_say_name(t, r->name);
	sonde_text_str(t, moved || r->differs ? " against " : " is as in ");
	sonde_say_name(t, of);
	sonde_text_str(t, moved || r->differs ? ":\n" : "\n");
	if (!strcmp(r->path, "unknown"))
		sonde_text_str(t, "  it has no path to this target\n");
	else if (!strcmp(r->path, "reached"))
		sonde_text_str(t, "  the target is reached; it was not\n");
	else if (!strcmp(r->path, "unreached"))
		sonde_text_str(t, "  the target is not reached; it was\n");
	for (unsigned i = 1; i < n; i++) {
		if (strcmp(r[i].path, "same"))
			say_path(t, &r[i]);
		say_moved(t, &r[i], "round trip", r[i].rtt, r[i].rtt_mean_ns, r[i].old_rtt_mean_ns);
		say_moved(t, &r[i], "loss", r[i].loss, r[i].loss_ppm, r[i].old_loss_ppm);
		say_changes(t, r, i, true);
		say_changes(t, r, i, false);
	}
}
