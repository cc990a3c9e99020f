/* What the running kernel's type information says: which tracepoints there are, how many arguments
 * they have gained, and the names of its reasons. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/reason.h"
#include "sys/bpf.h"

/* The tracepoint's type is a pointer to a function, whose first argument is the registrant's own.
 */
static uint8_t arguments(const struct btf *btf, const struct btf_type *type_of)
{
	const struct btf_type *pointer = btf__type_by_id(btf, type_of->type);

	return (uint8_t)(btf_vlen(btf__type_by_id(btf, pointer->type)) - 1);
}

static void reasons(const struct btf *btf, const struct btf_type *t, const char *prefix,
		    struct sonde_bpf_reasons *r)
{
	size_t skip = strlen(prefix);

	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_enum *e = btf_enum(t) + i;
		const char *name = btf__name_by_offset(btf, e->name_off);

		if (e->val < 0 || e->val >= SONDE_BPF_REASONS || r->name[e->val])
			continue;
		r->name[e->val] = strdup(strncmp(name, prefix, skip) ? name : name + skip);
	}
}

static void learn_tracepoint(struct sonde_bpf_kernel *k, const char *name, uint8_t args)
{
	bool drops = !strcmp(name, "kfree_skb");

	if (drops)
		k->drop_args = args;
	else if (!strcmp(name, "tcp_send_reset"))
		k->reset_args = args;
	else if (!strcmp(name, "udp_fail_queue_rcv_skb"))
		k->queue_args = args;
	if (drops && args < 3) /* without a reason it says nothing */
		return;
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
		if (!strcmp(name, sonde_bpf_hook_name(i)))
			k->hooks |= 1u << i;
}

static void learn(struct sonde_bpf_kernel *k, const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	switch (btf_kind(t)) {
	case BTF_KIND_TYPEDEF:
		if (!strncmp(name, "btf_trace_", 10))
			learn_tracepoint(k, name + 10, arguments(btf, t));
		break;
	case BTF_KIND_ENUM:
		if (!strcmp(name, "skb_drop_reason"))
			reasons(btf, t, "SKB_DROP_REASON_", &k->drop);
		else if (!strcmp(name, "sk_rst_reason"))
			reasons(btf, t, "SK_RST_REASON_", &k->reset);
		break;
	case BTF_KIND_FUNC:
		if (!strncmp(name, "bpf_", 4)) {
			k->casts |= !strcmp(name, "bpf_rdonly_cast");
			k->fragments |= !strcmp(name, "bpf_dynptr_from_skb");
		}
		break;
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

	memset(k, 0, sizeof *k);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return SONDE_NO_BTF;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return errno ? -errno : SONDE_NO_BTF;
	for (uint32_t id = 1; id < btf__type_cnt(btf);
	     id++) /* once: there are a hundred thousand */
		learn(k, btf, btf__type_by_id(btf, id));
	btf__free(btf);
	learn_tracepoint(k, "task_file", 0); /* these two are none, and are tried */
	learn_tracepoint(k, "sock_create", 0);
	k->rcvbuf = find(&k->drop, "SOCKET_RCVBUFF");
	k->mem = find(&k->drop, "PROTO_MEM");
	k->unspecified = find(&k->drop, "NOT_SPECIFIED");
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
