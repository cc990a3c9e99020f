#include <stddef.h>

#include "tools/demo/demo.h"

const struct sonde_demo_session *const sonde_demo_sessions[] = {
	&sonde_demo_hello,
	&sonde_demo_echo,
	&sonde_demo_realtime,
	NULL,
};
