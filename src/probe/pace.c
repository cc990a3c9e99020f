#include "probe/pace.h"

/* How late a timer may have been for the next token to come the sooner. */
#define SLACK (10 * SONDE_MILLISECOND)

/* The room of the bucket, as time. */
static sonde_ns kept(const struct sonde_pace *p)
{
	return p->gap * (p->burst - 1);
}

void sonde_pace_init(struct sonde_pace *p, sonde_ns gap, uint64_t burst, sonde_ns now)
{
	*p = (struct sonde_pace){ .gap = gap, .burst = burst ? burst : 1, .next = now };
}

sonde_ns sonde_pace_when(const struct sonde_pace *p)
{
	return p->next > kept(p) ? p->next - kept(p) : 0;
}

void sonde_pace_take(struct sonde_pace *p, sonde_ns now)
{
	sonde_ns slack = p->gap < SLACK ? p->gap : SLACK;

	p->next = (p->next + slack > now ? p->next : now - slack) + p->gap;
}
