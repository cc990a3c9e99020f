/* Captures that nobody here wrote, read by us and by others. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "tests/corpus.h"

Suite *capture_corpus_suite(void);

static ssize_t pull(void *arg, void *buf, size_t len)
{
	return read(*(int *)arg, buf, len);
}

struct pair {
	const char *path;
	int fd;
	struct sonde_reader *ours;
	pcap_t *theirs;
};

/* libpcap cuts packets to the file's snapshot length, takes seconds after 2038 as negative, and
 * passes on fractions that are no fraction. */
static void same_packet(const struct pair *p, const struct sonde_frame *f,
			const struct pcap_pkthdr *h, const uint8_t *at)
{
	size_t snaplen = (size_t)pcap_snapshot(p->theirs);
	size_t len = f->byte.len < snaplen ? f->byte.len : snaplen;

	ck_assert_msg(h->caplen == len && h->len == f->wire && !memcmp(at, f->byte.at, len),
		      "%s: block %lu is another to libpcap", p->path, sonde_reader_block(p->ours));
	if (h->ts.tv_usec >= 0 && h->ts.tv_usec < (long)SONDE_SECOND)
		ck_assert_msg((uint32_t)h->ts.tv_sec == (uint32_t)(f->when / SONDE_SECOND) &&
				      (sonde_ns)h->ts.tv_usec == f->when % SONDE_SECOND,
			      "%s: block %lu has another time to libpcap", p->path,
			      sonde_reader_block(p->ours));
}

/* As far as libpcap can read the file; there must be no more unless libpcap gave up. Options that
 * lie are damage to us and nothing to libpcap, which does not read them. */
static void same_packets(struct pair *p, unsigned *compared, unsigned *given_up)
{
	struct sonde_item item;
	struct pcap_pkthdr *h;
	const uint8_t *at;
	int theirs = 0, ours;

	while ((ours = sonde_reader_next(p->ours, &item)) > 0) {
		ck_assert_uint_eq(item.is, SONDE_ITEM_FRAME);
		if (theirs < 0 || (theirs = p->theirs ? pcap_next_ex(p->theirs, &h, &at) : -1) < 0)
			continue;
		same_packet(p, &item.frame, h, at);
		++*compared;
	}
	ck_assert_msg(ours == 0 || strstr(p->path, "/bad_"), "%s: %s", p->path,
		      sonde_reason_text(ours));
	if (theirs >= 0 && ours == 0)
		theirs = p->theirs ? pcap_next_ex(p->theirs, &h, &at) : -1;
	ck_assert_msg(theirs < 0 || ours < 0, "%s: libpcap sees more packets", p->path);
	*given_up += theirs == PCAP_ERROR;
}

static unsigned compare_folder(const char *folder, unsigned *compared, unsigned *given_up)
{
	char path[1024], error[PCAP_ERRBUF_SIZE];
	DIR *d = opendir(folder);
	unsigned files = 0;

	ck_assert_msg(d != NULL, "%s cannot be opened", folder);
	for (struct dirent *e; (e = readdir(d));) {
		struct pair p = { .path = path };

		if (!strstr(e->d_name, ".pcap"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		p.fd = open(path, O_RDONLY | O_CLOEXEC);
		ck_assert_int_ge(p.fd, 0);
		ck_assert_int_eq(sonde_reader_open(&p.ours, pull, &p.fd), 0);
		p.theirs = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
								   error);
		same_packets(&p, compared, given_up);
		if (p.theirs)
			pcap_close(p.theirs);
		sonde_reader_close(p.ours);
		close(p.fd);
		files++;
	}
	closedir(d);
	return files;
}

static const char *const folders[] = {
	"tcpdump",
	"pcapng/output_be/basic",
	"pcapng/output_be/advanced",
	"pcapng/output_be/difficult",
	"pcapng/output_le/basic",
	"pcapng/output_le/advanced",
	"pcapng/output_le/difficult",
	"process-info",
};

enum { FOLDERS = sizeof folders / sizeof *folders };

START_TEST(every_packet_that_libpcap_sees_is_the_same_to_us)
{
	const char *root = corpus_root();
	unsigned files = 0, compared = 0, given_up = 0;
	char path[512];

	if (!root)
		return;
	for (unsigned i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof path, "%s/%s", root, folders[i]);
		files += compare_folder(path, &compared, &given_up);
	}
	printf("capture: %u files, %u packets as libpcap sees them; libpcap gave up on %u files\n",
	       files, compared, given_up);
	ck_assert_uint_gt(compared, 1000);
}
END_TEST

/* "path<TAB>packets" for each file that capinfos, Wireshark's counter, can read. */
START_TEST(wireshark_counts_as_many_packets)
{
	const char *root = corpus_root();
	char line[1024], command[1024];
	unsigned files = 0;
	FILE *f;

	if (!root)
		return;
	if (system("command -v capinfos >/dev/null")) {
		printf("skipped: no capinfos here\n");
		return;
	}
	snprintf(command, sizeof command,
		 "capinfos -T -r -M -c %s/pcapng/*/*/*.pcapng %s/process-info/*.pcapng 2>/dev/null",
		 root, root);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		char *tab = strchr(line, '\t');
		unsigned long theirs = tab ? strtoul(tab + 1, NULL, 10) : 0, ours = 0;
		struct sonde_reader *r;
		struct sonde_item item;
		int fd, k;

		ck_assert_ptr_nonnull(tab);
		*tab = 0;
		fd = open(line, O_RDONLY | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(sonde_reader_open(&r, pull, &fd), 0);
		while ((k = sonde_reader_next(r, &item)) > 0)
			ours++;
		ck_assert_msg(ours == theirs, "%s: %lu packets, to us %lu, %s", line, theirs, ours,
			      sonde_reason_text(k));
		sonde_reader_close(r);
		close(fd);
		files++;
	}
	pclose(f);
	ck_assert_uint_gt(files, 40);
}
END_TEST

Suite *capture_corpus_suite(void)
{
	Suite *s = suite_create("capture_corpus");
	TCase *t = tcase_create("capture_corpus");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_packet_that_libpcap_sees_is_the_same_to_us);
	tcase_add_test(t, wireshark_counts_as_many_packets);
	suite_add_tcase(s, t);
	return s;
}
