/* What reading a capture costs at least, whatever is done with it: floor pcap|mmap|read FILE.pcap
 *
 * pcap: libpcap's loop. mmap: from record to record through mapped windows. read: the same through
 * a buffer. Of each packet the two addresses of an IPv4 header in Ethernet are looked at. Prints
 * how many there were. Files of this machine's byte order. */
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FILE_HEAD = 24,
	HEAD = 16,
	ADDRESSES = 26,
	WINDOW = 4 << 20,
	BUFFER = 1 << 17,
	LONGEST = 1 << 18
};

static uint64_t packets, seen;

static void look(const uint8_t *packet)
{
	uint64_t addresses;

	memcpy(&addresses, packet + ADDRESSES, 8);
	seen ^= addresses;
	packets++;
}

/* From the record at at on to the last whole one before end; where the next one begins. */
static size_t walk(const uint8_t *byte, size_t at, size_t end)
{
	uint32_t len;

	while (at + HEAD <= end) {
		memcpy(&len, byte + at + 8, 4);
		if (at + HEAD + len > end)
			break;
		__builtin_prefetch(byte + at + 4096);
		if (len >= ADDRESSES + 8)
			look(byte + at + HEAD);
		at += HEAD + len;
	}
	return at;
}

static void by_pcap(const char *name)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(name, why);
	struct pcap_pkthdr *head;
	const u_char *byte;

	while (p && pcap_next_ex(p, &head, &byte) == 1)
		if (head->caplen >= ADDRESSES + 8)
			look(byte);
	if (p)
		pcap_close(p);
}

static void by_mmap(int fd)
{
	size_t size = (size_t)lseek(fd, 0, SEEK_END), page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = FILE_HEAD, before = 0; at < size && at != before;) {
		size_t from = at - at % page, len = size - from < WINDOW ? size - from : WINDOW;
		void *byte = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, (off_t)from);

		if (byte == MAP_FAILED)
			return;
		before = at;
		at = from + walk(byte, at - from, len);
		munmap(byte, len);
	}
}

static void by_read(int fd)
{
	static uint8_t byte[BUFFER + LONGEST];
	size_t at = FILE_HEAD, end = 0;

	for (ssize_t n; end <= LONGEST && (n = read(fd, byte + end, BUFFER)) > 0; at = 0) {
		at = walk(byte, at, end += (size_t)n);
		memmove(byte, byte + at, end -= at);
	}
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "floor pcap|mmap|read FILE.pcap\n");
		return 2;
	}
	switch (*argv[1]) {
	case 'p': by_pcap(argv[2]); break;
	case 'm': by_mmap(fd); break;
	default: by_read(fd);
	}
	printf("%llu packets, %llx\n", (unsigned long long)packets, (unsigned long long)seen);
	return 0;
}
