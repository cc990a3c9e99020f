/* pingpong tcp|udp|unix TIMES: 64 bytes there and back within one process, so that nothing waits
 * for anything: what a tracer costs shows at its worst. Prints nanoseconds per round trip. */
#include <time.h>

#include "stim.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void udp_pair(int pair[2])
{
	struct sockaddr *a;
	socklen_t len;

	pair[0] = bound(AF_INET, SOCK_DGRAM);
	pair[1] = connected_to(AF_INET, SOCK_DGRAM, port_of(pair[0]));
	a = loopback(AF_INET, port_of(pair[1]), &len);
	must(connect(pair[0], a, len));
}

int main(int argc, char **argv)
{
	long times = argc == 3 ? atol(argv[2]) : 0;
	int pair[2], on = 1;
	char byte[64] = "";
	double from;

	if (times < 1) {
		fprintf(stderr, "pingpong tcp|udp|unix TIMES\n");
		return 2;
	}
	if (!strcmp(argv[1], "tcp")) {
		tcp_pair(AF_INET, pair);
		setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(pair[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	} else if (!strcmp(argv[1], "udp")) {
		udp_pair(pair);
	} else {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	}
	from = now();
	for (long i = 0; i < times; i++) {
		if (send(pair[0], byte, sizeof byte, 0) != sizeof byte ||
		    recv(pair[1], byte, sizeof byte, 0) != sizeof byte ||
		    send(pair[1], byte, sizeof byte, 0) != sizeof byte ||
		    recv(pair[0], byte, sizeof byte, 0) != sizeof byte) {
			perror("pingpong");
			return 1;
		}
	}
	printf("%.0f\n", (now() - from) / (double)times);
	return 0;
}
