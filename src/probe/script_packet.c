#include "probe/script_parse.h"

bool sonde_script_names(struct sonde_script_parse *p, const char *from, const char *to, bool known)
{
	struct sonde_script_reader names = p->r;
	bool quoted = false;

	for (; from < to; from++) {
		int var;

		if (quoted && *from == '\\') {
			from++;
			continue;
		}
		quoted ^= *from == '"';
		if (quoted || *from != '$')
			continue;
		names.at = from + 1;
		var = sonde_script_find(p->r.s, from + 1, sonde_script_name(&names));
		if (var < 0 || !p->r.s->origin[var].said) {
			if (known)
				return sonde_script_expected(
					&p->r, from, "a name that has been set or learned", NULL);
			if (var >= 0)
				p->r.s->origin[var] = (struct sonde_script_origin){
					.said = true, .learned = true, .learner = p->r.s->lines
				};
		}
	}
	return true;
}

static bool make(struct sonde_script_parse *p, const char *from, const char *to,
		 struct sonde_craft **ret);

/* What was once read for this use is good for all others: names that were known stay so. */
static const struct sonde_craft *named(void *arg, const char *name, size_t len)
{
	struct sonde_script_parse *p = arg;

	for (unsigned i = 0; i < p->lets; i++) {
		struct sonde_script_let *l = &p->let[i];

		if (strncmp(l->name, name, len) || l->name[len])
			continue;
		if (!l->made[p->mode] && !make(p, l->from, l->to, &l->made[p->mode]))
			l->made[p->mode] = NULL;
		return l->made[p->mode];
	}
	return NULL;
}

static bool file(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	const struct sonde_script_world *world = ((struct sonde_script_parse *)arg)->world;

	*ret_why = "there are no files here";
	return world->file && world->file(world->arg, name, ret, ret_why);
}

static bool make(struct sonde_script_parse *p, const char *from, const char *to,
		 struct sonde_craft **ret)
{
	struct sonde_craft_world world = {
		.arg = p,
		.file = file,
		.named = named,
		.vars = &p->r.s->vars,
		.pattern = p->mode >= SONDE_SCRIPT_TO_EXPECT,
	};
	struct sonde_craft_error e = { 0 };

	if ((p->mode == SONDE_SCRIPT_TO_SEND || p->mode == SONDE_SCRIPT_TO_EXCLUDE) &&
	    !sonde_script_names(p, from, to, true))
		return false;
	if (!sonde_craft_parse(ret, p->r.s->arena, from, (size_t)(to - from), &world, NULL, &e)) {
		if (!p->r.error.expected) { /* else in a packet that is named in it */
			e.at += (size_t)(from - p->r.text);
			p->r.error = e;
		}
		return false;
	}
	return p->mode != SONDE_SCRIPT_TO_EXPECT || sonde_script_names(p, from, to, false);
}

/* Whether a word stands here that ends a packet: one that no / is in front of. */
static bool ends_packet(const char *at, const char *to)
{
	struct sonde_script_reader r = { .at = at, .to = to };
	size_t len = sonde_script_word(&r);

	return (len == 6 && !memcmp(at, "within", 6)) || (len == 5 && !memcmp(at, "every", 5)) ||
	       (len > 1 && *at == 'x' && at[1] >= '0' && at[1] <= '9');
}

bool sonde_script_read_packet(struct sonde_script_parse *p, enum sonde_script_mode mode,
			      struct sonde_craft **ret)
{
	const char *from, *at;
	unsigned depth = 0;
	bool quoted = false, joined = true; /* a / is in front: what comes belongs to the packet */

	sonde_script_ends(&p->r);
	for (from = at = p->r.at; at < p->r.to; at++) {
		bool blank = *at == ' ' || *at == '\t';

		if (quoted && *at == '\\') {
			at += at + 1 < p->r.to;
			continue;
		}
		quoted ^= *at == '"';
		if (quoted || blank)
			continue;
		if (!depth && !joined && at > from && (at[-1] == ' ' || at[-1] == '\t') &&
		    ends_packet(at, p->r.to))
			break;
		depth += (*at == '(' || *at == '{') - (depth && (*at == ')' || *at == '}'));
		joined = *at == '/';
	}
	p->mode = mode;
	if (!make(p, from, at, ret))
		return false;
	p->r.at = at;
	return true;
}
