#include "life/inside.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Which socket an address belongs to. One index holds the connected ones by both addresses, the
 * other the listeners and unconnected datagram sockets by port; of equal ones the newest is first.
 */

static bool is_mapped(const struct sonde_address *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, 0xff };

	return a->family == AF_INET6 && !memcmp(a->ip, prefix, 12);
}

/* IPv4 packets of an IPv6 socket carry IPv4 addresses. */
static inline struct sonde_address plain(const struct sonde_address *a)
{
	struct sonde_address p = { .family = a->family, .port = a->port };

	if (is_mapped(a)) {
		p.family = AF_INET;
		memcpy(p.ip, a->ip + 12, 4);
	} else {
		memcpy(p.ip, a->ip, 16);
	}
	return p;
}

bool sonde_place_is_loopback(const struct sonde_address *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (a->family == AF_INET)
		return a->ip[0] == 127;
	return a->family && (is_mapped(a) ? a->ip[12] == 127 : !memcmp(a->ip, one, 16));
}

/* Multicast, or an IPv4 broadcast as far as that can be told without the netmask. */
bool sonde_place_is_group(const struct sonde_address *a)
{
	struct sonde_address p = plain(a);

	if (p.family == AF_INET)
		return p.ip[0] >> 4 == 14 || p.ip[3] == 255;
	return p.family && p.ip[0] == 0xff;
}

bool sonde_place_parse(struct sonde_address *ret, struct sonde_bytes b)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (b.len >= sizeof four &&
	    (memcpy(&four, b.at, sizeof four), four.sin_family == AF_INET)) {
		*ret = (struct sonde_address){ .family = AF_INET, .port = ntohs(four.sin_port) };
		memcpy(ret->ip, &four.sin_addr, 4);
		return true;
	}
	/* a sockaddr_in6 without its last member is 24 bytes and valid (RFC 2133) */
	memset(&six, 0, sizeof six);
	if (b.len)
		memcpy(&six, b.at, b.len < sizeof six ? b.len : sizeof six);
	if (b.len < 24 || six.sin6_family != AF_INET6)
		return false;
	*ret = (struct sonde_address){ .family = AF_INET6,
				       .port = ntohs(six.sin6_port),
				       .scope = six.sin6_scope_id };
	memcpy(ret->ip, &six.sin6_addr, 16);
	return true;
}

unsigned sonde_place_protocol(const struct sonde_endpoint *p)
{
	switch (p->kind) {
	case SONDE_KIND_TCP4:
	case SONDE_KIND_TCP6: return IPPROTO_TCP;
	case SONDE_KIND_UDP4:
	case SONDE_KIND_UDP6: return IPPROTO_UDP;
	case SONDE_KIND_PING4: return IPPROTO_ICMP;
	case SONDE_KIND_PING6: return IPPROTO_ICMPV6;
	default: return 0;
	}
}

uint64_t sonde_place_hash(uint32_t netns, unsigned protocol, const struct sonde_address *a,
			  const struct sonde_address *b)
{
	struct sonde_address both[2] = { plain(a), plain(b) };

	return sonde_index_hash((uint64_t)netns << 8 | protocol, both, sizeof both);
}

static uint64_t bound_hash(uint32_t netns, unsigned protocol, uint16_t port)
{
	return sonde_index_hash((uint64_t)netns << 8 | protocol, &port, sizeof port);
}

/* The chains are kept through a member each. */
#define UNLINK(x, key_, next_, p)                                                                  \
	do {                                                                                       \
		struct sonde_endpoint *at_ = sonde_index_get(x, (p)->inside->key_);                \
		if (at_ == (p))                                                                    \
			sonde_index_put(x, l->arena, (p)->inside->key_, (p)->inside->next_);       \
		for (; at_ && at_ != (p); at_ = at_->inside->next_)                                \
			if (at_->inside->next_ == (p))                                             \
				at_->inside->next_ = (p)->inside->next_;                           \
		(p)->inside->next_ = NULL;                                                         \
		(p)->inside->key_ = 0;                                                             \
	} while (0)

/* Those before it that are gone make room: their address is another's now. */
#define LINK(x, key_, next_, p, hash)                                                              \
	do {                                                                                       \
		struct sonde_endpoint *at_ = sonde_index_get(x, hash);                             \
		while (at_ && is_over(at_)) {                                                      \
			struct sonde_endpoint *gone_ = at_;                                        \
			at_ = at_->inside->next_;                                                  \
			gone_->inside->key_ = 0;                                                   \
			gone_->inside->next_ = NULL;                                               \
		}                                                                                  \
		(p)->inside->key_ = hash;                                                          \
		(p)->inside->next_ = at_;                                                          \
		sonde_index_put(x, l->arena, hash, p);                                             \
	} while (0)

static bool is_over(const struct sonde_endpoint *p)
{
	return p->same || p->gone || p->inside->settled ||
	       (p->release && !sonde_endpoint_is_tcp(p));
}

void sonde_place_put(struct sonde_life *l, struct sonde_endpoint *p)
{
	unsigned protocol = sonde_place_protocol(p);
	uint64_t hash;

	if (!protocol || (!p->local.family && !p->inside->exact))
		return;
	if (p->local.port && p->remote.port) {
		hash = sonde_place_hash(p->netns, protocol, &p->local, &p->remote);
		if (p->inside->exact != hash) {
			if (p->inside->exact)
				UNLINK(&l->inside->exact, exact, next_exact, p);
			LINK(&l->inside->exact, exact, next_exact, p, hash);
		}
	} else if (p->inside->exact) {
		UNLINK(&l->inside->exact, exact, next_exact, p);
	}
	/* a connected TCP socket hears only its peer */
	if (p->local.port && (!p->remote.port || !sonde_endpoint_is_tcp(p)) && !p->listener) {
		hash = bound_hash(p->netns, protocol, p->local.port);
		if (p->inside->bound != hash) {
			if (p->inside->bound)
				UNLINK(&l->inside->bound, bound, next_bound, p);
			LINK(&l->inside->bound, bound, next_bound, p, hash);
		}
	} else if (p->inside->bound) {
		UNLINK(&l->inside->bound, bound, next_bound, p);
	}
	if (p->connection)
		sonde_connection_of(l, p);
}

void sonde_place_leave(struct sonde_life *l, struct sonde_endpoint *p)
{
	if (p->inside->exact)
		UNLINK(&l->inside->exact, exact, next_exact, p);
	if (p->inside->bound)
		UNLINK(&l->inside->bound, bound, next_bound, p);
}

struct sonde_endpoint *sonde_place_exact(struct sonde_life *l, uint32_t netns, unsigned protocol,
					 const struct sonde_address *local,
					 const struct sonde_address *remote)
{
	uint64_t hash = sonde_place_hash(netns, protocol, local, remote);
	struct sonde_endpoint *p = sonde_index_get(&l->inside->exact, hash);

	if (p && (p->local.port != local->port || p->remote.port != remote->port))
		return NULL;
	return p;
}

/* How well a bound socket fits: 0 not at all, 1 by wildcard, 2 by its address. A connected one
 * takes only what its peer sent, which the exact index knows. */
static int fits(const struct sonde_endpoint *p, unsigned protocol,
		const struct sonde_address *local)
{
	struct sonde_address own = plain(&p->local), want = plain(local);

	if (sonde_place_protocol(p) != protocol || own.port != want.port)
		return 0;
	if (p->remote.port && !sonde_endpoint_is_tcp(p))
		return 0;
	if (sonde_endpoint_is_tcp(p) && p->role != SONDE_ROLE_LISTENER)
		return 0;
	if (sonde_address_is_any(&own))
		return own.family == want.family || own.family == AF_INET6;
	return sonde_address_equal(&own, &want) ? 2 : 0;
}

struct sonde_endpoint *sonde_place_bound(struct sonde_life *l, uint32_t netns, unsigned protocol,
					 const struct sonde_address *local, sonde_ns when,
					 bool *ret_many)
{
	struct sonde_endpoint *p, *best = NULL, *late = NULL;
	int best_fit = 0;

	*ret_many = false;
	p = sonde_index_get(&l->inside->bound, bound_hash(netns, protocol, local->port));
	for (; p; p = p->inside->next_bound) {
		int fit = fits(p, protocol, local);

		if (!fit)
			continue;
		if (is_over(p)) { /* a packet may come a little late */
			if (!late && when - (p->closed ? p->closed : p->gone) < SONDE_SECOND)
				late = p;
		} else if (fit > best_fit) {
			best = p;
			best_fit = fit;
			*ret_many = false;
		} else if (fit == best_fit) {
			*ret_many = true;
		}
	}
	if (*ret_many)
		return NULL;
	return best ? best : late;
}

struct sonde_endpoint *sonde_place_member(struct sonde_life *l, uint32_t netns, unsigned protocol,
					  const struct sonde_address *group,
					  const struct sonde_endpoint *after)
{
	struct sonde_endpoint *p =
		after ? after->inside->next_bound
		      : sonde_index_get(&l->inside->bound,
					bound_hash(netns, protocol, group->port));

	while (p && (is_over(p) || !fits(p, protocol, group)))
		p = p->inside->next_bound;
	return p;
}

void sonde_place_name(struct sonde_life *l, struct sonde_endpoint *p, struct sonde_bytes path)
{
	if (!path.len || p->path.len)
		return;
	p->path.at = (const uint8_t *)sonde_arena_string(l->arena, path.at, path.len);
	p->path.len = path.len;
	sonde_index_put(&l->inside->name, l->arena,
			sonde_index_hash(path.at[0] ? 0 : p->netns, path.at, path.len), p);
}

/* Abstract names are known per namespace; the newest owner of a path is it. */
struct sonde_endpoint *sonde_place_named(struct sonde_life *l, uint32_t netns,
					 struct sonde_bytes path)
{
	struct sonde_endpoint *p;

	if (!path.len)
		return NULL;
	p = sonde_index_get(&l->inside->name,
			    sonde_index_hash(path.at[0] ? 0 : netns, path.at, path.len));
	return p && p->path.len == path.len && !memcmp(p->path.at, path.at, path.len) ? p : NULL;
}

struct sonde_bytes sonde_place_unix(struct sonde_bytes sockaddr)
{
	size_t from = offsetof(struct sockaddr_un, sun_path);
	struct sonde_bytes path = { 0 };
	uint16_t family;

	if (sockaddr.len <= from)
		return path;
	memcpy(&family, sockaddr.at, sizeof family);
	if (family != AF_UNIX)
		return path;
	path = (struct sonde_bytes){ sockaddr.at + from, sockaddr.len - from };
	if (path.at[0]) /* the NUL behind a path, if there, is not part of it */
		path.len = strnlen((const char *)path.at, path.len);
	return path;
}
