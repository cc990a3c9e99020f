#include "life/table.h"

#include "base/name.h"
#include "life/records.h"
#include "life/words.h"

enum {
	SID,
	KIND,
	ROLE,
	WHO,
	NETNS,
	LOCAL,
	REMOTE,
	SENT,
	RECEIVED,
	CALLS,
	CONNECT,
	FIRST,
	LIFE,
	ENDED,
	PATH,
	N
};

static const struct sonde_grid_column columns[N] = {
	[SID] = { .title = "#", .align = SONDE_ALIGN_RIGHT },
	[KIND] = { .title = "kind", .weight = 1, .least = 5 },
	[ROLE] = { .title = "role", .rank = 4 },
	[WHO] = { .title = "who", .weight = 2, .least = 6, .most = 24 },
	[NETNS] = { .title = "netns", .weight = 1, .least = 6, .most = 24, .rank = 3 },
	[LOCAL] = { .title = "local", .weight = 3, .least = 15, .most = 48 },
	[REMOTE] = { .title = "remote", .weight = 3, .least = 15, .most = 48, .rank = 1 },
	[SENT] = { .title = "sent", .align = SONDE_ALIGN_RIGHT, .weight = 4, .least = 7 },
	[RECEIVED] = { .title = "received",
		       .brief = "rcvd",
		       .align = SONDE_ALIGN_RIGHT,
		       .weight = 4,
		       .least = 7 },
	[CALLS] = { .title = "calls", .align = SONDE_ALIGN_RIGHT, .rank = 8 },
	[CONNECT] = { .title = "connect", .align = SONDE_ALIGN_RIGHT, .rank = 6 },
	[FIRST] = { .title = "first byte", .align = SONDE_ALIGN_RIGHT, .rank = 7 },
	[LIFE] = { .title = "life", .align = SONDE_ALIGN_RIGHT, .rank = 5 },
	[ENDED] = { .title = "ended", .weight = 2, .least = 10, .good = 14, .most = 44 },
	[PATH] = { .title = "states", .weight = 6, .least = 16, .most = 150, .rank = 9 },
};

static const char *number(struct sonde_arena *a, uint64_t v)
{
	return sonde_arena_print(a, "%llu", (unsigned long long)v);
}

static const char *span(struct sonde_arena *a, uint64_t ns)
{
	char buf[64];

	return ns == SONDE_ABSENT
		       ? NULL
		       : sonde_arena_string(a, buf, (size_t)(sonde_words_span(buf, ns) - buf));
}

/* "3000 B in 3": application bytes and how many calls or messages moved them. */
static struct sonde_cell volume(struct sonde_arena *a, const struct sonde_volume *v)
{
	char buf[64];
	const char *bytes;

	if (v->bytes == SONDE_ABSENT)
		return (struct sonde_cell){ .text = "-", .paint = SONDE_PAINT_FAINT };
	bytes = sonde_arena_string(a, buf, (size_t)(sonde_words_size(buf, v->bytes) - buf));
	if (!v->messages || v->messages == SONDE_ABSENT)
		return (struct sonde_cell){ .text = bytes };
	return (struct sonde_cell){
		.text = sonde_arena_print(a, "%s in %llu", bytes, (unsigned long long)v->messages),
		.brief = bytes,
	};
}

static struct sonde_cell ended(struct sonde_arena *a, const struct sonde_endpoint *e)
{
	const char *cause = sonde_cause_name(e->cause);
	bool bad = e->cause >= SONDE_CAUSE_RST_SENT && e->cause <= SONDE_CAUSE_NEVER_ACCEPTED;
	struct sonde_phrase p;

	if (!cause)
		return (struct sonde_cell){ .text = "-", .paint = SONDE_PAINT_FAINT };
	sonde_words_end(sonde_phrase_begin(&p), e, "?");
	return (struct sonde_cell){
		.text = sonde_phrase_end(&p, a),
		.brief =
			e->cause == SONDE_CAUSE_CLOSED && e->detail
				? e->detail /* the connect that failed */
				: sonde_arena_print(a, "%s%s", cause, e->cause_inferred ? "?" : ""),
		.paint = bad ? SONDE_PAINT_BAD : SONDE_PAINT_PLAIN,
	};
}

/* "SYN_SENT > ESTABLISHED > ...": at most a few dozen, then the last. */
static const char *path(struct sonde_arena *a, const struct sonde_endpoint *e, bool brief)
{
	const struct sonde_steps *s = sonde_endpoint_states(e);
	struct sonde_phrase p;

	sonde_phrase_begin(&p);
	for (uint32_t i = 0; i < s->n; i++) {
		const char *name = NULL;

		if (i == 24 && s->n > 26) {
			sonde_text_str(&p.text, " > …");
			i = s->n - 1;
		}
		if (brief)
			name = sonde_words_state_brief(s->at[i].state);
		if (!brief || !name)
			name = sonde_state_name(s->at[i].state);
		sonde_text_str(&p.text, !i ? "" : brief ? ">" : " > ");
		sonde_text_str(&p.text, name);
		if (s->at[i].inferred)
			sonde_text_str(&p.text, "?");
	}
	return sonde_phrase_end(&p, a);
}

static const char *owners(struct sonde_arena *a, const struct sonde_endpoint *e)
{
	struct sonde_phrase p;
	uint32_t others = 0;

	for (uint32_t i = 1; i < e->owners; i++)
		others += e->owner[i].pid != e->owner[0].pid;
	if (!others)
		return NULL;
	sonde_text_str(sonde_phrase_begin(&p), "     held by ");
	for (uint32_t i = 0; i < e->owners; i++) {
		if (i == 8) {
			sonde_text_print(&p.text, " and %u more", e->owners - i);
			break;
		}
		sonde_text_str(&p.text, i ? ", " : "");
		sonde_words_who(&p.text, e->owner[i].comm, e->owner[i].pid);
		sonde_text_print(&p.text, " as %d", e->owner[i].fd);
	}
	return sonde_phrase_end(&p, a);
}

static void draw_more(struct sonde_grid *g, const struct sonde_endpoint *e)
{
	struct sonde_arena *a = g->arena;
	const char *text = owners(a, e);

	if (text)
		sonde_grid_wide(g, SONDE_PAINT_FAINT, 7, text);
	for (uint32_t i = 0; i < e->drops; i++) {
		const char *name = e->drop[i].name, *why = sonde_words_drop_means(name);

		sonde_grid_wide(g, SONDE_PAINT_BAD, 7,
				sonde_arena_print(a, "     %llu dropped on the way in: %s (%s)",
						  (unsigned long long)e->drop[i].n,
						  why ? why : "the kernel's reason",
						  name ? name : number(a, e->drop[i].reason)));
	}
	for (uint32_t i = 0; i < e->faults; i++)
		if (!e->fault[i].told)
			sonde_grid_wide(
				g, SONDE_PAINT_WARN, 7,
				sonde_arena_print(a, "     %s came, and no call told the program%s",
						  sonde_name_errno(e->fault[i].error),
						  e->fault[i].inferred ? " (inferred)" : ""));
	if (e->truncated)
		sonde_grid_wide(g, SONDE_PAINT_WARN, 7,
				sonde_arena_print(a, "     %llu message%s cut to the buffer given",
						  (unsigned long long)e->truncated,
						  e->truncated == 1 ? "" : "s"));
}

static void draw_endpoint(struct sonde_grid *g, const struct sonde_life *life,
			  const struct sonde_endpoint *e, bool several)
{
	struct sonde_cell c[N] = { 0 }, *to = sonde_grid_row(g);
	struct sonde_arena *a = g->arena;
	struct sonde_phrase p;
	uint64_t calls = 0;

	for (uint32_t i = 0; i < e->tallies; i++)
		calls += e->tally[i].n;
	c[SID].text = number(a, e->sid);
	c[KIND].text = e->kind ? sonde_kind_name(e->kind) : sonde_name_family(e->family);
	c[ROLE].text = sonde_role_name(e->role);
	c[SID].paint = c[WHO].paint = SONDE_PAINT_WHO;
	sonde_words_owner(sonde_phrase_begin(&p), e);
	c[WHO].text = sonde_phrase_end(&p, a);
	if (e->pid) {
		sonde_words_who(sonde_phrase_begin(&p), e->comm, 0);
		c[WHO].brief = sonde_phrase_end(&p, a);
	}
	if (e->netns) {
		sonde_words_netns(sonde_phrase_begin(&p), life, e->netns);
		c[NETNS].text = sonde_phrase_end(&p, a);
	}
	sonde_words_local(sonde_phrase_begin(&p), e);
	c[LOCAL].text = sonde_phrase_end(&p, a);
	sonde_words_remote(sonde_phrase_begin(&p), e);
	c[REMOTE].text = sonde_phrase_end(&p, a);
	if (e->role == SONDE_ROLE_LISTENER) {
		c[SENT].text =
			sonde_arena_print(a, "%llu accepted", (unsigned long long)e->accepted);
		c[SENT].brief = sonde_arena_print(a, "%llu acc", (unsigned long long)e->accepted);
	} else {
		c[SENT] = volume(a, &e->sent);
		c[RECEIVED] = volume(a, &e->received);
	}
	c[CALLS].text = e->tallies ? number(a, calls) : NULL;
	c[CONNECT].text = span(a, e->timing.connect);
	c[FIRST].text = span(a, e->timing.first_byte);
	if (e->opened && e->closed > e->opened)
		c[LIFE].text = span(a, e->closed - e->opened);
	c[ENDED] = ended(a, e);
	c[PATH] = (struct sonde_cell){ .text = path(a, e, false),
				       .brief = path(a, e, true),
				       .paint = SONDE_PAINT_STATE };
	for (unsigned i = 0; i < N; i++)
		if (i != NETNS || several)
			*to++ = c[i];
	draw_more(g, e);
}

static const char *heading(struct sonde_arena *a, const struct sonde_life *life)
{
	uint64_t of[SONDE_KIND_END_] = { 0 }, all = 0;
	struct sonde_phrase p;
	const char *lead = ": ";

	for (size_t i = 0; i < life->endpoints; i++)
		if (sonde_endpoint_counts(life->endpoint[i])) {
			of[life->endpoint[i]->kind]++;
			all++;
		}
	sonde_text_print(sonde_phrase_begin(&p), "%llu endpoint%s", (unsigned long long)all,
			 all == 1 ? "" : "s");
	for (unsigned k = 1; k <= SONDE_KIND_END_; k++) {
		unsigned kind = k % SONDE_KIND_END_; /* "other" comes last */

		if (!of[kind])
			continue;
		sonde_text_print(&p.text, "%s%llu %s", lead, (unsigned long long)of[kind],
				 sonde_kind_name(kind));
		lead = ", ";
	}
	return sonde_phrase_end(&p, a);
}

/* Whether the endpoints are of more than one namespace. */
static bool are_several(const struct sonde_life *life)
{
	uint32_t netns = 0;

	for (size_t i = 0; i < life->endpoints; i++) {
		const struct sonde_endpoint *e = life->endpoint[i];

		if (!e->netns || !sonde_endpoint_counts(e))
			continue;
		if (netns && netns != e->netns)
			return true;
		netns = e->netns;
	}
	return false;
}

void sonde_table_draw(struct sonde_grid *ret, struct sonde_arena *arena,
		      const struct sonde_life *life)
{
	bool inferred = false, several = are_several(life);
	struct sonde_grid_column shown[N];
	unsigned n = 0;

	for (unsigned i = 0; i < N; i++)
		if (i != NETNS || several)
			shown[n++] = columns[i];
	sonde_grid_init(ret, arena, shown, n);
	sonde_grid_wide(ret, SONDE_PAINT_TITLE, 2, heading(arena, life));
	for (size_t i = 0; i < life->endpoints; i++)
		if (sonde_endpoint_counts(life->endpoint[i])) {
			draw_endpoint(ret, life, life->endpoint[i], several);
			inferred |= life->endpoint[i]->cause_inferred;
		}
	if (inferred)
		sonde_grid_wide(ret, SONDE_PAINT_FAINT, 2, "?: concluded, not seen");
}
