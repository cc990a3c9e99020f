#ifndef SONDE_PACKET_HTTP_H
#define SONDE_PACKET_HTTP_H

/* Messages of HTTP/1: the first line and two of its fields. */

#include "packet/app.h"

/* The first line; borrowed from the message. */
struct sonde_http_first {
	struct sonde_bytes word[3]; /* method, target, version; or version, status, phrase */
	uint32_t len;		    /* of the line, without its end */
	bool answer;
	bool whole; /* its end is there */
};

/* False where it cannot be one. */
bool sonde_http_line(const uint8_t *s, uint32_t len, struct sonde_http_first *ret);

/* Bytes of the first line, without its end; len where that is not here. */
uint32_t sonde_http_line_len(const uint8_t *s, uint32_t len);

struct sonde_reach sonde_http_reach(const struct sonde_range *r);

#endif
