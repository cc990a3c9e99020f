#ifndef SONDE_TESTS_LIFE_TOLD_H
#define SONDE_TESTS_LIFE_TOLD_H

/* A life that is told of one event after the other, in few words. */

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/event.h"
#include "life/life.h"

static struct sonde_arena arena;
static struct sonde_life life;
static struct sonde_heard heard;
static sonde_ns now;

static inline struct sonde_event blank(unsigned kind, uint32_t pid)
{
	now += 1000;
	return (struct sonde_event){
		.kind = (uint16_t)kind, .when = now, .pid = pid, .tid = pid, .fd = -1, .fd2 = -1
	};
}

static inline void tell(struct sonde_event e)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = e };

	sonde_life_hear(&life, &item, &heard);
}

/* A call on the socket with this inode, 0: none. */
static inline void call(unsigned c, uint32_t pid, uint64_t ino, int fd, int fd2, int64_t ret)
{
	struct sonde_event e = blank(SONDE_EVENT_CALL, pid);

	e.call = (uint8_t)c;
	e.ino = ino;
	e.family = AF_INET;
	e.type = SOCK_DGRAM;
	e.fd = fd;
	e.fd2 = fd2;
	e.ret = ret;
	tell(e);
}

static inline void make(uint32_t pid, uint64_t ino, int fd)
{
	call(SONDE_CALL_SOCKET, pid, ino, fd, -1, fd);
}

static inline void fork_of(uint32_t pid, uint32_t child, unsigned flags)
{
	struct sonde_event e = blank(SONDE_EVENT_FORK, pid);

	e.n[0] = e.n[1] = child;
	e.flags = (uint16_t)flags;
	tell(e);
}

static inline void ends(unsigned kind, uint32_t pid, int status)
{
	struct sonde_event e = blank(kind, pid);

	e.arg[0] = status;
	e.arg[1] = 1;
	tell(e);
}

static inline const struct sonde_endpoint *nth(uint32_t sid)
{
	return sonde_life_endpoint(&life, sid);
}

static inline void begin(void)
{
	sonde_life_init(&life, &arena);
	make(10, 1, 3);
	ck_assert_uint_eq(heard.sid, 1);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_MADE);
}

#endif
