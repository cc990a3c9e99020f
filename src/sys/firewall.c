#include "sys/firewall.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "base/reason.h"
#include "sys/netns.h"

struct load {
	const char *commands;
	char *said;
	size_t size;
};

/* "/dev/stdin:3:5-9: Error: syntax error, unexpected newline" and lines that point at it: from the
 * first line, without where it was. */
static void keep_sentence(char *ret, size_t size, const char *error)
{
	const char *from = strstr(error, "Error: ");
	size_t len;

	from = from ? from + strlen("Error: ") : error;
	len = strcspn(from, "\n");
	len = len < size ? len : size - 1;
	memcpy(ret, from, len);
	ret[len] = 0;
}

/* The library's socket belongs to the namespace that it is opened in. */
static int load(void *arg)
{
	struct load *l = arg;
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int r = 0;

	if (!nft)
		return -ENOMEM;
	if (nft_ctx_buffer_error(nft) || nft_ctx_buffer_output(nft)) {
		r = -ENOMEM;
	} else if (nft_run_cmd_from_buffer(nft, l->commands)) {
		keep_sentence(l->said, l->size, nft_ctx_get_error_buffer(nft));
		r = SONDE_RULES;
	}
	nft_ctx_free(nft);
	return r;
}

int sonde_firewall_load(int netns, const char *commands, char *ret_said, size_t size)
{
	return sonde_netns_visit(netns, load, &(struct load){ commands, ret_said, size });
}
