#include "probe/trip.h"

#include "base/record.h"

bool sonde_trip_measure(struct sonde_trip *t, const struct sonde_wall *w,
			const struct sonde_probe *probe, const struct sonde_arrival *a)
{
	sonde_ns begin = probe->sent ? probe->sent : probe->asked;
	sonde_ns came = sonde_wall_map(w, a->stamp, begin, a->now);
	sonde_ns end = came ? came : a->now;

	t->clock = came		 ? probe->sent ? SONDE_TRIP_KERNEL : SONDE_TRIP_KERNEL_RX
		   : probe->sent ? SONDE_TRIP_KERNEL_TX
				 : SONDE_TRIP_USER;
	t->rtt = end > begin ? end - begin : 0;
	t->wake = came ? a->now - came : SONDE_ABSENT;
	t->uncertainty = SONDE_ABSENT;
	if (t->clock == SONDE_TRIP_KERNEL)
		t->uncertainty = probe->steps == (uint8_t)w->steps ? 0 : SONDE_WALL_NOISE;
	else if (t->clock == SONDE_TRIP_KERNEL_RX && probe->left)
		t->uncertainty = SONDE_WALL_NOISE + (probe->left - probe->asked);
	return came || !a->stamp;
}

const char *sonde_trip_word(uint8_t clock)
{
	static const char *const words[] = { "kernel", "kernel-rx", "kernel-tx", "user" };

	return words[clock];
}

const char *sonde_trip_words(uint8_t clocks)
{
	if (!clocks)
		return NULL;
	return clocks & (clocks - 1) ? "mixed" : sonde_trip_word((uint8_t)__builtin_ctz(clocks));
}
