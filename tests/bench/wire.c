/* What links do, in numbers: a JSON object a line, for relay.py. As root, in namespaces of its own.
 *
 *	wire delay PROBES	round trips through 5+5 ms, precise; the kernel answers
 *	wire rate SECONDS PPS	frames of 64 bytes one way, through 5 ms
 *	wire loss PACKETS	frames each way, through 10 % */
#include <netinet/in.h>
#include <time.h>

#include "lab/fate.h"
#include "sys/batch.h"
#include "sys/clock.h"
#include "tests/labwire_made.h"

enum { PATIENCE = 10, FRAME = 64, BURST = 64 };

static const struct sonde_truth_ring *truth;
static struct made m;

static void begin(const struct sonde_lab_impair impair[2], bool precise)
{
	struct sonde_lab_link changed;

	made_open(&m, impair, 0);
	MUST(sonde_labwire_truth(&truth, m.truth) == 0);
	made_run(&m);
	changed = m.link;
	changed.precise = precise;
	MUST(sonde_labwire_set(m.control, 0, &changed) == 0);
}

static void sleep_until(sonde_ns when)
{
	struct timespec t = { (time_t)(when / SONDE_SECOND), (long)(when % SONDE_SECOND) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Until the truth has so many records, or patience ends. */
static void wait_records(uint64_t n)
{
	sonde_ns end = sonde_clock_now() + PATIENCE * SONDE_SECOND;

	while (__atomic_load_n(&truth->written, __ATOMIC_ACQUIRE) < n && sonde_clock_now() < end)
		sleep_until(sonde_clock_now() + SONDE_MILLISECOND);
}

static struct sonde_address host(unsigned e)
{
	return (struct sonde_address){ .family = AF_INET, .ip = { 10, 0, 0, (uint8_t)(1 + e) } };
}

/* An address at each end, and the other end's known for good. */
static void give_addresses(void)
{
	for (unsigned e = 0; e < 2; e++) {
		struct sonde_address own = host(e), peer = host(!e);
		struct sonde_batch *b;
		int index;

		MUST(sonde_batch_open(&b, m.netns[e]) == 0);
		index = sonde_batch_index(b, "eth0");
		MUST(index > 0);
		sonde_batch_address(b, (unsigned)index, &own, 24);
		sonde_batch_neighbour(b, (unsigned)index, &peer, m.link.end[!e].mac);
		MUST(sonde_batch_send(b) == 0);
		MUST(sonde_batch_wait(b, &own) == 0);
		sonde_batch_close(b);
	}
}

/* A socket that sees what leaves and comes at a, with the kernel's stamps. */
static int open_ears(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htobe16(0x0003) };
	int fd = sonde_netns_socket(m.netns[0], AF_PACKET, SOCK_DGRAM, 0), one = 1;

	MUST(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	MUST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	return fd;
}

/* The stamp of the next ICMP message of that type and sequence, or 0 after a second. */
static sonde_ns hear(int fd, uint8_t type, uint16_t seq)
{
	struct pollfd p = { fd, POLLIN, 0 };
	uint8_t byte[256], control[64];

	while (poll(&p, 1, 1000) > 0) {
		struct iovec part = { byte, sizeof byte };
		struct msghdr h = { .msg_iov = &part,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof control };
		ssize_t n = recvmsg(fd, &h, 0);
		const struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		struct timespec t;

		if (n < 28 || byte[9] != IPPROTO_ICMP || byte[20] != type || byte[26] != seq >> 8 ||
		    byte[27] != (seq & 255) || !c)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof t);
		return (sonde_ns)t.tv_sec * SONDE_SECOND + (sonde_ns)t.tv_nsec;
	}
	return 0;
}

static void ask(int fd, uint16_t seq)
{
	uint8_t echo[FRAME] = { 8, 0, 0, 0, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htobe32(0x0a000002) };
	uint16_t sum = (uint16_t) ~(0x0800 + seq + (0x0800 + seq > 0xffff)); /* RFC 1071 */

	echo[2] = (uint8_t)(sum >> 8);
	echo[3] = (uint8_t)sum;
	MUST(sendto(fd, echo, sizeof echo, 0, (struct sockaddr *)&to, sizeof to) == sizeof echo);
}

static void tell_lateness(void)
{
	struct sonde_truth t;

	for (uint64_t i = 0; sonde_truth_get(truth, i, &t) > 0; i++)
		if (t.out)
			printf("{\"late_ns\":%lu}\n", (unsigned long)(t.out - t.due));
}

static void measure_delay(unsigned probes)
{
	const struct sonde_lab_impair way = { .delay = 5 * SONDE_MILLISECOND };
	int raw, ears;

	begin((struct sonde_lab_impair[2]){ way, way }, true);
	give_addresses();
	raw = sonde_netns_socket(m.netns[0], AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ears = open_ears();
	for (unsigned i = 0; i < probes; i++) {
		sonde_ns sent, back;

		ask(raw, (uint16_t)i);
		sent = hear(ears, 8, (uint16_t)i);
		back = sent ? hear(ears, 0, (uint16_t)i) : 0;
		if (back)
			printf("{\"rtt_ns\":%lu}\n", (unsigned long)(back - sent));
		sleep_until(sonde_clock_now() + (1 + i % 7) * SONDE_MILLISECOND);
	}
	close(raw);
	close(ears);
	tell_lateness();
}

/* What the host has received, by the kernel's own count. */
static int count_received(void *ret)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	char line[512];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " eth0: %*u %lu", (unsigned long *)ret) == 1)
			break;
	if (f)
		fclose(f);
	return 0;
}

static void measure_rate(unsigned seconds, unsigned pps)
{
	const struct sonde_lab_impair way = { .delay = 5 * SONDE_MILLISECOND };
	struct mmsghdr message[BURST] = { 0 };
	uint64_t sent = 0, n = (uint64_t)seconds * pps, passed = 0, unasked = 0;
	unsigned long received = 0;
	uint8_t frame[FRAME];
	struct iovec part = { frame, sizeof frame };
	sonde_ns start, used;
	struct sonde_truth t;

	begin((struct sonde_lab_impair[2]){ way, way }, false);
	made_frame(frame, 1, sizeof frame);
	close(m.tap[1]); /* the kernel counts */
	m.tap[1] = -1;
	for (unsigned i = 0; i < BURST; i++) {
		message[i].msg_hdr.msg_iov = &part;
		message[i].msg_hdr.msg_iovlen = 1;
	}
	start = sonde_clock_now();
	while (sent < n) {
		sonde_ns ahead = sent * SONDE_SECOND / pps;
		int k = sendmmsg(m.tap[0], message, n - sent < BURST ? (unsigned)(n - sent) : BURST,
				 0);

		MUST(k > 0);
		sent += (uint64_t)k;
		sleep_until(start + ahead);
	}
	start = sonde_clock_now() - start;
	wait_records(n);
	MUST(sonde_netns_visit(m.netns[1], count_received, &received) == 0);
	used = made_stop(&m);
	for (uint64_t i = 0; sonde_truth_get(truth, i, &t) > 0; i++) {
		passed += t.verdict == SONDE_TRUTH_PASS;
		unasked +=
			t.verdict == SONDE_TRUTH_MISSED ? t.number : t.verdict > SONDE_TRUTH_FULL;
	}
	printf("{\"sent\":%lu,\"passed\":%lu,\"unasked\":%lu,\"received\":%lu,\"pps\":%lu,"
	       "\"cpu_ns\":%lu,\"realtime\":%d}\n",
	       (unsigned long)sent, (unsigned long)passed, (unsigned long)unasked, received,
	       (unsigned long)(sent * SONDE_SECOND / start), (unsigned long)(used / sent),
	       truth->realtime);
}

static void measure_loss(unsigned packets)
{
	const struct sonde_lab_impair way = { .loss = 100000 };
	uint64_t lost[2] = { 0 }, passed[2] = { 0 }, arrived[2] = { 0 };
	static uint8_t frame[FRAME_MOST];
	struct sonde_truth t;

	begin((struct sonde_lab_impair[2]){ way, way }, false);
	for (uint32_t i = 0; i < packets; i++)
		for (unsigned e = 0; e < 2; e++) {
			made_send(&m, e, i, FRAME);
			wait_records(2 * (uint64_t)i + e > 100 ? 2 * (uint64_t)i + e - 100 : 0);
			arrived[!e] += made_recv(&m, !e, frame, 0) > 0;
		}
	for (unsigned e = 0; e < 2; e++)
		while (made_recv(&m, e, frame, 200) > 0)
			arrived[e]++;
	for (uint64_t i = 0; sonde_truth_get(truth, i, &t) > 0; i++) {
		lost[t.end] += t.verdict == SONDE_TRUTH_LOST;
		passed[t.end] += t.verdict == SONDE_TRUTH_PASS;
	}
	for (unsigned e = 0; e < 2; e++)
		printf("{\"packets\":%u,\"lost\":%lu,\"passed\":%lu,\"arrived\":%lu}\n", packets,
		       (unsigned long)lost[e], (unsigned long)passed[e],
		       (unsigned long)arrived[!e]);
}

int main(int argc, char **argv)
{
	unsigned a = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	unsigned b = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	if (a && argc == 3 && !strcmp(argv[1], "delay"))
		measure_delay(a);
	else if (a && b && argc == 4 && !strcmp(argv[1], "rate"))
		measure_rate(a, b);
	else if (a && argc == 3 && !strcmp(argv[1], "loss"))
		measure_loss(a);
	else
		return 2;
	if (m.control >= 0)
		made_stop(&m);
	sonde_labwire_truth_done(truth);
	made_close(&m);
	return 0;
}
