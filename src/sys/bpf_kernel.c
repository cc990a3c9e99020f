/* What the running kernel's type information says: which tracepoints there are, how many arguments
 * they have gained, and the names of its reasons. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/reason.h"
#include "sys/bpf.h"

/* Arguments of a tracepoint; -1 where this kernel has no such. */
static int arguments(const struct btf *btf, const char *tracepoint)
{
	char name[64];
	const struct btf_type *t;
	int id;

	snprintf(name, sizeof name, "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	/* typedef of a pointer to a function; its first argument is the registrant's own */
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	t = btf__type_by_id(btf, t->type);
	return btf_vlen(t) - 1;
}

static void reasons(const struct btf *btf, const char *enumeration, const char *prefix,
		    struct sonde_bpf_reasons *r)
{
	int id = btf__find_by_name_kind(btf, enumeration, BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);
	size_t skip = strlen(prefix);

	for (unsigned i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_enum *e = btf_enum(t) + i;
		const char *name = btf__name_by_offset(btf, e->name_off);

		if (e->val < 0 || e->val >= SONDE_BPF_REASONS || r->name[e->val])
			continue;
		r->name[e->val] = strdup(strncmp(name, prefix, skip) ? name : name + skip);
	}
}

static uint32_t find(const struct sonde_bpf_reasons *r, const char *name)
{
	for (uint32_t i = 0; i < SONDE_BPF_REASONS; i++)
		if (r->name[i] && !strcmp(r->name[i], name))
			return i;
	return 0;
}

int sonde_bpf_kernel_init(struct sonde_bpf_kernel *k)
{
	struct btf *btf;
	int n;

	memset(k, 0, sizeof *k);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return SONDE_NO_BTF;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return errno ? -errno : SONDE_NO_BTF;
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++) {
		const char *name = sonde_bpf_hook_name(i);

		if (!strcmp(name, "task_file") || !strcmp(name, "sock_create") ||
		    arguments(btf, name) >= 0)
			k->hooks |= 1u << i;
	}
	n = arguments(btf, "kfree_skb");
	if (n < 3) /* without a reason it says nothing */
		for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
			if (!strcmp(sonde_bpf_hook_name(i), "kfree_skb"))
				k->hooks &= ~(1u << i);
	k->drop_args = n < 0 ? 0 : (uint8_t)n;
	n = arguments(btf, "tcp_send_reset");
	k->reset_args = n < 0 ? 0 : (uint8_t)n;
	n = arguments(btf, "udp_fail_queue_rcv_skb");
	k->queue_args = n < 0 ? 0 : (uint8_t)n;
	reasons(btf, "skb_drop_reason", "SKB_DROP_REASON_", &k->drop);
	reasons(btf, "sk_rst_reason", "SK_RST_REASON_", &k->reset);
	k->rcvbuf = find(&k->drop, "SOCKET_RCVBUFF");
	k->mem = find(&k->drop, "PROTO_MEM");
	k->unspecified = find(&k->drop, "NOT_SPECIFIED");
	k->casts = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	k->fragments = btf__find_by_name_kind(btf, "bpf_dynptr_from_skb", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	return 0;
}

void sonde_bpf_kernel_done(struct sonde_bpf_kernel *k)
{
	for (unsigned i = 0; i < SONDE_BPF_REASONS; i++) {
		free(k->drop.name[i]);
		free(k->reset.name[i]);
	}
	memset(k, 0, sizeof *k);
}
