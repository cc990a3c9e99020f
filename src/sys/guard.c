#include "sys/guard.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reason.h"
#include "base/text.h"
#include "sys/privilege.h"

enum { RULES = 256 + SONDE_GUARD_ENDS * 256 };

struct sonde_guard {
	struct nft_ctx *nft; /* its socket owns the table */
};

/* " ip saddr 10.0.0.1 tcp sport 80", as far as that is said. */
static void put_end(struct sonde_text *t, const struct sonde_address *a, const char *word)
{
	char text[128];
	char *o = a->family == AF_INET6 ? sonde_put_ip6(text, a->ip) : sonde_put_ip4(text, a->ip);

	*o = 0;
	if (!sonde_address_is_any(a))
		sonde_text_print(t, " %s %caddr %s", a->family == AF_INET6 ? "ip6" : "ip", *word,
				 text);
	if (a->port)
		sonde_text_print(t, " tcp %s %u", word, a->port);
}

/* One command, so that there is the whole of it or nothing. Process numbers may be the same in two
 * namespaces, so the table has a number of its own. */
static void put_rules(struct sonde_text *t, unsigned own, const struct sonde_guard_end *end,
		      size_t n)
{
	sonde_text_print(
		t,
		"table inet sonde-guard-%08x { flags owner; chain output { "
		"type filter hook output priority raw; policy accept; meta mark 0x%x accept",
		own, SONDE_GUARD_MARK);
	for (size_t i = 0; i < n; i++) {
		sonde_text_print(t, "; meta nfproto %s",
				 end[i].from.family == AF_INET6 ? "ipv6" : "ipv4");
		put_end(t, &end[i].from, "sport");
		put_end(t, &end[i].to, "dport");
		sonde_text_str(t, " tcp flags & rst == rst drop");
	}
	sonde_text_str(t, "; }; }");
	t->at[t->len] = 0;
}

/* The library ends the program where there can be no socket, and tells a lack of privilege in words
 * alone, some of them on standard error; so both are tried first. */
static int try_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	close(fd);
	return sonde_privilege_has(CAP_NET_ADMIN) ? 0 : -EPERM;
}

int sonde_guard_open(struct sonde_guard **ret, const struct sonde_guard_end *end, size_t n)
{
	char rules[RULES + SONDE_TEXT_SLACK];
	struct sonde_guard *g;
	struct sonde_text t;
	unsigned own;
	int r = n > SONDE_GUARD_ENDS ? -E2BIG : try_socket();

	if (r)
		return r;
	sonde_text_init(&t, rules, sizeof rules, NULL, NULL);
	if (getrandom(&own, sizeof own, 0) != sizeof own)
		return -EIO;
	put_rules(&t, own, end, n);
	if (t.error)
		return t.error;
	g = calloc(1, sizeof *g);
	if (!g)
		return -ENOMEM;
	g->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!g->nft || nft_ctx_buffer_error(g->nft) || nft_ctx_buffer_output(g->nft))
		r = -ENOMEM;
	else if (nft_run_cmd_from_buffer(g->nft, rules))
		r = strstr(nft_ctx_get_error_buffer(g->nft), "not permitted") ? -EPERM
									      : SONDE_RULES;
	if (r) {
		sonde_guard_close(g);
		return r;
	}
	*ret = g;
	return 0;
}

struct sonde_guard *sonde_guard_close(struct sonde_guard *g)
{
	if (!g)
		return NULL;
	if (g->nft)
		nft_ctx_free(g->nft);
	free(g);
	return NULL;
}
