#include "capture/order.h"

#include <string.h>

#include "capture/pcapng.h"

/* Numbers of one width, one after the other. */
static void turn(uint8_t *at, unsigned width, size_t n)
{
	for (; n--; at += width)
		for (unsigned i = 0; i < width / 2; i++) {
			uint8_t was = at[i];

			at[i] = at[width - 1 - i];
			at[width - 1 - i] = was;
		}
}

static unsigned now16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, 2);
	return v;
}

static uint32_t now32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return v;
}

/* Options that hold numbers: of how many bytes each. The rest are bytes and texts. */
static unsigned width_of(uint32_t type, unsigned code)
{
	switch (type) {
	case PCAPNG_INTERFACE:
		return code == PCAPNG_TZONE ? 4
		       : code == PCAPNG_SPEED || code == PCAPNG_TSOFFSET ||
				       code == PCAPNG_SEND_SPEED || code == PCAPNG_RECV_SPEED
			       ? 8
			       : 0;
	case PCAPNG_PACKET:
	case PCAPNG_OLD_PACKET:
		return code == PCAPNG_FLAGS || code == PCAPNG_QUEUE || code == PCAPNG_PROCESSES ? 4
		       : code == PCAPNG_DROPCOUNT || code == PCAPNG_PACKETID			? 8
												: 0;
	case PCAPNG_STATISTICS:
		return code == PCAPNG_BEGAN || code == PCAPNG_ENDED	     ? 4
		       : code >= PCAPNG_RECEIVED && code <= PCAPNG_DELIVERED ? 8
									     : 0;
	default: return 0;
	}
}

enum { CUSTOM_FIRST = 2988, CUSTOM_SECOND, CUSTOM_PRIVATE_FIRST = 19372, CUSTOM_PRIVATE_SECOND };

static bool is_custom(unsigned code)
{
	return code == CUSTOM_FIRST || code == CUSTOM_SECOND || code == CUSTOM_PRIVATE_FIRST ||
	       code == CUSTOM_PRIVATE_SECOND;
}

static void turn_options(uint32_t type, uint8_t *at, size_t len)
{
	while (len >= 4) {
		unsigned code, width;
		size_t n, whole;

		turn(at, 2, 2);
		code = now16(at);
		n = now16(at + 2);
		n = n < len - 4 ? n : len - 4;
		width = is_custom(code) ? 0 : width_of(type, code);
		if (width)
			turn(at + 4, width, n / width);
		else if (is_custom(code) && n >= 4)
			turn(at + 4, 4, 1);
		whole = 4 + ((n + 3) & ~(size_t)3);
		if (!code || whole > len)
			return;
		at += whole;
		len -= whole;
	}
}

/* Returns where the options begin. */
static size_t turn_names(uint8_t *at, size_t len)
{
	size_t done = 0;

	while (len - done >= 4) {
		size_t n;
		bool last;

		turn(at + done, 2, 2);
		last = !now16(at + done);
		n = 4 + ((now16(at + done + 2) + 3u) & ~3u);
		done = n < len - done ? done + n : len;
		if (last)
			break;
	}
	return done;
}

/* What stands before the options, of which it returns where they begin; SIZE_MAX: not known. */
static size_t turn_body(uint32_t type, uint8_t *at, size_t len)
{
	size_t data;

	switch (type) {
	case PCAPNG_SECTION:
		turn(at, 4, len >= 4);
		turn(at + 4, 2, len >= 8 ? 2 : 0);
		turn(at + 8, 8, len >= 16);
		return 16;
	case PCAPNG_INTERFACE:
		turn(at, 2, len >= 4 ? 2 : 0);
		turn(at + 4, 4, len >= 8);
		return 8;
	case PCAPNG_OLD_PACKET:
	case PCAPNG_PACKET:
		if (len < 20)
			return len;
		turn(at, type == PCAPNG_PACKET ? 4 : 2, type == PCAPNG_PACKET ? 1 : 2);
		turn(at + 4, 4, 4);
		data = now32(at + 12);
		return data < len - 20 ? 20 + ((data + 3) & ~(size_t)3) : len;
	case PCAPNG_SIMPLE_PACKET: turn(at, 4, len >= 4); return len;
	case PCAPNG_NAMES: return turn_names(at, len);
	case PCAPNG_STATISTICS: turn(at, 4, len >= 12 ? 3 : 0); return 12;
	case PCAPNG_SECRETS:
		if (len < 8)
			return len;
		turn(at, 4, 2);
		data = now32(at + 4);
		return data < len - 8 ? 8 + ((data + 3) & ~(size_t)3) : len;
	case PCAPNG_CUSTOM:
	case PCAPNG_CUSTOM_PRIVATE: turn(at, 4, len >= 4); return len;
	case PCAPNG_JOURNAL: return len;
	default: return SIZE_MAX;
	}
}

/* Behind an entry of Wireshark's, and only there, the custom bytes are known to be options. */
static size_t behind_entry(const uint8_t *at, size_t len)
{
	size_t n;

	if (len < 12 || now32(at) != PCAPNG_WIRESHARK)
		return len;
	n = at[8] | at[9] << 8 | at[10] << 16 | (size_t)at[11] << 24;
	return n < len - 12 ? 12 + ((n + 3) & ~(size_t)3) : len;
}

bool sonde_order_turn(uint8_t *block, size_t len)
{
	uint32_t type;
	size_t options;

	turn(block, 4, 2);
	turn(block + len - 4, 4, 1);
	type = now32(block);
	options = turn_body(type, block + 8, len - 12);
	if (options == SIZE_MAX)
		return false;
	if (type == PCAPNG_CUSTOM)
		options = behind_entry(block + 8, len - 12);
	if (options < len - 12)
		turn_options(type, block + 8 + options, len - 12 - options);
	return true;
}
