#ifndef SONDE_BASE_KEY_H
#define SONDE_BASE_KEY_H

/* Keys of a keyboard: printable ASCII is itself, the others have names. */

enum sonde_key {
	SONDE_KEY_NONE,
	SONDE_KEY_TAB = '\t',
	SONDE_KEY_ENTER = '\n',
	SONDE_KEY_ESCAPE = 27,
	SONDE_KEY_BACKSPACE = 127,
	SONDE_KEY_UP = 256,
	SONDE_KEY_DOWN,
	SONDE_KEY_LEFT,
	SONDE_KEY_RIGHT,
	SONDE_KEY_PAGE_UP,
	SONDE_KEY_PAGE_DOWN,
	SONDE_KEY_HOME,
	SONDE_KEY_END,
	SONDE_KEY_BACK_TAB,
	SONDE_KEY_RESIZE, /* no key: the screen has another size */
	SONDE_KEY_OTHER,  /* one without a name here */
};

#endif
