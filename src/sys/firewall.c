#include "sys/firewall.h"

#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/file.h"
#include "sys/netns.h"

struct load {
	char path[32];
	char *said;
	size_t size;
};

/* "/dev/stdin:3:5-9: Error: syntax error, unexpected newline", then the line it means, and one that
 * points at a part of that: from the first error what it is, and its line. */
static void keep_sentence(char *ret, size_t size, const char *error)
{
	const char *what = strstr(error, "Error: "), *line;
	int len, skipped;

	what = what ? what + strlen("Error: ") : error;
	len = (int)strcspn(what, "\n");
	line = what + len + (what[len] != 0);
	skipped = (int)strspn(line, " \t");
	snprintf(ret, size, "%.*s%s%.*s%s", len, what, line[skipped] ? ": '" : "",
		 (int)strcspn(line + skipped, "\n"), line + skipped, line[skipped] ? "'" : "");
}

/* The library's socket belongs to the namespace that it is opened in. Where there can be none it
 * ends the program, so that is tried first. */
static int load(void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), r = 0;
	struct load *l = arg;
	struct nft_ctx *nft;

	if (fd < 0)
		return -errno;
	close(fd);
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return -ENOMEM;
	if (nft_ctx_buffer_error(nft) || nft_ctx_buffer_output(nft)) {
		r = -ENOMEM;
	} else if (nft_run_cmd_from_filename(nft, l->path)) {
		keep_sentence(l->said, l->size, nft_ctx_get_error_buffer(nft));
		r = SONDE_RULES;
	}
	nft_ctx_free(nft);
	return r;
}

/* Only of a file does nft say which line it means. */
int sonde_firewall_load(int netns, const char *commands, char *ret_said, size_t size)
{
	struct load l = { .said = ret_said, .size = size };
	int fd = memfd_create("rules", MFD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	snprintf(l.path, sizeof l.path, "/proc/self/fd/%d", fd);
	r = sonde_file_sink(&fd, commands, strlen(commands));
	if (!r)
		r = sonde_netns_visit(netns, load, &l);
	close(fd);
	return r;
}
