/* churn [-n] sockets: 2,000 short TCP connections, 2,000 UDP sockets, 2,000 pairs of Unix sockets,
 * one after the other. Tells how many descriptors of sockets there were. */
#include "stim.h"

enum { TIMES = 2000 };

static void churn(void)
{
	int listener = listening(AF_INET), udp = bound(AF_INET, SOCK_DGRAM);
	uint16_t tcp_port = port_of(listener), udp_port = port_of(udp);

	for (int i = 0; i < TIMES; i++) {
		int client = connected_to(AF_INET, SOCK_STREAM, tcp_port), pair[2], one;
		int server = must(accept(listener, NULL, NULL));

		say(client, "x");
		hear(server, "x");
		close(client);
		hear_end(server);
		close(server);

		one = connected_to(AF_INET, SOCK_DGRAM, udp_port);
		say(one, "x");
		close(one);
		hear(udp, "x");

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		say(pair[0], "x");
		hear(pair[1], "x");
		close(pair[0]);
		close(pair[1]);
	}
	printf("tcp4 %d\nudp4 %d\nunix-stream %d\n", 2 * TIMES + 1, TIMES + 1, 2 * TIMES);
}

int main(int argc, char **argv)
{
	static const struct act acts[] = { { "sockets", churn }, { NULL, NULL } };

	return run_act(argc, argv, acts);
}
