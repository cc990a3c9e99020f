#include "run/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/block.h"
#include "sys/file.h"
#include "sys/resolve.h"

enum { V4, V6, FILE_MOST = 64 << 20 };

int sonde_measure_fail(struct sonde_measure_end *end, int code, const char *doing)
{
	snprintf(end->doing, sizeof end->doing, "%s", doing);
	return code;
}

void sonde_targets_done(struct sonde_targets *t)
{
	sonde_arena_done(&t->words);
	free(t->given);
}

static int version_of(const struct sonde_address *a)
{
	return a->family == AF_INET6 ? V6 : V4;
}

static int add(struct sonde_targets *t, const char *name, const struct sonde_address *to,
	       struct sonde_measure_end *end)
{
	struct sonde_given g = { .name = name, .to = *to };
	int v = version_of(to);

	if (!t->sockets->of[v]) {
		snprintf(end->why, sizeof end->why, "it is an %s address, and %s",
			 v == V6 ? "IPv6" : "IPv4",
			 t->family ? "the other version of IP was asked for"
				   : "there is no socket for that here");
		return sonde_measure_fail(end, -EINVAL, name);
	}
	if (t->n == (t->most ? t->most : SONDE_BLOCK_MOST)) {
		snprintf(end->why, sizeof end->why, "more than %u targets", t->n);
		return sonde_measure_fail(end, -EINVAL, name);
	}
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->given = realloc(t->given, t->room * sizeof *t->given);
		if (!t->given)
			abort();
	}
	g.to.port = t->look[v].port;
	/* Their checksum covers where they come from. No route: sending will say so. */
	if (t->sources || v == V6 || t->look[v].method != SONDE_METHOD_ICMP) {
		g.from.family = to->family;
		sonde_prober_source(t->sockets->of[v], to, &g.from);
	}
	t->given[t->n++] = g;
	return 0;
}

static int add_block(struct sonde_targets *t, const struct sonde_block *b,
		     struct sonde_measure_end *end)
{
	struct sonde_address a;
	char text[64];
	int r = 0;

	for (uint64_t i = 0; i < b->n && !r; i++) {
		a = sonde_block_at(b, i);
		*(a.family == AF_INET ? sonde_put_ip4(text, a.ip) : sonde_put_ip6(text, a.ip)) = 0;
		r = add(t, sonde_arena_string(&t->words, text, strlen(text)), &a, end);
	}
	return r;
}

int sonde_targets_add(struct sonde_targets *t, const char *word, struct sonde_measure_end *end)
{
	struct sonde_address a;
	struct sonde_block b;
	const char *why;
	int r = sonde_block_parse(word, &b);

	if (r == 1)
		return add_block(t, &b, end);
	if (r) {
		if (r == -E2BIG)
			snprintf(end->why, sizeof end->why, "that is more than %d addresses",
				 SONDE_BLOCK_MOST);
		else
			snprintf(end->why, sizeof end->why,
				 "neither a prefix such as 192.0.2.0/24 nor a range such as "
				 "192.0.2.5-192.0.2.9");
		return sonde_measure_fail(end, -EINVAL, word);
	}
	why = sonde_resolve(word, t->family, &a);
	if (why) {
		snprintf(end->why, sizeof end->why, "%s", why);
		return sonde_measure_fail(end, -EINVAL, word);
	}
	/* Where both would do, the version there is a socket for. */
	if (!t->sockets->of[version_of(&a)] && !t->family) {
		struct sonde_address other;

		if (!sonde_resolve(word, a.family == AF_INET ? AF_INET6 : AF_INET, &other))
			a = other;
	}
	if (t->sockets->of[version_of(&a)] &&
	    sonde_prober_lacks_broadcast(t->sockets->of[version_of(&a)], &a)) {
		snprintf(end->why, sizeof end->why,
			 "it is the address of a whole network; -b pings it");
		return sonde_measure_fail(end, -EINVAL, word);
	}
	return add(t, word, &a, end);
}

static int add_words(struct sonde_targets *t, char *at, struct sonde_measure_end *end)
{
	int r = 0;

	while (*at && !r) {
		char *word = at += strspn(at, " \t\r\n");

		if (*at == '#') {
			at += strcspn(at, "\n");
			continue;
		}
		at += strcspn(at, " \t\r\n");
		if (*at)
			*at++ = 0;
		if (*word)
			r = sonde_targets_add(t, word, end);
	}
	return r;
}

int sonde_targets_add_file(struct sonde_targets *t, int fd, const char *name,
			   struct sonde_measure_end *end)
{
	size_t len = 0, cap = 1 << 16;
	char *text = sonde_arena_take(&t->words, cap);
	ssize_t n;

	while ((n = sonde_file_pull(&fd, text + len, cap - 1 - len)) > 0) {
		len += (size_t)n;
		if (len == cap - 1) {
			text = sonde_arena_grow(&t->words, text, cap, cap, 1);
			cap *= 2;
		}
		if (cap > FILE_MOST) {
			n = -EFBIG;
			break;
		}
	}
	if (n < 0)
		return sonde_measure_fail(end, (int)n, name);
	if (memchr(text, 0, len)) {
		snprintf(end->why, sizeof end->why, "it is no text");
		return sonde_measure_fail(end, -EINVAL, name);
	}
	text[len] = 0;
	return add_words(t, text, end);
}
