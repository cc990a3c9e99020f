#include "sys/astable.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/reason.h"
#include "sys/sockaddr.h"

struct sonde_astable {
	MMDB_s db;
};

int sonde_astable_open(struct sonde_astable **ret, const char *file)
{
	struct sonde_astable *t;
	struct stat is;
	int r;

	if (stat(file, &is))
		return -errno;
	if (!S_ISREG(is.st_mode) || !is.st_size)
		return SONDE_NOT_ASTABLE; /* nobody waits for the other end of a pipe */
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	errno = 0;
	r = MMDB_open(file, MMDB_MODE_MMAP, &t->db);
	if (!r) {
		*ret = t;
		return 0;
	}
	free(t);
	return r == MMDB_OUT_OF_MEMORY_ERROR				    ? -ENOMEM
	       : (r == MMDB_FILE_OPEN_ERROR || r == MMDB_IO_ERROR) && errno ? -errno
									    : SONDE_NOT_ASTABLE;
}

struct sonde_astable *sonde_astable_close(struct sonde_astable *t)
{
	if (t)
		MMDB_close(&t->db);
	free(t);
	return NULL;
}

const char *sonde_astable_name(const struct sonde_astable *t, uint64_t *ret_made)
{
	*ret_made = t->db.metadata.build_epoch;
	return t->db.metadata.database_type ? t->db.metadata.database_type : "";
}

/* ---- finding ---- */

static bool is_mapped(const struct sonde_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == AF_INET6 && !memcmp(a->ip, mapped, sizeof mapped);
}

/* 1: there is such a member; 0: there is none. */
static int member(const MMDB_lookup_result_s *found, const char *key, MMDB_entry_data_s *ret)
{
	MMDB_entry_s entry = found->entry;
	int r = MMDB_aget_value(&entry, ret, (const char *const[]){ key, NULL });

	if (r == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR || (!r && !ret->has_data))
		return 0;
	return r == MMDB_OUT_OF_MEMORY_ERROR ? -ENOMEM : r ? SONDE_DAMAGED : 1;
}

/* "AS64500", or without the letters. */
static bool parse_number(struct sonde_bytes text, uint64_t *ret)
{
	size_t i = text.len > 2 && !memcmp(text.at, "AS", 2) ? 2 : 0;

	*ret = 0;
	if (i == text.len || text.len - i > 10)
		return false;
	for (; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*ret = *ret * 10 + (uint64_t)(text.at[i] - '0');
	}
	return true;
}

static struct sonde_bytes text_of(const MMDB_entry_data_s *d)
{
	if (d->type != MMDB_DATA_TYPE_UTF8_STRING)
		return (struct sonde_bytes){ NULL, 0 };
	return (struct sonde_bytes){ (const uint8_t *)d->utf8_string, d->data_size };
}

static int read_number(const MMDB_entry_data_s *d, uint32_t *ret)
{
	uint64_t n = 0;
	bool good = true;

	switch (d->type) {
	case MMDB_DATA_TYPE_UINT16: n = d->uint16; break;
	case MMDB_DATA_TYPE_UINT32: n = d->uint32; break;
	case MMDB_DATA_TYPE_UINT64: n = d->uint64; break;
	default: good = parse_number(text_of(d), &n);
	}
	if (!good || n > UINT32_MAX)
		return SONDE_DAMAGED;
	*ret = (uint32_t)n;
	return 1;
}

/* What an entry says, by the names that one publisher gives to it, or another. */
static int read_entry(const MMDB_lookup_result_s *found, struct sonde_as *ret)
{
	static const struct {
		const char *number, *organisation;
	} names[] = { { "autonomous_system_number", "autonomous_system_organization" },
		      { "asn", "as_name" } };
	MMDB_entry_data_s d;

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		int r = member(found, names[i].number, &d);

		if (r == 1 && d.type == MMDB_DATA_TYPE_UTF8_STRING && !d.data_size)
			return 0; /* as IPinfo writes that there is none */
		if (r == 1)
			r = read_number(&d, &ret->number);
		if (r < 0)
			return r;
		if (!r)
			continue;
		r = member(found, names[i].organisation, &d);
		if (r == 1)
			ret->organisation = text_of(&d);
		return r < 0 ? r : 1;
	}
	return 0;
}

int sonde_astable_find(const struct sonde_astable *t, const struct sonde_address *a,
		       struct sonde_as *ret)
{
	struct sonde_address key = { .family = a->family };
	struct sonde_as as = { 0 };
	struct sockaddr_in6 to;
	MMDB_lookup_result_s found;
	unsigned bits;
	int r = 0;

	memcpy(key.ip, a->ip, a->family == AF_INET ? 4 : 16);
	if (is_mapped(a)) {
		key = (struct sonde_address){ .family = AF_INET };
		memcpy(key.ip, a->ip + 12, 4);
	}
	if (key.family != AF_INET && key.family != AF_INET6)
		return 0;
	sonde_sockaddr_put(&key, false, &to);
	found = MMDB_lookup_sockaddr(&t->db, (const struct sockaddr *)&to, &r);
	if (r && r != MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
		return SONDE_DAMAGED;
	if (r || !found.found_entry)
		return 0;
	/* In a table of both versions IPv4 lies behind 96 bits. */
	bits = found.netmask;
	if (key.family == AF_INET && t->db.metadata.ip_version == 6)
		bits = bits > 96 ? bits - 96 : 0;
	as.prefix = (uint8_t)bits;
	r = read_entry(&found, &as);
	if (r == 1)
		*ret = as;
	return r;
}
