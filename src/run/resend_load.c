/* A capture, read and judged before any of it is sent. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/reader.h"
#include "packet/beside.h"
#include "run/resend_inside.h"
#include "sys/file.h"
#include "sys/sender.h"
#include "sys/sleep.h"

enum { ETHERNET = 14, WHY = 200, XDP_MOST = 4096 };

/* A packet on its way from the file. */
struct taken {
	const struct sonde_frame *frame;
	uint64_t number;
	uint8_t *byte;
	uint32_t len;
	char why[WHY];
};

/* Bytes of the link's header in front of IP; -1: there is no IP right behind, or nobody knows. */
static int before_ip(const struct sonde_frame *f)
{
	switch (f->link) {
	case 101:
	case 228:
	case 229: return 0;
	case 113: return 16; /* LINKTYPE_LINUX_SLL */
	case 276: return 20; /* LINKTYPE_LINUX_SLL2 */
	default: return -1;
	}
}

static enum sonde_resend_wrong judge_frame(struct sonde_resend *r, struct taken *t)
{
	bool tagged = t->len >= ETHERNET + 4 && sonde_load(t->byte + 12, 2) == 0x8100;
	uint32_t most = r->device.mtu + ETHERNET + (tagged ? 4 : 0);

	if (!r->link) {
		if (r->plan->device)
			snprintf(t->why, WHY, "is a frame of Ethernet, which %s does not speak",
				 r->plan->device);
		else
			snprintf(t->why, WHY,
				 "is a frame of Ethernet: -I says by which interface it leaves");
		return SONDE_RESEND_FOREIGN;
	}
	if (t->len < ETHERNET) {
		snprintf(t->why, WHY, "is %u bytes, too few for a frame of Ethernet", t->len);
		return SONDE_RESEND_FOREIGN;
	}
	if (t->len <= most)
		return SONDE_RESEND_FINE;
	snprintf(t->why, WHY, "is %u bytes, and %s takes %u", t->len, r->plan->device, most);
	return SONDE_RESEND_LARGE;
}

/* The bytes that leave, in the arena, with all fields set. */
static enum sonde_resend_wrong make_ready(struct sonde_resend *r, struct taken *t)
{
	const struct sonde_frame *f = t->frame;
	int head = f->link == 1 ? 0 : before_ip(f);
	struct sonde_craft_turn turn = { .n = r->n, .seed = r->plan->seed };
	struct sonde_packet p;
	enum sonde_resend_wrong wrong;

	if (f->wire > f->byte.len) {
		snprintf(t->why, WHY, "is cut: %zu of %u bytes were captured", f->byte.len,
			 f->wire);
		return SONDE_RESEND_CUT;
	}
	if (head < 0 || f->byte.len < (size_t)head + f->fcs) {
		snprintf(t->why, WHY, "is of link type %u, which is neither Ethernet nor IP",
			 f->link);
		return SONDE_RESEND_FOREIGN;
	}
	t->len = (uint32_t)(f->byte.len - (size_t)head - f->fcs);
	t->byte = (uint8_t *)sonde_arena_take(&r->arena, ETHERNET + t->len) + ETHERNET;
	memcpy(t->byte, f->byte.at + head, t->len);
	sonde_decode_link(&p, t->byte, t->len, t->len, f->link == 1 ? 1 : 101);
	r->count.altered += sonde_alter_packet(&r->alter, &p, t->byte, &turn) > 0;
	sonde_resend_watch(r, &p);
	wrong = f->link == 1 ? judge_frame(r, t)
			     : sonde_resend_dress(r, &t->byte, &t->len, t->why, WHY);
	if (wrong || t->len <= (r->plan->xdp ? XDP_MOST : SONDE_SENDER_MOST))
		return wrong;
	snprintf(t->why, WHY, "is %u bytes, more than can be sent at once", t->len);
	return SONDE_RESEND_LARGE;
}

static void keep(struct sonde_resend *r, const struct taken *t, sonde_ns when)
{
	struct sonde_resend_packet *p;
	sonde_ns before = r->n ? r->packet[r->n - 1].at : 0;

	if (!(r->n & (r->n - 1)))
		r->packet = sonde_arena_grow(&r->arena, r->packet, r->n, r->n ? r->n : 1,
					     sizeof *r->packet);
	p = &r->packet[r->n];
	*p = (struct sonde_resend_packet){ t->byte, t->len, before, t->number };
	if (!r->n)
		r->first = when;
	else if (when > r->first && when - r->first > before)
		p->at = when - r->first;
	r->n++;
}

/* Whether it is one of those that are asked for. */
static bool passes(const struct sonde_resend *r, const struct taken *t)
{
	const struct sonde_frame *f = t->frame;
	struct sonde_beside beside;
	struct sonde_packet p;

	if (r->plan->direction != SONDE_RESEND_BOTH &&
	    f->dir != (r->plan->direction == SONDE_RESEND_IN ? SONDE_DIR_IN : SONDE_DIR_OUT))
		return false;
	if (!r->plan->match)
		return true;
	sonde_decode_frame(&p, f, NULL);
	sonde_beside_take(&beside, f, t->number);
	return sonde_match(&r->match, &p, &beside);
}

/* A word on the first that cannot be sent. */
static void hear(struct sonde_resend *r, struct taken *t, sonde_ns when)
{
	enum sonde_resend_wrong wrong;

	if (!passes(r, t)) {
		r->count.passed++;
		return;
	}
	wrong = make_ready(r, t);
	if (!wrong)
		keep(r, t, when);
	else if (!*r->end->why)
		snprintf(r->end->why, sizeof r->end->why, "packet %llu %s",
			 (unsigned long long)t->number, t->why);
	r->wrong[wrong]++;
}

static int read_all(struct sonde_resend *r, struct sonde_reader *reader)
{
	struct sonde_item item;
	struct taken t = { .number = 0 };
	int code;

	while ((code = sonde_reader_next(reader, &item)) > 0 && !sonde_sleep_signal()) {
		if (item.is != SONDE_ITEM_FRAME)
			continue;
		t.frame = &item.frame;
		t.number++;
		hear(r, &t, sonde_reader_when(reader, &item));
		if (r->arena.used > SONDE_RESEND_MOST) {
			snprintf(r->end->why, sizeof r->end->why,
				 "the packets are more than 1 GiB: --match sends a part of them");
			return -EFBIG;
		}
	}
	return code > 0 ? -EINTR : code;
}

/* What all of the file comes to. */
static int verdict(struct sonde_resend *r, int code)
{
	uint64_t wrong = 0;
	size_t len = strlen(r->end->why);

	for (unsigned i = SONDE_RESEND_FINE + 1; i < SONDE_RESEND_WRONGS; i++)
		wrong += r->wrong[i];
	if (code && (code != SONDE_CUT || !r->plan->skip))
		return code;
	if (wrong && (!r->plan->skip || !r->n)) {
		snprintf(r->end->why + len, sizeof r->end->why - len,
			 "; nothing is sent: %llu of %llu packets cannot be%s",
			 (unsigned long long)wrong, (unsigned long long)(wrong + r->n),
			 r->n ? ", which --skip leaves out" : "");
		return -EINVAL;
	}
	*r->end->why = 0;
	r->end->met = !wrong && !code;
	if (!r->n) {
		snprintf(r->end->why, sizeof r->end->why, "there is no packet%s",
			 r->count.passed ? " that --match and --direction let through" : "");
		return -EINVAL;
	}
	return 0;
}

int sonde_resend_load(struct sonde_resend *r)
{
	int fd = sonde_file_open(r->plan->file), code;
	struct sonde_reader *reader;

	if (fd < 0)
		return fd;
	code = sonde_reader_open(&reader, sonde_file_pull, &fd);
	if (!code) {
		code = read_all(r, reader);
		sonde_reader_close(reader);
		code = verdict(r, code);
	}
	if (fd != STDIN_FILENO)
		close(fd);
	return code;
}
