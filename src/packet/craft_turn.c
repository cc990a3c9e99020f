#include "base/random.h"
#include "packet/craft_inside.h"

static bool wind_one(struct sonde_craft *c, char group[static SONDE_CRAFT_DIALS],
		     struct sonde_craft_value *v)
{
	unsigned dial = 0;

	c->varies |= v->how != SONDE_CRAFT_FIXED && v->how != SONDE_CRAFT_VAR;
	if (v->how != SONDE_CRAFT_RANGES)
		return true;
	while (dial < c->dials && !(v->group && group[dial] == v->group))
		dial++;
	if (dial == SONDE_CRAFT_DIALS)
		return false;
	if (dial == c->dials) {
		group[c->dials] = v->group;
		c->dial[c->dials++] = 0;
	}
	v->dial = (uint16_t)dial;
	if (v->n > c->dial[dial])
		c->dial[dial] = v->n;
	return true;
}

bool sonde_craft_wind(struct sonde_craft *c)
{
	char group[SONDE_CRAFT_DIALS];

	c->dials = 0;
	c->varies = false;
	for (unsigned i = 0; i < c->steps; i++) {
		c->varies |= c->step[i].op == SONDE_CRAFT_NOISE;
		if (c->step[i].op == SONDE_CRAFT_FIELD && !wind_one(c, group, &c->step[i].value))
			return false;
	}
	return true;
}

uint64_t sonde_craft_count(const struct sonde_craft *c)
{
	uint64_t n = 1;

	for (unsigned i = 0; i < c->dials; i++)
		if (__builtin_mul_overflow(n, c->dial[i], &n))
			return UINT64_MAX;
	return n;
}

bool sonde_craft_varies(const struct sonde_craft *c)
{
	return c->varies;
}

/* Where a dial stands in the n-th turn: those behind it have been round so often. */
static uint64_t position(const struct sonde_craft *c, unsigned dial, uint64_t n)
{
	for (unsigned i = c->dials; --i > dial;)
		n /= c->dial[i];
	return n % c->dial[dial];
}

static sonde_wide nth(const struct sonde_craft_value *v, uint64_t n)
{
	for (unsigned i = 0; i < v->ranges; n -= v->range[i++].n)
		if (n < v->range[i].n)
			return v->range[i].least + v->range[i].by * n;
	return 0;
}

static sonde_wide masked(sonde_wide v, unsigned bits)
{
	return bits >= 128 ? v : v & (((sonde_wide)1 << bits) - 1);
}

static sonde_wide random_value(const struct sonde_craft_value *v,
			       const struct sonde_craft_turn *turn)
{
	uint64_t state = sonde_random_at(turn->seed + v->salt * SONDE_RANDOM_STEP) +
			 turn->n * SONDE_RANDOM_STEP;
	uint64_t low = sonde_random(&state);

	if (v->ranges)
		return nth(v, low % v->n);
	return masked(v->bits > 64 ? (sonde_wide)sonde_random_at(~state) << 64 | low : low,
		      v->bits);
}

bool sonde_craft_turn_value(const struct sonde_craft *c, const struct sonde_craft_value *v,
			    const struct sonde_craft_turn *turn, sonde_wide *ret)
{
	switch (v->how) {
	case SONDE_CRAFT_FIXED: *ret = v->number; return true;
	case SONDE_CRAFT_RANGES: *ret = nth(v, position(c, v->dial, turn->n) % v->n); return true;
	case SONDE_CRAFT_RANDOM: *ret = random_value(v, turn); return true;
	case SONDE_CRAFT_STEP: *ret = masked(v->from + v->number * turn->n, v->bits); return true;
	default: break;
	}
	if (!turn->vars || v->var >= turn->vars->n || !turn->vars->of[v->var].known ||
	    masked(turn->vars->of[v->var].value, v->bits) != turn->vars->of[v->var].value)
		return false;
	*ret = masked(turn->vars->of[v->var].value + v->number, v->bits);
	return true;
}

bool sonde_craft_among(const struct sonde_craft_value *v, sonde_wide number)
{
	if (v->how == SONDE_CRAFT_FIXED)
		return number == v->number;
	for (unsigned i = 0; i < v->ranges; i++) {
		const struct sonde_craft_range *r = &v->range[i];

		if (number >= r->least && (number - r->least) % r->by == 0 &&
		    (number - r->least) / r->by < r->n)
			return true;
	}
	return !v->ranges;
}
