#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/reason.h"
#include "run/labwire_inside.h"
#include "sys/clock.h"

enum { PATIENCE = 2000 }; /* ms, for an answer */

static bool makes_wait(const struct sonde_lab_impair *i)
{
	return !i->reorder && i->delay >= i->jitter + SONDE_MILLISECOND;
}

void sonde_labwire_rest(struct sonde_labwire *w)
{
	bool all = true;

	for (unsigned i = 0; i < 2 * w->lab->links && all; i++)
		all = !w->line[i / 2].carried || makes_wait(&w->line[i / 2].end[i % 2].fate.impair);
	sonde_relay_rest(w->relay, all);
}

/* What set asks. */
struct request {
	uint64_t ticket; /* of the answer too */
	uint32_t link;
	uint32_t precise;
	struct sonde_lab_impair impair[2];
};

struct answer {
	uint64_t ticket;
	int32_t error;
};

static int change(struct sonde_labwire *w, const struct request *q)
{
	struct sonde_labwire_line *line = q->link < w->lab->links ? &w->line[q->link] : NULL;

	if (!line || !line->carried)
		return -EOPNOTSUPP;
	for (unsigned e = 0; e < 2; e++)
		line->end[e].fate.impair = q->impair[e];
	line->precise = q->precise;
	line->told = true;
	sonde_labwire_rest(w);
	return 0;
}

int sonde_labwire_asked(void *arg, int control)
{
	struct answer a = { 0 };
	struct request q;
	ssize_t n = recv(control, &q, sizeof q, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return SONDE_LABWIRE_ENDED;
	a.error = -EINVAL;
	if (n == sizeof q) {
		a.ticket = q.ticket;
		a.error = change(arg, &q);
	}
	send(control, &a, sizeof a, MSG_NOSIGNAL | MSG_DONTWAIT);
	return 0;
}

/* The answer to this ticket; what is left of an earlier one that came too late is passed over. */
static int hear_answer(int control, uint64_t ticket)
{
	struct pollfd p = { control, POLLIN, 0 };
	struct answer a;

	for (;;) {
		int k = poll(&p, 1, PATIENCE);
		ssize_t n = k > 0 ? recv(control, &a, sizeof a, MSG_DONTWAIT) : -1;

		if (!k)
			return -ETIMEDOUT;
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
			return -EPIPE;
		if (n == sizeof a && a.ticket == ticket)
			return a.error;
	}
}

int sonde_labwire_set(int control, unsigned link, const struct sonde_lab_link *changed)
{
	struct request q = { .ticket = sonde_clock_now(),
			     .link = link,
			     .precise = changed->precise,
			     .impair = { changed->end[0].impair, changed->end[1].impair } };

	if (send(control, &q, sizeof q, MSG_NOSIGNAL) < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return hear_answer(control, q.ticket);
}

int sonde_labwire_truth(const struct sonde_truth_ring **ret, int truth)
{
	size_t size = sonde_truth_size(SONDE_TRUTH_RECORDS);
	struct stat st;
	void *at;

	if (fstat(truth, &st) < 0)
		return -errno;
	if ((size_t)st.st_size != size)
		return SONDE_DAMAGED;
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, truth, 0);
	if (at == MAP_FAILED)
		return -errno;
	if (!sonde_truth_check(at, size)) {
		munmap(at, size);
		return SONDE_DAMAGED;
	}
	*ret = at;
	return 0;
}

void sonde_labwire_truth_done(const struct sonde_truth_ring *ring)
{
	munmap((void *)(uintptr_t)ring, sonde_truth_size(SONDE_TRUTH_RECORDS));
}
