#include "run/sockets.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { V4, V6, VERSIONS };

static uint16_t family_of(int version)
{
	return version == V6 ? AF_INET6 : AF_INET;
}

static int open_one(struct sonde_sockets *s, const struct sonde_prober_plan *plan, int version,
		    struct sonde_method_look *look)
{
	struct sonde_prober_plan p = *plan;
	int r;

	p.family = family_of(version);
	p.ident = look->ident;
	p.most = p.most > look->size ? p.most : look->size;
	p.stamps = true;
	r = sonde_prober_open(&s->of[version], &p);
	if (r)
		return r;
	look->ident = sonde_prober_ident(s->of[version]);
	memcpy(look->mac, sonde_prober_mac(s->of[version]), sizeof look->mac);
	return 0;
}

static int random_bytes(void *at, size_t len)
{
	return getrandom(at, len, 0) == (ssize_t)len ? 0 : -EIO;
}

int sonde_sockets_open(struct sonde_sockets *s, const struct sonde_prober_plan *plan,
		       uint16_t family, struct sonde_method_look look[static 2],
		       struct sonde_secret *ret_secret)
{
	int first = -EAFNOSUPPORT, r = random_bytes(ret_secret, sizeof *ret_secret);
	bool any = false;

	*s = (struct sonde_sockets){ .asked = family };
	for (int v = V4; !r && v < VERSIONS; v++) {
		if (!(r = random_bytes(&look[v].ident, sizeof look[v].ident)))
			r = random_bytes(&look[v].sum, sizeof look[v].sum);
		if (!r && (!family || family == family_of(v)) &&
		    (!plan->source.family || plan->source.family == family_of(v))) {
			int failed = open_one(s, plan, v, &look[v]);

			first = any || first != -EAFNOSUPPORT ? first : failed;
			any = any || !failed;
		}
	}
	return r ? r : any ? 0 : first;
}

void sonde_sockets_close(struct sonde_sockets *s)
{
	for (int v = V4; v < VERSIONS; v++)
		s->of[v] = sonde_prober_close(s->of[v]);
}

struct sonde_prober *sonde_sockets_for(const struct sonde_sockets *s, const struct sonde_address *a)
{
	return s->of[a->family == AF_INET6 ? V6 : V4];
}

const char *sonde_sockets_mode(const struct sonde_sockets *s)
{
	return sonde_prober_mode(s->of[V4] ? s->of[V4] : s->of[V6]);
}

void sonde_sockets_flush(struct sonde_sockets *s, sonde_prober_hear hear, void *arg)
{
	for (int v = V4; v < VERSIONS; v++)
		if (s->of[v])
			sonde_prober_flush(s->of[v], hear, arg);
}

bool sonde_sockets_recv(struct sonde_sockets *s, sonde_prober_hear hear, void *arg)
{
	bool more = false;

	for (int v = V4; v < VERSIONS; v++)
		if (s->of[v])
			more |= sonde_prober_recv(s->of[v], hear, arg);
	return more;
}

unsigned sonde_sockets_fds(const struct sonde_sockets *s, struct pollfd *ret)
{
	unsigned n = 0;

	for (int v = V4; v < VERSIONS; v++)
		if (s->of[v])
			n += sonde_prober_fds(s->of[v], ret + n);
	return n;
}

uint64_t sonde_sockets_dropped(const struct sonde_sockets *s)
{
	uint64_t n = 0;

	for (int v = V4; v < VERSIONS; v++)
		n += s->of[v] ? sonde_prober_dropped(s->of[v]) : 0;
	return n;
}
