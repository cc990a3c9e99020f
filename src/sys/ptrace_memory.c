#include <errno.h>
#include <sys/uio.h>

#include "sys/ptrace_inside.h"

enum { IOV_READ = 64 };

size_t sonde_ptrace_peek(const struct sonde_ptrace_task *k, void *ret, uint64_t at, size_t len)
{
	struct iovec here = { ret, len }, there = { (void *)at, len };
	ssize_t got = len && at ? process_vm_readv(k->tid, &here, 1, &there, 1, 0) : 0;

	if (got > 0)
		return (size_t)got;
	/* Not allowed to a tracer that holds less than the program; this is. */
	for (got = 0; at && errno == EPERM && (size_t)got < len; got += (ssize_t)sizeof(long)) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, k->tid, at + (uint64_t)got, 0);
		if (word == -1 && errno)
			return (size_t)got;
		memcpy((uint8_t *)ret + got, &word,
		       len - (size_t)got < sizeof word ? len - (size_t)got : sizeof word);
		errno = EPERM;
	}
	return (size_t)got > len ? len : (size_t)got;
}

void sonde_ptrace_take_address(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			       struct sonde_event *e, uint64_t at, uint64_t len)
{
	if (len > sizeof t->address)
		len = sizeof t->address;
	e->address.at = t->address;
	e->address.len = sonde_ptrace_peek(k, t->address, at, len);
}

void sonde_ptrace_take_told_address(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
				    struct sonde_event *e, uint64_t at, uint64_t len_at)
{
	uint32_t len;

	if (at && sonde_ptrace_peek(k, &len, len_at, sizeof len) == sizeof len)
		sonde_ptrace_take_address(t, k, e, at, len);
}

int64_t sonde_ptrace_sum(const struct sonde_ptrace_task *k, uint64_t at, uint64_t n)
{
	struct iovec iov[IOV_READ];
	int64_t bytes = 0;

	if (n > IOV_READ || sonde_ptrace_peek(k, iov, at, n * sizeof *iov) != n * sizeof *iov)
		return -1;
	for (size_t i = 0; i < n; i++)
		bytes += (int64_t)iov[i].iov_len;
	return bytes;
}

void sonde_ptrace_take_payload(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			       struct sonde_event *e, const struct iovec *iov, size_t n,
			       int64_t len)
{
	size_t want = len < (int64_t)t->plan.payload ? (size_t)len : t->plan.payload;

	e->text = (struct sonde_bytes){ .at = t->payload };
	for (size_t i = 0; i < n && e->text.len < want; i++) {
		size_t part =
			want - e->text.len < iov[i].iov_len ? want - e->text.len : iov[i].iov_len;

		part = sonde_ptrace_peek(k, t->payload + e->text.len, (uint64_t)iov[i].iov_base,
					 part);
		if (!part)
			return;
		e->text.len += part;
	}
}

void sonde_ptrace_take_parts(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			     struct sonde_event *e, uint64_t at, uint64_t n, int64_t len)
{
	struct iovec iov[IOV_READ];

	n = n > IOV_READ ? IOV_READ : n;
	if (t->plan.payload && len > 0)
		sonde_ptrace_take_payload(
			t, k, e, iov, sonde_ptrace_peek(k, iov, at, n * sizeof *iov) / sizeof *iov,
			len);
}
