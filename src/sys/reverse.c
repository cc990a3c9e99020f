#include "sys/reverse.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"
#include "sys/clock.h"

enum { NONE = UINT16_MAX, BUCKETS = 1024 };
_Static_assert((int)SONDE_REVERSE_MOST < (int)NONE, "a place needs a larger number");
_Static_assert(SONDE_REVERSE_FDS == (int)ARES_GETSOCK_MAXNUM,
	       "c-ares has other numbers of sockets");

struct entry {
	struct sonde_address address; /* family 0: free */
	char *name;		      /* where it is NAMED */
	sonde_ns until;		      /* when it is forgotten */
	uint16_t next;		      /* of its bucket */
	uint16_t behind;	      /* in the queue of those not asked yet */
	uint8_t is;		      /* enum sonde_reverse_is */
	struct sonde_reverse *of;
};

struct sonde_reverse {
	ares_channel channel; /* asks the servers */
	ares_channel hosts; /* reads /etc/hosts, at once, and so never has a descriptor; or NULL */
	bool servers;	    /* are to be asked */
	struct sonde_reverse_plan plan;
	unsigned waiting, flying, settled;
	uint16_t hand;	      /* where the next place to be used again is looked for */
	uint16_t first, last; /* of the queue */
	bool closing;
	uint16_t bucket[BUCKETS];
	struct entry entry[SONDE_REVERSE_MOST];
};

/* ---- opening ---- */

/* Both channels. ARES_SUCCESS, or why not. */
static int open_channels(struct sonde_reverse *r)
{
	char lookups[] = "f";
	struct ares_options o = { .timeout = (int)(r->plan.patience / 1000000),
				  .tries = r->plan.tries ? (int)r->plan.tries : 2 },
			    is = { 0 }, files = { .lookups = lookups };
	int mask, status;

	status = ares_init_options(&r->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (status)
		return status;
	status = ares_save_options(r->channel, &is, &mask);
	if (status)
		return status;
	r->servers = !is.lookups || strchr(is.lookups, 'b');
	if (!is.lookups || strchr(is.lookups, 'f'))
		status = ares_init_options(&r->hosts, &files, ARES_OPT_LOOKUPS);
	ares_destroy_options(&is);
	return status;
}

int sonde_reverse_open(struct sonde_reverse **ret, const struct sonde_reverse_plan *plan)
{
	struct sonde_reverse *r = calloc(1, sizeof *r);
	int status;

	if (!r)
		return -ENOMEM;
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status) {
		free(r);
		return status == ARES_ENOMEM ? -ENOMEM : -EIO;
	}
	r->plan = *plan;
	r->plan.patience = plan->patience ? plan->patience : 2 * SONDE_SECOND;
	r->plan.keep = plan->keep ? plan->keep : 3600 * SONDE_SECOND;
	r->plan.keep_failure = plan->keep_failure ? plan->keep_failure : 60 * SONDE_SECOND;
	r->first = r->last = NONE;
	memset(r->bucket, 0xff, sizeof r->bucket);
	status = open_channels(r);
	if (!status && plan->servers && ares_set_servers_ports_csv(r->channel, plan->servers))
		status = ARES_EBADSTR;
	if (status) {
		sonde_reverse_close(r);
		return status == ARES_ENOMEM ? -ENOMEM : status == ARES_EBADSTR ? -EINVAL : -EIO;
	}
	*ret = r;
	return 0;
}

struct sonde_reverse *sonde_reverse_close(struct sonde_reverse *r)
{
	if (!r)
		return NULL;
	r->closing = true;
	if (r->channel)
		ares_destroy(r->channel);
	if (r->hosts)
		ares_destroy(r->hosts);
	ares_library_cleanup();
	for (unsigned i = 0; i < SONDE_REVERSE_MOST; i++)
		free(r->entry[i].name);
	free(r);
	return NULL;
}

/* ---- what is remembered ---- */

static uint16_t *bucket_of(struct sonde_reverse *r, const struct sonde_address *a)
{
	uint64_t half[2], h;

	memcpy(half, a->ip, 16);
	h = (half[0] ^ a->family) * 0x9e3779b97f4a7c15;
	h = (h ^ half[1] ^ h >> 32) * 0x9e3779b97f4a7c15;
	return &r->bucket[h >> 32 & (BUCKETS - 1)];
}

static void forget(struct sonde_reverse *r, uint16_t i)
{
	uint16_t *link = bucket_of(r, &r->entry[i].address);

	while (*link != i)
		link = &r->entry[*link].next;
	*link = r->entry[i].next;
	free(r->entry[i].name);
	r->entry[i] = (struct entry){ 0 };
}

/* A place that nobody waits for; NONE: there is none. */
static uint16_t place(struct sonde_reverse *r)
{
	for (unsigned n = 0; n < SONDE_REVERSE_MOST; n++) {
		uint16_t i = r->hand;
		struct entry *e = &r->entry[i];

		r->hand = (uint16_t)((i + 1) % SONDE_REVERSE_MOST);
		if (!e->address.family)
			return i;
		if (e->is != SONDE_REVERSE_WAITING) {
			forget(r, i);
			return i;
		}
	}
	return NONE;
}

static void settle(struct entry *e, enum sonde_reverse_is is, const char *name)
{
	struct sonde_reverse *r = e->of;

	if (is == SONDE_REVERSE_NAMED)
		e->name = strndup(name, SONDE_REVERSE_NAME);
	if (is == SONDE_REVERSE_NAMED && !e->name)
		is = SONDE_REVERSE_FAILED;
	e->is = (uint8_t)is;
	e->until = sonde_clock_now() +
		   (is == SONDE_REVERSE_FAILED ? r->plan.keep_failure : r->plan.keep);
	r->waiting--;
	r->settled++;
}

/* ---- asking ---- */

static unsigned bytes(const struct entry *e)
{
	return e->address.family == AF_INET ? 4 : 16;
}

/* What /etc/hosts says. */
static void hear_hosts(void *arg, int status, int timeouts, struct hostent *host)
{
	(void)timeouts;
	if (!status && host->h_name && *host->h_name)
		settle(arg, SONDE_REVERSE_NAMED, host->h_name);
}

/* What a server says: an answer to be read, or nothing. */
static void hear(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct entry *e = arg;
	struct hostent *host = NULL;

	(void)timeouts;
	if (e->of->closing)
		return;
	e->of->flying--;
	if (!status)
		status = ares_parse_ptr_reply(answer, len, e->address.ip, (int)bytes(e),
					      e->address.family, &host);
	if (!status && host->h_name && *host->h_name)
		settle(e, SONDE_REVERSE_NAMED, host->h_name);
	else if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		settle(e, SONDE_REVERSE_NAMELESS, NULL);
	else
		settle(e, SONDE_REVERSE_FAILED, NULL);
	if (host)
		ares_free_hostent(host);
}

/* "1.0.18.198.in-addr.arpa", RFC 1035 section 3.5, and RFC 3596 section 2.5. */
static void put_name(char *o, const struct entry *e)
{
	static const char digit[] = "0123456789abcdef";
	bool v4 = e->address.family == AF_INET;

	for (unsigned i = bytes(e); i-- > 0;) {
		uint8_t b = e->address.ip[i];
		const char two[] = { digit[b & 15], '.', digit[b >> 4], '.' };

		if (v4) {
			o = sonde_put_octet(o, b);
			*o++ = '.';
		} else {
			memcpy(o, two, 4);
			o += 4;
		}
	}
	o = v4 ? SONDE_PUT_LIT(o, "in-addr.arpa") : SONDE_PUT_LIT(o, "ip6.arpa");
	*o = 0;
}

/* Asks the next ones of the queue, as many as may be out. */
static void ask_next(struct sonde_reverse *r)
{
	char name[16 * 4 + sizeof "in-addr.arpa"];

	while (r->first != NONE && r->flying < SONDE_REVERSE_FLYING) {
		struct entry *e = &r->entry[r->first];

		r->first = e->behind;
		if (r->first == NONE)
			r->last = NONE;
		r->flying++;
		put_name(name, e);
		ares_query(r->channel, name, ns_c_in, ns_t_ptr, hear, e); /* may hear at once */
	}
}

static void put_last(struct sonde_reverse *r, uint16_t i)
{
	r->entry[i].behind = NONE;
	if (r->last == NONE)
		r->first = i;
	else
		r->entry[r->last].behind = i;
	r->last = i;
}

/* Of the files first, which are at hand, and else of the servers when it is its turn. */
static void ask_new(struct sonde_reverse *r, uint16_t i)
{
	struct entry *e = &r->entry[i];

	r->waiting++;
	if (r->hosts)
		ares_gethostbyaddr(r->hosts, e->address.ip, (int)bytes(e), e->address.family,
				   hear_hosts, e);
	if (e->is != SONDE_REVERSE_WAITING)
		return;
	if (!r->servers) {
		settle(e, SONDE_REVERSE_NAMELESS, NULL);
		return;
	}
	put_last(r, i);
	ask_next(r);
}

static struct entry *find(struct sonde_reverse *r, const struct sonde_address *a)
{
	for (uint16_t i = *bucket_of(r, a); i != NONE; i = r->entry[i].next)
		if (sonde_address_equal(&r->entry[i].address, a))
			return &r->entry[i];
	return NULL;
}

enum sonde_reverse_is sonde_reverse_ask(struct sonde_reverse *r, const struct sonde_address *a,
					const char **ret_name)
{
	struct sonde_address key = { .family = a->family };
	struct entry *e;
	uint16_t i;

	if (a->family != AF_INET && a->family != AF_INET6)
		return SONDE_REVERSE_NAMELESS;
	memcpy(key.ip, a->ip, a->family == AF_INET ? 4 : 16);
	e = find(r, &key);
	if (e && e->is != SONDE_REVERSE_WAITING && e->until <= sonde_clock_now()) {
		forget(r, (uint16_t)(e - r->entry));
		e = NULL;
	}
	if (!e) {
		if ((i = place(r)) == NONE)
			return SONDE_REVERSE_FAILED;
		e = &r->entry[i];
		*e = (struct entry){ .address = key, .next = *bucket_of(r, &key), .of = r };
		*bucket_of(r, &key) = i;
		ask_new(r, i);
	}
	if (e->is == SONDE_REVERSE_NAMED)
		*ret_name = e->name;
	return (enum sonde_reverse_is)e->is;
}

unsigned sonde_reverse_waiting(const struct sonde_reverse *r)
{
	return r->waiting;
}

/* ---- the loop ---- */

unsigned sonde_reverse_fds(struct sonde_reverse *r, struct pollfd fds[static SONDE_REVERSE_FDS])
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	int bits = ares_getsock(r->channel, sockets, ARES_GETSOCK_MAXNUM);
	unsigned n = 0;

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		unsigned in = (unsigned)bits >> i & 1,
			 out = (unsigned)bits >> (i + ARES_GETSOCK_MAXNUM) & 1;

		if (in || out)
			fds[n++] = (struct pollfd){ .fd = sockets[i],
						    .events = (short)((in ? POLLIN : 0) |
								      (out ? POLLOUT : 0)) };
	}
	return n;
}

sonde_ns sonde_reverse_until(struct sonde_reverse *r, sonde_ns now)
{
	struct timeval tv;

	if (!ares_timeout(r->channel, NULL, &tv))
		return UINT64_MAX;
	/* Of a part of a microsecond nothing is told, and so it is waited for. */
	return now + (sonde_ns)tv.tv_sec * SONDE_SECOND + (sonde_ns)(tv.tv_usec + 1) * 1000;
}

unsigned sonde_reverse_recv(struct sonde_reverse *r)
{
	struct pollfd fds[SONDE_REVERSE_FDS];
	unsigned n = sonde_reverse_fds(r, fds);

	r->settled = 0;
	if (n && poll(fds, n, 0) > 0)
		for (unsigned i = 0; i < n; i++)
			ares_process_fd(r->channel,
					fds[i].revents & (POLLIN | POLLERR | POLLHUP)
						? fds[i].fd
						: ARES_SOCKET_BAD,
					fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* time */
	ask_next(r);
	return r->settled;
}
