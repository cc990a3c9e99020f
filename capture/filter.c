#include "capture/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/reason.h"

enum { SNAPLEN = 262144 };

struct program {
	struct program *next;
	struct bpf_program code;
	uint16_t link;
};

struct sonde_filter {
	char *expression;
	struct program *first; /* the one used last stands first */
	char error[PCAP_ERRBUF_SIZE];
	struct sonde_bytes wrong;
};

int sonde_filter_open(struct sonde_filter **ret, const char *expression)
{
	struct sonde_filter *f = calloc(1, sizeof *f);

	if (!f || !(f->expression = strdup(expression))) {
		free(f);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}

/* A capture without packets, since only libpcap knows which of its own numbers stands for a
 * LINKTYPE_. */
static pcap_t *empty_capture(uint16_t link, char *error)
{
	uint32_t head[6] = { 0xa1b2c3d4, 0, 0, 0, SNAPLEN, link };
	uint16_t version[2] = { 2, 4 };
	FILE *file;
	pcap_t *p;

	memcpy(&head[1], version, sizeof version);
	file = fmemopen(head, sizeof head, "rb");
	if (!file)
		return NULL;
	p = pcap_fopen_offline(file, error);
	if (!p)
		fclose(file);
	return p;
}

static bool compiles(pcap_t *p, const char *expression, struct bpf_program *ret)
{
	return !pcap_compile(p, ret, expression, 1, PCAP_NETMASK_UNKNOWN);
}

/* Whether something could follow so that an expression comes of it. */
static bool can_go_on(pcap_t *p, const char *begin, size_t len)
{
	/* What every unfinished primitive of pcap-filter(7) would take. */
	static const char *const ends[] = { "",
					    " ip",
					    " 1",
					    " 1=0",
					    " 1]=0",
					    " 1.1.1.1",
					    " 1-2",
					    " tcp",
					    " 1:2:3:4:5:6",
					    " ::1",
					    " host 1.1.1.1",
					    "[0]=0",
					    " 0]=0",
					    "]=0",
					    " = 0",
					    " less 1",
					    " in",
					    " mgt",
					    " subtype beacon",
					    " mask 255.0.0.0",
					    " :1]=0",
					    " dst 1.1.1.1",
					    " ip src 1.1.1.1" };
	char *text = malloc(len * 2 + 32);
	bool can = false;

	for (unsigned i = 0; text && !can && i < sizeof ends / sizeof *ends; i++) {
		struct bpf_program code;
		char *o = text;
		size_t open = 0;

		memcpy(o, begin, len);
		o = stpcpy(o + len, ends[i]);
		for (size_t k = 0; k < len; k++)
			open = begin[k] == '(' ? open + 1 : open - (begin[k] == ')' && open);
		memset(o, ')', open);
		o[open] = 0;
		can = compiles(p, text, &code);
		if (can)
			pcap_freecode(&code);
	}
	free(text);
	return can;
}

/* libpcap says that an expression is wrong, not where. The beginnings of it are tried, a word
 * longer each time, until one is wrong whatever would follow. */
static struct sonde_bytes find_wrong(pcap_t *p, const char *expression)
{
	const char *at = expression + strspn(expression, " \t\n");

	while (*at) {
		size_t len = strcspn(at, " \t\n");

		if (!can_go_on(p, expression, (size_t)(at - expression) + len))
			return (struct sonde_bytes){ (const uint8_t *)at, len };
		at += len;
		at += strspn(at, " \t\n");
	}
	return (struct sonde_bytes){ (const uint8_t *)at, 0 };
}

static int add(struct sonde_filter *f, uint16_t link)
{
	pcap_t *p = empty_capture(link, f->error);
	struct program *new = calloc(1, sizeof *new);
	int r = !new ? -ENOMEM : p ? 0 : SONDE_FILTER;

	if (!r && !compiles(p, f->expression, &new->code)) {
		snprintf(f->error, sizeof f->error, "%s", pcap_geterr(p));
		f->wrong = strstr(f->error, "syntax error") ? find_wrong(p, f->expression)
							    : (struct sonde_bytes){ 0 };
		r = SONDE_FILTER;
	}
	if (p)
		pcap_close(p);
	if (r < 0) {
		free(new);
		return r;
	}
	new->link = link;
	new->next = f->first;
	f->first = new;
	return 0;
}

int sonde_filter_program(struct sonde_filter *f, uint16_t link, const struct bpf_program **ret)
{
	struct program **at = &f->first, *found;
	int r;

	while (*at && (*at)->link != link)
		at = &(*at)->next;
	if ((found = *at)) {
		*at = found->next;
		found->next = f->first;
		f->first = found;
	} else if ((r = add(f, link)) < 0) {
		return r;
	}
	if (ret)
		*ret = &f->first->code;
	return 0;
}

int sonde_filter_match(struct sonde_filter *f, const struct sonde_frame *frame)
{
	struct pcap_pkthdr head = { .caplen = (bpf_u_int32)frame->byte.len, .len = frame->wire };
	int r = f->first && f->first->link == frame->link
			? 0
			: sonde_filter_program(f, frame->link, NULL);

	return r < 0 ? r : pcap_offline_filter(&f->first->code, &head, frame->byte.at) != 0;
}

const char *sonde_filter_error(const struct sonde_filter *f)
{
	return f->error;
}

struct sonde_bytes sonde_filter_wrong(const struct sonde_filter *f)
{
	return f->wrong;
}

const char *sonde_filter_explain(const struct sonde_filter *f, char *why, size_t size)
{
	struct sonde_bytes wrong = sonde_filter_wrong(f);
	const char *text = f->expression, *words = sonde_filter_error(f);

	if (wrong.at && wrong.len)
		snprintf(why, size, "filter '%s': '%.*s' at byte %zu cannot stand there: %s", text,
			 (int)wrong.len, (const char *)wrong.at,
			 strlen(text) - strlen((const char *)wrong.at) + 1, words);
	else if (wrong.at)
		snprintf(why, size, "filter '%s' ends too early: %s", text, words);
	else
		snprintf(why, size, "filter '%s': %s", text, words);
	return why;
}

struct sonde_filter *sonde_filter_close(struct sonde_filter *f)
{
	while (f && f->first) {
		struct program *first = f->first;

		f->first = first->next;
		pcap_freecode(&first->code);
		free(first);
	}
	if (f)
		free(f->expression);
	free(f);
	return NULL;
}
