#include "probe/wall.h"

void sonde_wall_read(struct sonde_wall *w, sonde_ns now, sonde_ns real)
{
	int64_t offset = (int64_t)(real - now);
	int64_t change = offset - w->offset;

	if (!w->known) {
		*w = (struct sonde_wall){ .offset = offset, .before = offset, .known = true };
	} else if (change > (int64_t)SONDE_WALL_NOISE || -change > (int64_t)SONDE_WALL_NOISE) {
		w->before = w->offset;
		w->offset = offset;
		w->steps++;
	}
}

static sonde_ns within(sonde_ns t, sonde_ns earliest, sonde_ns latest)
{
	if (t + SONDE_WALL_NOISE < earliest || t > latest + SONDE_WALL_NOISE)
		return 0;
	return t < earliest ? earliest : t > latest ? latest : t;
}

sonde_ns sonde_wall_map(const struct sonde_wall *w, sonde_ns stamp, sonde_ns earliest,
			sonde_ns latest)
{
	sonde_ns t;

	if (!stamp || !w->known)
		return 0;
	t = within(stamp - (uint64_t)w->offset, earliest, latest);
	return t ? t : within(stamp - (uint64_t)w->before, earliest, latest);
}
