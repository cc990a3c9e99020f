#include "capture/process.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "capture/option.h"

struct sonde_processes_entry {
	uint32_t pid;
	uint32_t at, len; /* of its options, in the pool */
	uint64_t start;
};

static const bool foreign = __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__;

static uint64_t get(struct sonde_bytes b)
{
	uint64_t v = 0;

	memcpy(&v, b.at, b.len < 8 ? b.len : 8);
	return le64toh(v);
}

/* -1 where it is no number. */
static int64_t get32(struct sonde_bytes b)
{
	return b.len >= 4 ? (int64_t)get((struct sonde_bytes){ b.at, 4 }) : -1;
}

/* The first of the entries after those of pid. */
static size_t behind(const struct sonde_processes *p, uint32_t pid)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->entry[mid].pid <= pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool grow(void **at, size_t *room, size_t need, size_t size)
{
	size_t more = *room ? *room : 64;
	void *new;

	while (more < need)
		more *= 2;
	if (more == *room)
		return true;
	new = reallocarray(*at, more, size);
	if (!new)
		return false;
	*at = new;
	*room = more;
	return true;
}

int sonde_processes_learn(struct sonde_processes *p, struct sonde_bytes entry)
{
	struct sonde_processes_entry new = { .at = (uint32_t)p->used };
	struct sonde_bytes start;
	size_t i;

	if (entry.len < 4 || p->used + entry.len + p->n * sizeof new > SONDE_READER_KEPT_MOST)
		return 0;
	new.pid = (uint32_t)get((struct sonde_bytes){ entry.at, 4 });
	entry = (struct sonde_bytes){ entry.at + 4, entry.len - 4 };
	new.len = (uint32_t)entry.len;
	if (sonde_option_find(foreign, entry, SONDE_PROCESS_START, 0, &start) && start.len >= 8)
		new.start = get(start);
	if (!grow((void **)&p->pool, &p->cap, p->used + entry.len, 1) ||
	    !grow((void **)&p->entry, &p->room, p->n + 1, sizeof new))
		return -ENOMEM;
	memcpy(p->pool + p->used, entry.at, entry.len);
	p->used += entry.len;
	i = behind(p, new.pid);
	memmove(&p->entry[i + 1], &p->entry[i], (p->n - i) * sizeof new);
	p->entry[i] = new;
	p->n++;
	return 0;
}

static void fill(struct sonde_process *ret, struct sonde_bytes options)
{
	struct sonde_option o;

	while (sonde_option_next(foreign, &options, &o) > 0) {
		switch (o.code) {
		case SONDE_PROCESS_NAME: ret->name = o.value; break;
		case SONDE_PROCESS_PATH: ret->path = o.value; break;
		case SONDE_PROCESS_COMMAND: ret->command = o.value; break;
		case SONDE_PROCESS_PARENT: ret->ppid = get32(o.value); break;
		case SONDE_PROCESS_UID: ret->uid = get32(o.value); break;
		case SONDE_PROCESS_USER: ret->user = o.value; break;
		case SONDE_PROCESS_UUID: ret->uuid = o.value; break;
		case SONDE_PROCESS_START: ret->start = o.value.len >= 8 ? get(o.value) : 0; break;
		}
	}
}

bool sonde_processes_find(const struct sonde_processes *p, sonde_ns when, struct sonde_process *ret)
{
	const struct sonde_processes_entry *before = NULL, *without = NULL, *earliest = NULL;

	for (size_t i = behind(p, ret->pid); i-- && p->entry[i].pid == ret->pid;) {
		const struct sonde_processes_entry *e = &p->entry[i]; /* the last one first */

		if (!e->start)
			without = without ? without : e;
		else if (e->start <= when)
			before = before && before->start >= e->start ? before : e;
		else
			earliest = earliest && earliest->start <= e->start ? earliest : e;
	}
	before = before ? before : without ? without : earliest;
	if (!before)
		return false;
	ret->told = true;
	fill(ret, (struct sonde_bytes){ p->pool + before->at, before->len });
	return true;
}

void sonde_processes_done(struct sonde_processes *p)
{
	free(p->pool);
	free(p->entry);
	*p = (struct sonde_processes){ 0 };
}
