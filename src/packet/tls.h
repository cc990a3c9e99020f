#ifndef SONDE_PACKET_TLS_H
#define SONDE_PACKET_TLS_H

/* Records of TLS, and of the handshake what is not encrypted. */

#include "packet/app.h"

enum { /* tls.record.content_type */
       SONDE_TLS_CHANGE_CIPHER = 20,
       SONDE_TLS_ALERT = 21,
       SONDE_TLS_HANDSHAKE = 22,
       SONDE_TLS_DATA = 23,
       SONDE_TLS_HEARTBEAT = 24,
};

enum { /* tls.handshake.type */
       SONDE_TLS_CLIENT_HELLO = 1,
       SONDE_TLS_SERVER_HELLO = 2,
       SONDE_TLS_CERTIFICATE = 11,
};

struct sonde_reach sonde_tls_reach(const struct sonde_range *r);

/* A number that means nothing, so that nobody relies on knowing them all, RFC 8701 section 2. */
bool sonde_tls_is_grease(uint32_t v);

#endif
