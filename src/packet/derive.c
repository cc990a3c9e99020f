#include "packet/derive.h"

#include "packet/crc.h"
#include "packet/option.h"
#include "packet/sum.h"

/* Where a routing header that is not done says that the packet goes in the end, or NULL: the last
 * address, but RFC 8754 section 2 lists the last hop first. */
static const uint8_t *routed_to(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ipv6_routing *h = sonde_header(p, d, ipv6_routing);
	const uint8_t *from = p->byte + p->layer[d].at;
	uint32_t head = p->layer[d].head;

	if (!sonde_ipv6_routing_segleft(h) || head < SONDE_BYTES_ipv6_routing + 16)
		return NULL;
	return from + (sonde_ipv6_routing_type(h) == 4 ? SONDE_BYTES_ipv6_routing : head - 16);
}

/* Adds addresses, length and protocol number of the IP below layer d, RFC 9293 section 3.1 and RFC
 * 8200 section 8.1. False where there is no IP below. */
static bool add_pseudo(const struct sonde_packet *p, unsigned d, uint64_t *sum)
{
	const struct sonde_layer *top = &p->layer[d];
	const uint8_t *final = NULL, *via;

	for (unsigned i = d; i-- > 0;) {
		const uint8_t *h = p->byte + p->layer[i].at;

		switch (p->layer[i].shape) {
		case SONDE_ip: *sum += sonde_sum(h + SONDE_AT_ip_src / 8, 8); break;
		case SONDE_ipv6:
			*sum += sonde_sum(h + SONDE_AT_ipv6_src / 8, 16);
			*sum += sonde_sum(final ? final : h + SONDE_AT_ipv6_dst / 8, 16);
			break;
		case SONDE_ipv6_routing:
			if ((via = routed_to(p, i)))
				final = via; /* fall through */
		case SONDE_ipv6_hopopts:
		case SONDE_ipv6_dstopts:
		case SONDE_ipv6_frag:
		case SONDE_ah: continue;
		default: return false;
		}
		*sum += htobe32(top->end - top->at);
		*sum += htobe16((uint16_t)sonde_key(SONDE_SPACE_ipproto, top->shape));
		return true;
	}
	return false;
}

/* A checksum where 0 means that none was made. */
static inline bool is_optional(enum sonde_role role)
{
	return role == SONDE_ROLE_SUM_OPTIONAL || role == SONDE_ROLE_SUM_ALL_OPTIONAL;
}

/* Bytes of the packet that the ICMP error of layer d quotes, where something follows it, else 0. */
static uint32_t quoted(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d], *last = &p->layer[p->n - 1];

	return last->shape == SONDE_icmp_ext && last > l && !(last->part & SONDE_PART_QUOTED)
		       ? last->at - l->at - l->head
		       : 0;
}

/* How many of all bytes the field before a sum says that it covers, RFC 3828 section 3.1; 0: it
 * lies. */
static uint32_t covered(const uint8_t *h, unsigned at, uint32_t all)
{
	uint32_t covers = (uint32_t)sonde_get(h, at - 16, 16);

	return !covers ? all : covers < SONDE_BYTES_udplite || covers > all ? 0 : covers;
}

static uint32_t options(const uint8_t *at, const uint8_t *to, enum sonde_family family)
{
	struct sonde_walk w = { at, to };
	struct sonde_option o;
	uint32_t n = 0;

	while (sonde_option_next(&w, family, &o))
		n++;
	return n;
}

/* Authentication is left out, and with a digest no sum is made, RFC 2328 sections D.4.1 to D.4.3.
 */
static bool ospf_sum(const struct sonde_packet *p, unsigned d, uint64_t *want)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_ospf *ospf = sonde_header(p, d, ospf);
	const uint8_t *h = p->byte + l->at;
	uint32_t len = sonde_ospf_len(ospf);

	if (sonde_ospf_autype(ospf) > 1 || len < SONDE_BYTES_ospf || len > l->end - l->at ||
	    l->at + len > p->len)
		return false;
	*want = sonde_sum_end(sonde_sum(h, len) - sonde_sum(h + SONDE_AT_ospf_auth / 8, 8) -
			      sonde_sum_field(h, SONDE_AT_ospf_checksum / 8));
	return true;
}

/* A register is summed without the packet in it; over IPv6 there is a pseudo-header. whole: as some
 * send a register, RFC 7761 section 4.9, with it. */
static bool pim_sum(const struct sonde_packet *p, unsigned d, bool whole, uint64_t *want)
{
	enum { REGISTER = 1, REGISTER_HEAD = 8 };
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_pim *pim = sonde_header(p, d, pim);
	const uint8_t *h = p->byte + l->at;
	uint32_t all = l->end - l->at, len = all;
	uint64_t pseudo = 0;

	if (sonde_pim_version(pim) != 2)
		return false;
	if (sonde_pim_type(pim) == REGISTER && !whole && all >= REGISTER_HEAD)
		len = REGISTER_HEAD;
	if (l->at + len > p->len)
		return false;
	if (d && p->layer[d - 1].shape != SONDE_ip) {
		if (!add_pseudo(p, d, &pseudo))
			return false;
		pseudo += htobe32(len) - (uint64_t)htobe32(all);
	}
	*want = sonde_sum_end(pseudo + sonde_sum(h, len) -
			      sonde_sum_field(h, SONDE_AT_pim_checksum / 8));
	return true;
}

static bool crc32c(const struct sonde_packet *p, unsigned d, uint64_t *want)
{
	static const uint8_t zeros[4];
	const struct sonde_layer *l = &p->layer[d];
	const uint8_t *h = p->byte + l->at;
	uint32_t all = l->end - l->at, field = SONDE_AT_sctp_checksum / 8, crc = UINT32_MAX;

	if (l->at + all > p->len)
		return false;
	crc = sonde_crc32c(crc, h, field);
	crc = sonde_crc32c(crc, zeros, 4);
	crc = sonde_crc32c(crc, h + field + 4, all - field - 4);
	*want = sonde_crc32c_end(crc);
	return true;
}

/* The value a field ought to hold, given the packet around it: the encoder stores it, the decoder
 * compares with it. False where nothing in the packet decides it. Always called with a role and
 * a place known when compiling, so that each call is a few instructions. */
SONDE_INLINE bool derive(const struct sonde_packet *p, unsigned d, unsigned at, unsigned bits,
			 enum sonde_role role, unsigned arg, uint64_t *want)
{
	const struct sonde_layer *l = &p->layer[d];
	const uint8_t *h = p->byte + l->at;
	uint32_t all = l->end - l->at;
	uint64_t sum = 0;
	int32_t key;

	switch (role) {
	case SONDE_ROLE_ANY:
	case SONDE_ROLE_USUALLY:
	case SONDE_ROLE_PORT:
	case SONDE_ROLE_HAS:
	case SONDE_ROLE_MORE:
	case SONDE_ROLE_OFFSET: return false;
	case SONDE_ROLE_COUNT:
		*want = (l->head - sonde_shapes[l->shape].bytes) / sonde_shapes[arg].bytes;
		return true;
	case SONDE_ROLE_OPTIONS:
		*want = options(h + sonde_shapes[l->shape].bytes, h + l->head, arg);
		return l->end <= p->len; /* else some were not captured */
	case SONDE_ROLE_PORT_TO:
		if (d + 1 >= p->n || (key = sonde_key(arg, p->layer[d + 1].shape)) < 0 ||
		    sonde_get(h, at - bits, bits) == (uint32_t)key)
			return false;
		*want = (uint32_t)key;
		return true;
	case SONDE_ROLE_TAGS: *want = l->head - sonde_shapes[l->shape].bytes; return true;
	case SONDE_ROLE_QUOTED: *want = quoted(p, d) / arg; return true;
	case SONDE_ROLE_COVERS: *want = all > 65535 ? 0 : all; return true;
	case SONDE_ROLE_IS: *want = arg; return true;
	case SONDE_ROLE_KEY_OR_BODY:
		if (d + 1 < p->n && (key = sonde_key(arg, p->layer[d + 1].shape)) != 0) {
			*want = (uint32_t)key;
			return key > 0;
		}
		*want = all - l->head;
		return true;
	case SONDE_ROLE_KEY:
		if (d + 1 >= p->n || (key = sonde_key(arg, p->layer[d + 1].shape)) < 0 ||
		    (uint32_t)key > SONDE_MASK(bits))
			return false;
		*want = (uint32_t)key;
		return true;
	case SONDE_ROLE_WORDS: *want = (l->head / 4 - arg) & SONDE_MASK(bits); return true;
	case SONDE_ROLE_EIGHTS: *want = (l->head / 8u - 1) & SONDE_MASK(bits); return true;
	case SONDE_ROLE_TOTAL:
		*want = all > 65535 ? 0 : all; /* RFC 2675 section 4 */
		return true;
	case SONDE_ROLE_BODY:
	case SONDE_ROLE_PAYLOAD: *want = all - l->head > 65535 ? 0 : all - l->head; return true;
	case SONDE_ROLE_SUM_HEADER: all = l->head; break;
	case SONDE_ROLE_SUM_ALL:
	case SONDE_ROLE_SUM_ALL_OPTIONAL: break;
	case SONDE_ROLE_SUM_COVERED:
		if (!add_pseudo(p, d, &sum) || !(all = covered(h, at, all)))
			return false;
		break;
	case SONDE_ROLE_SUM_PSEUDO:
	case SONDE_ROLE_SUM_OPTIONAL:
		if (!add_pseudo(p, d, &sum))
			return false;
		break;
	case SONDE_ROLE_SUM_OSPF: return ospf_sum(p, d, want);
	case SONDE_ROLE_SUM_PIM: return pim_sum(p, d, false, want);
	case SONDE_ROLE_SUM_CRC32C: return crc32c(p, d, want);
	}
	if (l->at + all > p->len)
		return false;
	sum += sonde_sum(h, all) - sonde_sum_field(h, at / 8);
	*want = sonde_sum_end(sum);
	if (is_optional(role) && *want == 0)
		*want = 0xffff; /* RFC 768: 0 would mean that none was made */
	return true;
}

/* Whether a field is a checksum. */
static inline bool is_sum(enum sonde_role role)
{
	return role >= SONDE_ROLE_SUM_HEADER;
}

/* Whether a field of layer d disagrees with the packet around it. */
SONDE_INLINE bool differs(const struct sonde_packet *p, unsigned d, unsigned how, unsigned at,
			  unsigned bits, enum sonde_role role, unsigned arg)
{
	uint64_t have, want;
	bool strict = how & SONDE_JUDGE_STRICT;

	if (role == SONDE_ROLE_PORT_TO && strict) /* another port may lead there as well */
		return derive(p, d, at, bits, role, arg, &want) &&
		       want != sonde_get(p->byte + p->layer[d].at, at, bits);
	if (sonde_role_is_chosen(role))
		return false; /* and so never read: it may be wider than 64 bits */
	if (role == SONDE_ROLE_KEY && !strict)
		return false; /* it led here: any key that does is right */
	if (role == SONDE_ROLE_KEY_OR_BODY && !strict &&
	    sonde_get(p->byte + p->layer[d].at, at, bits) > SONDE_BODY_MOST)
		return false;
	if (is_sum(role) && !(how & SONDE_JUDGE_SUMS))
		return false;
	have = sonde_get(p->byte + p->layer[d].at, at, bits);
	if ((is_optional(role) || role == SONDE_ROLE_QUOTED) && have == 0 && !strict)
		return false;
	if (role == SONDE_ROLE_COVERS && !strict)
		return !covered(p->byte + p->layer[d].at, at + 16,
				p->layer[d].end - p->layer[d].at);
	if (!derive(p, d, at, bits, role, arg, &want))
		return strict;
	if (role == SONDE_ROLE_SUM_PIM && !strict && want % 0xffff != have % 0xffff)
		pim_sum(p, d, true, &want);
	if (is_sum(role) && role != SONDE_ROLE_SUM_CRC32C &&
	    !strict) /* both zeros are the same sum, and Linux sends either */
		return want % 0xffff != have % 0xffff;
	return want != have;
}

/* Wrong sums in the pieces of layer d; their rows come behind those of the header. */
static uint32_t judge_pieces(const struct sonde_packet *p, unsigned d, unsigned how)
{
	const struct sonde_layer *l = &p->layer[d];
	struct sonde_pieces w = sonde_pieces(p->byte + l->at, l->shape, l->head);
	uint32_t at, wrong = 0;

	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));) {
		const struct sonde_shape_info *s = &sonde_shapes[piece];

		for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
			const struct sonde_row *r = &sonde_rows[i];

			if (is_sum(r->role) &&
			    differs(p, d, how, 8 * at + r->at, r->bits, r->role, r->arg))
				wrong |= 1u << (i - sonde_shapes[l->shape].row) % 32;
		}
	}
	return wrong;
}

/* Whether the field of a sum over layer d holds the part that the device needs: the
 * pseudo-header's, as an offloading kernel leaves it. */
static bool is_partial(const struct sonde_packet *p, unsigned d, uint64_t have)
{
	uint64_t sum = 0;

	return add_pseudo(p, d, &sum) && (uint16_t)~sonde_sum_end(sum) % 0xffff == have % 0xffff;
}

/* Whether layer d carries TCP or UDP, or is UDP: what a device cuts into segments. */
static bool is_cut(const struct sonde_packet *p, unsigned d)
{
	for (; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_tcp:
		case SONDE_udp: return true;
		case SONDE_ip:
		case SONDE_ipv6:
		case SONDE_ipv6_hopopts:
		case SONDE_ipv6_dstopts:
		case SONDE_ipv6_routing: continue;
		default: return false;
		}
	return false;
}

/* Takes out of v->wrong what the device will fill in: sums, and lengths of 0 in a packet that is
 * to be cut into segments. */
static void excuse(const struct sonde_packet *p, unsigned d, struct sonde_verdict *v)
{
	const struct sonde_shape_info *s = &sonde_shapes[p->layer[d].shape];

	for (uint32_t wrong = v->wrong[d]; wrong; wrong &= wrong - 1) {
		unsigned i = (unsigned)__builtin_ctz(wrong);
		const struct sonde_row *r = &sonde_rows[s->row + i];
		bool sum = r->role >= SONDE_ROLE_SUM_PSEUDO && r->role != SONDE_ROLE_SUM_OSPF &&
			   r->role != SONDE_ROLE_SUM_PIM;
		bool length = r->role == SONDE_ROLE_TOTAL || r->role == SONDE_ROLE_BODY;
		uint64_t have;
		bool told;

		if (i >= s->rows || !(sum || length))
			continue;
		have = sonde_get(p->byte + p->layer[d].at, r->at, r->bits);
		told = p->told & (sum ? SONDE_TOLD_NOT_READY | SONDE_TOLD_VALID : SONDE_TOLD_SUPER);
		if (sum ? !told && (r->role >= SONDE_ROLE_SUM_OSPF || !is_partial(p, d, have))
			: have || !is_cut(p, d))
			continue;
		v->wrong[d] &= ~(1u << i);
		v->later[d] |= 1u << i;
		v->presumed[d] |= told ? 0 : 1u << i;
	}
}

/* clang-format off */
void sonde_judge(const struct sonde_packet *p, unsigned how, struct sonde_verdict *v)
{
	for (unsigned d = 0; d < p->n; d++) {
		uint32_t wrong = 0;

		if (!p->layer[d].part)
			switch (p->layer[d].shape) {
#define PROTOCOL(s, ...) case SONDE_##s:
#define FIELD(s, n, full, bits, form, role, what) \
				if (SONDE_MATTERS(SONDE_OUGHT_##role) && \
				    differs(p, d, how, SONDE_AT_##s##_##n, bits, SONDE_OUGHT_##role)) \
					wrong |= 1u << (SONDE_ROW_##s##_##n - SONDE_ROWS_##s);
#define OPTION(family, s, ...) case SONDE_##s: __builtin_unreachable();
#define SHAPE(s, ...) case SONDE_##s: __builtin_unreachable();
#define END(s) break;
#include "wire/pass.h"
			}
		if (sonde_shapes[p->layer[d].shape].pieces && !p->layer[d].part)
			wrong |= judge_pieces(p, d, how);
		v->wrong[d] = wrong;
		v->later[d] = v->presumed[d] = 0;
		if (wrong && !(how & SONDE_JUDGE_STRICT))
			excuse(p, d, v);
	}
}
/* clang-format on */

SONDE_INLINE void fill(const struct sonde_packet *p, unsigned d, uint8_t *h, bool pinned, bool sums,
		       unsigned at, unsigned bits, enum sonde_role role, unsigned arg)
{
	uint64_t want;

	if (!pinned && is_sum(role) == sums && derive(p, d, at, bits, role, arg, &want))
		sonde_put(h, at, bits, want);
}

/* clang-format off */
static void fill_layer(const struct sonde_packet *p, unsigned d, uint8_t *h, uint32_t pinned,
		       bool sums)
{
	switch (p->layer[d].shape) {
#define PROTOCOL(s, ...) case SONDE_##s:
#define FIELD(s, n, full, bits, form, role, what) \
		if (SONDE_MATTERS(SONDE_OUGHT_##role)) \
			fill(p, d, h, pinned >> (SONDE_ROW_##s##_##n - SONDE_ROWS_##s) & 1, sums, \
			     SONDE_AT_##s##_##n, bits, SONDE_OUGHT_##role);
#define OPTION(family, s, ...) case SONDE_##s: __builtin_unreachable();
#define SHAPE(s, ...) case SONDE_##s: __builtin_unreachable();
#define END(s) break;
#include "wire/pass.h"
	}
}
/* clang-format on */

/* The same of the pieces of layer d, which hold nothing but sums. */
static void fill_pieces(const struct sonde_packet *p, unsigned d, uint8_t *h, uint32_t pinned)
{
	const struct sonde_layer *l = &p->layer[d];
	struct sonde_pieces w = sonde_pieces(h, l->shape, l->head);
	uint32_t at;

	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));) {
		const struct sonde_shape_info *s = &sonde_shapes[piece];

		for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
			const struct sonde_row *r = &sonde_rows[i];
			bool pin = pinned >> (i - sonde_shapes[l->shape].row) % 32 & 1;

			if (is_sum(r->role))
				fill(p, d, h, pin, true, 8 * at + r->at, r->bits, r->role, r->arg);
		}
	}
}

void sonde_fill(const struct sonde_packet *p, uint8_t *byte, const uint32_t pinned[SONDE_LAYERS])
{
	/* Lengths and keys from anywhere, then sums from the inside out. */
	for (unsigned d = 0; d < p->n; d++)
		fill_layer(p, d, byte + p->layer[d].at, pinned[d], false);
	for (unsigned d = p->n; d-- > 0;) {
		fill_layer(p, d, byte + p->layer[d].at, pinned[d], true);
		if (sonde_shapes[p->layer[d].shape].pieces)
			fill_pieces(p, d, byte + p->layer[d].at, pinned[d]);
	}
}
