#include "probe/extension.h"

#include <sys/socket.h>

#include "packet/field.h"

struct reading {
	struct sonde_extension *e;
	struct sonde_extension_label *label;	     /* being read, or NULL */
	struct sonde_extension_interface *interface; /* likewise */
	uint64_t flags;				     /* of the interface */
	bool stack; /* the labels are those the packet had: type 1 */
	bool lies;
};

/* What its flags say of an interface, held against what was told. RFC 5837 section 4. */
static void close_interface(struct reading *r)
{
	const struct sonde_extension_interface *i = r->interface;
	bool index = r->flags >> 3 & 1, address = r->flags >> 2 & 1, name = r->flags >> 1 & 1;

	r->lies |= index != i->has_index || address != (i->address.family != 0) ||
		   name != (i->name_len != 0) || (r->flags & 1) != i->has_mtu;
	r->interface = NULL;
}

/* ---- what a walk over its fields tells ---- */

static void hear_label(struct sonde_extension_label *l, const struct sonde_field *f)
{
	switch (f->row) {
	case SONDE_ROW_icmp_label_label: l->label = (uint32_t)f->number; break;
	case SONDE_ROW_icmp_label_tc: l->tc = (uint8_t)f->number; break;
	case SONDE_ROW_icmp_label_s: l->bottom = f->number; break;
	case SONDE_ROW_icmp_label_ttl: l->ttl = (uint8_t)f->number; break;
	}
}

static void hear_interface(struct reading *r, const struct sonde_field *f)
{
	struct sonde_extension_interface *i = r->interface;

	switch (f->row) {
	case SONDE_ROW_icmp_interface_ctype: r->flags = f->number; break;
	case SONDE_ROW_icmp_interface_role: i->role = (uint8_t)f->number; break;
	case SONDE_ROW_icmp_interface_ifindex:
		i->has_index = true;
		i->index = (uint32_t)f->number;
		break;
	case SONDE_ROW_icmp_interface_ipv4:
		i->address.family = AF_INET;
		sonde_store(i->address.ip, 4, f->number);
		break;
	case SONDE_ROW_icmp_interface_ipv6:
		i->address.family = AF_INET6;
		memcpy(i->address.ip, f->octets, 16);
		break;
	case SONDE_ROW_icmp_interface_text:
		if (f->octets_len > sizeof i->name)
			break; /* so that it lies */
		i->name_len = (uint8_t)f->octets_len;
		memcpy(i->name, f->octets, i->name_len);
		break;
	case SONDE_ROW_icmp_interface_bytes:
		i->has_mtu = true;
		i->mtu = (uint32_t)f->number;
		break;
	}
}

static void keep_other(struct sonde_extension *e, const struct sonde_field *f)
{
	struct sonde_extension_other *o = &e->other[e->others];
	uint32_t len = f->octets_len - 1; /* without the type */

	if (e->others == SONDE_EXTENSION_OTHERS) {
		e->more = true;
		return;
	}
	e->others++;
	o->class = (uint8_t)f->number;
	o->type = f->octets[0];
	o->len = (uint16_t)len;
	memcpy(o->data, f->octets + 1, len < sizeof o->data ? len : sizeof o->data);
}

/* An object begins, or a label in one. */
static void open(struct reading *r, const struct sonde_field *f)
{
	struct sonde_extension *e = r->e;

	if (f->shape == SONDE_icmp_label) {
		if (r->stack && e->labels < SONDE_EXTENSION_LABELS)
			r->label = &e->label[e->labels++];
		else if (r->stack)
			e->more = true;
		return;
	}
	r->lies |= f->bad || !f->octets_len;
	if (r->lies)
		return;
	r->stack = f->shape == SONDE_icmp_mpls && f->octets[0] == 1;
	if (r->stack) /* whole ones, and at least one */
		r->lies = f->len % 4 || f->len == SONDE_BYTES_icmp_mpls;
	else if (f->shape != SONDE_icmp_interface)
		keep_other(e, f);
	else if (e->interfaces < SONDE_EXTENSION_INTERFACES)
		r->interface = &e->interface[e->interfaces++];
	else
		e->more = true;
}

static void hear(void *arg, const struct sonde_field *f)
{
	struct reading *r = arg;

	if (f->is == SONDE_FIELD_OPEN) {
		open(r, f);
	} else if (f->is == SONDE_FIELD_CLOSE) {
		r->label = NULL;
		if (r->interface)
			close_interface(r);
	} else if (r->label) {
		hear_label(r->label, f);
	} else if (r->interface) {
		hear_interface(r, f);
	}
}

/* ---- where it lies ---- */

/* What the error says of the length of its quote, bytes; 0: nothing, or it cannot. */
static uint32_t told_length(const struct sonde_packet *p, unsigned d)
{
	switch (p->layer[d].shape) {
	case SONDE_icmp_unreach:
		return 4u * sonde_icmp_unreach_length(sonde_header(p, d, icmp_unreach));
	case SONDE_icmp_error: return 4u * sonde_icmp_error_length(sonde_header(p, d, icmp_error));
	case SONDE_icmp_param: return 4u * sonde_icmp_param_length(sonde_header(p, d, icmp_param));
	case SONDE_icmpv6_error:
		return 8u * sonde_icmpv6_error_length(sonde_header(p, d, icmpv6_error));
	}
	return 0;
}

/* Of an error behind whose quote no structure was found. */
static enum sonde_extension_is why_none(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	uint32_t room = l->end - l->at - l->head, quote = told_length(p, d);

	if (!quote || quote == room)
		return SONDE_EXTENSION_NONE;
	if (l->end > p->len)
		return SONDE_EXTENSION_CUT;
	return quote > room || room - quote < SONDE_BYTES_icmp_ext ? SONDE_EXTENSION_LIES
								   : SONDE_EXTENSION_VERSION;
}

static enum sonde_extension_is read(struct sonde_extension *ret, const struct sonde_packet *p,
				    unsigned d)
{
	struct reading r = { .e = ret };
	struct sonde_verdict v;

	if (p->layer[d].end > p->len)
		return SONDE_EXTENSION_CUT;
	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	if (sonde_is_wrong(&v, d, icmp_ext, checksum))
		return SONDE_EXTENSION_SUM;
	sonde_field_each(p, d, hear, &r); /* what ends it too early is told as bad */
	return r.lies ? SONDE_EXTENSION_LIES : SONDE_EXTENSION_GOOD;
}

void sonde_extension_read(struct sonde_extension *ret, const struct sonde_packet *p)
{
	enum sonde_extension_is is = SONDE_EXTENSION_NONE;
	unsigned d = 0, last = p->n - 1u;

	memset(ret, 0, sizeof *ret);
	while (d < p->n && !sonde_quotes((enum sonde_shape)p->layer[d].shape))
		d++;
	if (d == p->n)
		return;
	if (p->layer[last].shape == SONDE_icmp_ext && !(p->layer[last].part & SONDE_PART_QUOTED))
		is = read(ret, p, last);
	else
		is = why_none(p, d);
	if (is != SONDE_EXTENSION_GOOD)
		memset(ret, 0, sizeof *ret);
	ret->is = (uint8_t)is;
}

/* ---- as text ---- */

/* clang-format off */
const char *sonde_extension_text(unsigned is)
{
	switch (is) {
	case SONDE_EXTENSION_NONE: return "no extension";
	case SONDE_EXTENSION_GOOD: return "good";
	case SONDE_EXTENSION_CUT: return "extension cut by the capture";
	case SONDE_EXTENSION_SUM: return "extension with a wrong checksum";
	case SONDE_EXTENSION_VERSION: return "extension of an unknown version";
	case SONDE_EXTENSION_LIES: return "extension that contradicts itself";
	}
	return "";
}
/* clang-format on */

static void print_number(struct sonde_text *t, const char *before, uint64_t v)
{
	sonde_text_str(t, before);
	sonde_text_end(t, sonde_put_dec(sonde_text_room(t, 20), v));
}

static void print_labels(struct sonde_text *t, const struct sonde_extension *e)
{
	for (unsigned i = 0; i < e->labels; i++) {
		const struct sonde_extension_label *l = &e->label[i];

		print_number(t, i ? "/L=" : "MPLS:L=", l->label);
		print_number(t, ",E=", l->tc);
		print_number(t, ",S=", l->bottom);
		print_number(t, ",T=", l->ttl);
	}
}

static void print_interface(struct sonde_text *t, const struct sonde_extension_interface *i)
{
	static const char *const roles[] = { "INC:", "SUB:", "OUT:", "NXT:" };
	const char *comma = "";
	char *o;

	sonde_text_str(t, roles[i->role & 3]);
	if (i->has_index) {
		print_number(t, "", i->index);
		comma = ",";
	}
	if (i->address.family) {
		sonde_text_str(t, comma);
		o = sonde_text_room(t, 48);
		sonde_text_end(t, i->address.family == AF_INET ? sonde_put_ip4(o, i->address.ip)
							       : sonde_put_ip6(o, i->address.ip));
		comma = ",";
	}
	if (i->name_len) {
		sonde_text_str(t, comma);
		sonde_text_str(t, "\"");
		sonde_text_escape(t, i->name, i->name_len);
		sonde_text_str(t, "\"");
		comma = ",";
	}
	if (i->has_mtu) {
		sonde_text_str(t, comma);
		print_number(t, "mtu=", i->mtu);
	}
}

static void print_other(struct sonde_text *t, const struct sonde_extension_other *other)
{
	unsigned n = other->len < sizeof other->data ? other->len : (unsigned)sizeof other->data;

	print_number(t, "", other->class);
	print_number(t, "/", other->type);
	sonde_text_str(t, ":");
	for (unsigned i = 0; i < n; i++)
		sonde_text_bytes(t, sonde_text_tables.hex2 + 2 * other->data[i], 2);
	if (n < other->len)
		sonde_text_str(t, "...");
}

void sonde_extension_print(struct sonde_text *t, const struct sonde_extension *e)
{
	const char *between = "";

	if (e->is == SONDE_EXTENSION_NONE)
		return;
	sonde_text_str(t, "<");
	if (e->is != SONDE_EXTENSION_GOOD)
		sonde_text_str(t, sonde_extension_text(e->is));
	if (e->labels) {
		print_labels(t, e);
		between = ";";
	}
	for (unsigned i = 0; i < e->interfaces; i++, between = ";") {
		sonde_text_str(t, between);
		print_interface(t, &e->interface[i]);
	}
	for (unsigned i = 0; i < e->others; i++, between = ";") {
		sonde_text_str(t, between);
		print_other(t, &e->other[i]);
	}
	if (e->more) {
		sonde_text_str(t, between);
		sonde_text_str(t, "...");
	}
	sonde_text_str(t, ">");
}
