/* newns [-u] : goes into a network namespace of its own, after it has begun, and talks there over
 * TCP and UDP; a socket from before stays where it was. -u: by way of a user namespace, without
 * root. */
#include "stim.h"

int main(int argc, char **argv)
{
	int before = bound(AF_INET, SOCK_DGRAM), pair[2], receiver, sender;

	alarm(20);
	tell("before", before);
	must(unshare(CLONE_NEWNET | (argc > 1 && !strcmp(argv[1], "-u") ? CLONE_NEWUSER : 0)));
	loopback_up();
	tcp_pair(AF_INET, pair);
	tell("client", pair[0]);
	tell("server", pair[1]);
	say(pair[0], "hello");
	hear(pair[1], "hello");
	close(pair[0]);
	hear_end(pair[1]);
	close(pair[1]);
	receiver = bound(AF_INET, SOCK_DGRAM);
	tell("receiver", receiver);
	sender = connected_to(AF_INET, SOCK_DGRAM, port_of(receiver));
	tell("sender", sender);
	say(sender, "hello");
	hear(receiver, "hello");
	return 0;
}
