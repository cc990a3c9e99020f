#ifndef SONDE_PACKET_PACKET_H
#define SONDE_PACKET_PACKET_H

/* A packet is bytes and a stack of layers; a layer only says where it lies. Fields are read from
 * the bytes when somebody asks, through the accessors of wire.h:
 *
 *   const struct sonde_tcp *tcp = sonde_find(&p, tcp);
 *   if (tcp && sonde_tcp_dport(tcp) == 443) ...
 */

#include "base/frame.h"
#include "wire/wire.h"

enum { SONDE_LAYERS = 16 };
_Static_assert(SONDE_PROTOCOLS <= 128, "a set of protocols needs a third word");
_Static_assert(SONDE_SHAPES <= 256, "the number of a shape needs a second byte");

enum sonde_stop {
	SONDE_STOP_END,	      /* nothing more to name: the rest is body */
	SONDE_STOP_UNKNOWN,   /* a key or link type that leads nowhere */
	SONDE_STOP_TRUNCATED, /* the capture ends before the header does */
	SONDE_STOP_MALFORMED, /* a length or version contradicts the bytes around it */
	SONDE_STOP_FRAGMENT,  /* the middle of something */
	SONDE_STOP_DEEP,      /* more than SONDE_LAYERS */
	SONDE_STOP_MORE, /* whole so far; the message goes on in the next segment or fragment */
};

enum { SONDE_PART_FRAGMENT = 1, SONDE_PART_QUOTED = 2 };

struct sonde_layer {
	uint32_t at;   /* of the header, from the start of the packet */
	uint32_t end;  /* of this layer's packet by its own account; may lie beyond len */
	uint16_t head; /* header and options, bytes */
	uint8_t shape; /* enum sonde_shape */
	uint8_t part;  /* SONDE_PART_ bits: not whole, so not judged */
};

struct sonde_packet {
	const uint8_t *byte; /* borrowed */
	uint32_t len;	     /* bytes captured */
	uint32_t wire;	     /* bytes there were */
	uint64_t has[2];     /* a bit for the shape of every layer: sonde_has */
	struct {
		uint32_t seq, ack;
	} start;       /* what the line of a TCP segment counts from; 0, unless who knows its
			* conversation says so */
	uint32_t more; /* SONDE_STOP_MORE: where the message begins that goes on */
	uint8_t n;
	uint8_t stop;			   /* enum sonde_stop */
	uint16_t link;			   /* LINKTYPE_ number, where it was decoded by that */
	const struct sonde_manner *manner; /* of its line, summary.h; NULL, unless who has it said
					    * differently says so after decoding */
	uint8_t told; /* SONDE_TOLD_ bits; 0, unless who knows the frame says so after decoding */
	struct sonde_layer layer[SONDE_LAYERS];
};

/* Never fails: a hostile packet is a result. Reads nothing beyond len, and only what says where
 * layers begin. len and wire count from byte; a wire below len is taken as len. */
void sonde_decode(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
		  enum sonde_shape first);

/* The same for a frame of a capture, by its LINKTYPE_ number. A number that is not known gives no
 * layers and SONDE_STOP_UNKNOWN. */
void sonde_decode_link(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
		       unsigned linktype);

/* The same for a frame, with what the kernel told of it. hint (hint.h) may be NULL. */
struct sonde_hint;
void sonde_decode_frame(struct sonde_packet *p, const struct sonde_frame *f,
			const struct sonde_hint *hint);

/* The header of layer d, which the caller knows to be a such-and-such. */
#define sonde_header(p, d, name) ((const struct sonde_##name *)((p)->byte + (p)->layer[d].at))

/* Whether there is such a header. */
#define sonde_has(p, name) sonde_has_(p, SONDE_##name)

static inline bool sonde_has_(const struct sonde_packet *p, enum sonde_shape shape)
{
	return p->has[shape / 64] >> shape % 64 & 1;
}

/* The outermost such header, or NULL. */
#define sonde_find(p, name) ((const struct sonde_##name *)sonde_find_(p, SONDE_##name))

static inline const uint8_t *sonde_find_(const struct sonde_packet *p, enum sonde_shape shape)
{
	if (sonde_has_(p, shape))
		for (unsigned d = 0; d < p->n; d++)
			if (p->layer[d].shape == shape)
				return p->byte + p->layer[d].at;
	return NULL;
}

/* What the kernel said of a frame, and so what is no fault of the packet. */
enum {
	SONDE_TOLD_NOT_READY = 1, /* the device fills in the checksum of the transport */
	SONDE_TOLD_VALID = 2,	  /* it was right when the frame came in */
	SONDE_TOLD_SUPER = 4, /* several segments, to be cut or put together: TSO, GRO, BIG TCP */
};

static inline uint8_t sonde_told(const struct sonde_frame *f)
{
	return (f->sum == SONDE_SUM_NOT_READY ? SONDE_TOLD_NOT_READY : 0) |
	       (f->sum == SONDE_SUM_VALID ? SONDE_TOLD_VALID : 0) |
	       (f->gso || f->gso_size ? SONDE_TOLD_SUPER : 0);
}

/* Fields that disagree with the packet around them, by row number within the shape (the rows of
 * pieces come behind those of their header). */
struct sonde_verdict {
	uint32_t wrong[SONDE_LAYERS];
	uint32_t later[SONDE_LAYERS]; /* not wrong: filled in later, by the device that sends it */
	uint32_t presumed[SONDE_LAYERS]; /* of these, what nobody told: it looks just so */
};

enum {
	SONDE_JUDGE_SUMS = 1,	/* checksums too: they cost a pass over the packet */
	SONDE_JUDGE_STRICT = 2, /* and whatever the encoder would not have written just so */
};
void sonde_judge(const struct sonde_packet *p, unsigned how, struct sonde_verdict *v);

#define sonde_is_wrong(v, d, name, field)                                                          \
	((v)->wrong[d] >> (SONDE_ROW_##name##_##field - SONDE_ROWS_##name) & 1)

#endif
