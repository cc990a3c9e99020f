#include "run/labwire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"
#include "run/labwire_inside.h"
#include "sys/batch.h"
#include "sys/clock.h"
#include "sys/netns.h"
#include "sys/sysctl.h"

/* Of our interfaces. The kernel may make some of its own in each namespace: lo, tunl0, sit0 ... */
enum { FIRST_INDEX = 1000 };

static bool is_sim(const struct sonde_lab *lab, unsigned link, unsigned end)
{
	return lab->node[lab->link[link].end[end].node].kind == SONDE_LAB_SIM;
}

bool sonde_labwire_carries(const struct sonde_lab *lab, unsigned link)
{
	return lab->link[link].impaired || is_sim(lab, link, 0) || is_sim(lab, link, 1);
}

uint64_t sonde_labwire_seed(const struct sonde_lab *lab, unsigned link, unsigned end)
{
	/* Far apart for neighbours. */
	return lab->seed + SONDE_RANDOM_STEP * (2 * (uint64_t)link + end + 1);
}

static int map_truth(struct sonde_labwire *w, int fd)
{
	size_t size = sonde_truth_size(SONDE_TRUTH_RECORDS);
	void *at;

	if (ftruncate(fd, (off_t)size) < 0)
		return -errno;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	w->truth = at;
	sonde_truth_init(w->truth, SONDE_TRUTH_RECORDS, sonde_clock_now(), sonde_clock_real());
	return 0;
}

/* The far sides have no addresses, and say nothing of their own. */
static int be_mute(void *arg)
{
	static const struct sonde_sysctl mute[] = {
		{ "ipv6/conf/all/disable_ipv6", "1", "links that carry nothing of their own" },
		{ "ipv6/conf/default/disable_ipv6", "1", "links that carry nothing of their own" },
	};
	const struct sonde_sysctl *bad;
	int err = sonde_sysctl_put(mute, sizeof mute / sizeof *mute, &bad);

	(void)arg;
	return err == -ENOENT ? 0 : err; /* a kernel without IPv6 is mute */
}

/* The far side of a cable: "l12a" and "l12b" of link 12. */
static void name_far(char ret[16], struct sonde_labwire_place at)
{
	snprintf(ret, 16, "l%u%c", at.link, at.end ? 'b' : 'a');
}

static struct sonde_sim *make_sim(struct sonde_labwire *w, struct sonde_sim **sims, unsigned node)
{
	if (!sims[node]) {
		sims[node] = sonde_arena_take(&w->arena, sizeof *sims[node]);
		sonde_sim_init(sims[node], &w->arena, w->lab, node);
	}
	return sims[node];
}

/* Who is at the ends of the links. Returns how many ports there are. */
static unsigned lay_lines(struct sonde_labwire *w)
{
	struct sonde_sim **sims = sonde_arena_take(&w->arena, w->lab->nodes * sizeof *sims);
	unsigned ports = 0;

	w->line = sonde_arena_take(&w->arena, w->lab->links * sizeof *w->line);
	w->place = sonde_arena_take(&w->arena, 2 * w->lab->links * sizeof *w->place);
	for (unsigned l = 0; l < w->lab->links; l++) {
		const struct sonde_lab_link *link = &w->lab->link[l];
		struct sonde_labwire_line *line = &w->line[l];

		line->carried = sonde_labwire_carries(w->lab, l);
		line->told = link->impaired;
		line->precise = link->precise;
		for (unsigned e = 0; line->carried && e < 2; e++) {
			struct sonde_labwire_end *end = &line->end[e];

			sonde_fate_init(&end->fate, &link->end[e].impair,
					sonde_labwire_seed(w->lab, l, e));
			end->port = SONDE_RELAY_INSIDE;
			if (is_sim(w->lab, l, e)) {
				end->sim = make_sim(w, sims, link->end[e].node);
				continue;
			}
			end->port = (int)ports;
			w->place[ports++] = (struct sonde_labwire_place){ l, e };
		}
	}
	return ports;
}

static void put_pair(struct sonde_batch *b, const struct sonde_labwire *w, unsigned port,
		     const int *netns)
{
	struct sonde_labwire_place at = w->place[port];
	const struct sonde_lab_end *end = &w->lab->link[at.link].end[at.end];
	struct sonde_batch_port far = { .index = FIRST_INDEX + port,
					.mtu = w->lab->link[at.link].mtu };
	struct sonde_batch_port near = { .name = end->name, .mtu = far.mtu };
	char name[16];

	name_far(name, at);
	far.name = name;
	/* An address of its own, which nobody uses: bit 1 is for local ones, IEEE 802 section 8.2.
	 */
	memcpy(far.mac, end->mac, sizeof far.mac);
	far.mac[1] ^= 0xff;
	memcpy(near.mac, end->mac, sizeof near.mac);
	sonde_batch_pair(b, &far, &near, netns[end->node]);
	sonde_batch_up(b, far.index);
}

static int make_cables(struct sonde_labwire *w, unsigned ports, const int *netns)
{
	struct sonde_batch *b;
	int err = sonde_batch_open(&b, w->netns);

	if (err)
		return err;
	for (unsigned p = 0; p < ports; p++)
		put_pair(b, w, p, netns);
	err = sonde_batch_send(b);
	sonde_batch_close(b);
	return err;
}

static int open_relay(struct sonde_labwire *w, unsigned ports)
{
	struct sonde_relay_ports p = {
		.netns = w->netns, .first = FIRST_INDEX, .n = ports, .mtu = 1500
	};

	for (unsigned i = 0; i < ports; i++)
		if (w->lab->link[w->place[i].link].mtu > p.mtu)
			p.mtu = w->lab->link[w->place[i].link].mtu;
	return sonde_relay_open(&w->relay, &p, &w->hooks);
}

int sonde_labwire_open(struct sonde_labwire **ret, const struct sonde_lab *lab, const int *netns,
		       int truth)
{
	struct sonde_arena arena = { 0 };
	struct sonde_labwire *w = sonde_arena_take(&arena, sizeof *w);
	unsigned ports;
	int err = 0;

	w->arena = arena;
	w->lab = lab;
	w->hooks = (struct sonde_relay_hooks){ w, sonde_labwire_came, sonde_labwire_missed,
					       sonde_labwire_left, sonde_labwire_asked };
	ports = lay_lines(w);
	w->netns = sonde_netns_open();
	if (w->netns < 0)
		err = w->netns;
	if (!err && truth >= 0)
		err = map_truth(w, truth);
	if (!err)
		err = sonde_netns_visit(w->netns, be_mute, NULL);
	if (!err)
		err = make_cables(w, ports, netns);
	if (!err)
		err = open_relay(w, ports);
	if (err)
		sonde_labwire_close(w);
	else
		*ret = w;
	return err;
}

int sonde_labwire_settle(struct sonde_labwire *w)
{
	struct sonde_batch *b;
	int err = sonde_batch_open(&b, w->netns);

	if (err)
		return err;
	for (unsigned l = 0; !err && l < w->lab->links; l++)
		for (unsigned e = 0; !err && e < 2; e++) {
			char name[16];

			name_far(name, (struct sonde_labwire_place){ l, e });
			if (w->line[l].carried && !w->line[l].end[e].sim)
				err = sonde_batch_settle(b, name);
		}
	sonde_batch_close(b);
	return err;
}

int sonde_labwire_run(struct sonde_labwire *w, int control)
{
	bool realtime = sonde_relay_hurry();
	int r;

	if (w->truth)
		w->truth->realtime = realtime;
	sonde_labwire_rest(w);
	r = sonde_relay_run(w->relay, control);
	return r < 0 ? r : 0;
}

struct sonde_labwire *sonde_labwire_close(struct sonde_labwire *w)
{
	struct sonde_arena arena;

	if (!w)
		return NULL;
	sonde_relay_close(w->relay);
	if (w->truth)
		munmap(w->truth, sonde_truth_size(SONDE_TRUTH_RECORDS));
	if (w->netns >= 0)
		close(w->netns);
	arena = w->arena; /* w itself lies in it */
	sonde_arena_done(&arena);
	return NULL;
}
