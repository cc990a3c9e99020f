#ifndef SONDE_BASE_NAME_H
#define SONDE_BASE_NAME_H

/* Numbers of the kernel by the names people know. All return static text, never NULL; a number
 * without a name gives "?" (callers print the number then). */

const char *sonde_name_errno(int e);	      /* 111: "ECONNREFUSED" */
const char *sonde_name_signal(int s);	      /* 9: "KILL" */
const char *sonde_name_family(unsigned f);    /* 2: "AF_INET" */
const char *sonde_name_type(unsigned t);      /* 1: "SOCK_STREAM" */
const char *sonde_name_tcp_state(unsigned s); /* 1: "ESTABLISHED", RFC 9293 section 3.3.2 */

#endif
