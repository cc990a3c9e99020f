/* Reads all the rows once, through the macros that the includer defined just before; those it did
 * not define say nothing. No include guard: each inclusion is another pass. Leaves no macro
 * behind. */

/* clang-format off */
#ifndef SPACE
#define SPACE(...)	/* (space): a set of numbers that name protocols */
#endif
#ifndef NOTHING
#define NOTHING(...)	/* (space, key): the number that says that nothing follows */
#endif
#ifndef PROTOCOL
#define PROTOCOL(...)	/* (p, bytes, title, source): a header, without its options */
#endif
#ifndef UNDER
#define UNDER(...)	/* (p, space, key): the number that leads here, read and written */
#endif
#ifndef ALSO
#define ALSO(...)	/* (p, space, key): another one, only read */
#endif
#ifndef AMONG
#define AMONG(...)	/* (p, space, key, at, bits, value): read, where it begins with these bits */
#endif
#ifndef WRITTEN
#define WRITTEN(...)	/* (p, space, key): the number that leads here, written only */
#endif
#ifndef BEGINS
#define BEGINS(...)	/* (p, whole, space, key): read where the rest of whole was cut off */
#endif
#ifndef TELLS
#define TELLS(...)	/* (p, first, last, space): these fields together name what follows, when read */
#endif
#ifndef QUOTES
#define QUOTES(...)	/* (p, space, key): always followed by this, a packet out of another story */
#endif
#ifndef CARRIES
#define CARRIES(...)	/* (p, space, key): always followed by this */
#endif
#ifndef THEN
#define THEN(...)	/* (p, next): followed by this where there is room for it */
#endif
#ifndef FIELD
#define FIELD(...)	/* (p, name, full, bits, form, role, what): in wire order */
#endif
#ifndef SPAN
#define SPAN(...)	/* (p, name, full, first, last, form, what): several FIELDs as one */
#endif
#ifndef TOLD
#define TOLD(...)	/* (p, name, full, form, what): has no fixed place; packet/field.h finds it */
#endif
#ifndef REST
#define REST(...)	/* (p, name, full, form, what): octets, all that follow the fields */
#endif
#ifndef EITHER
#define EITHER(...)	/* (p, name, full, a, b): a name that means either field */
#endif
#ifndef VALUE
#define VALUE(...)	/* (p, name, number, words): what a number means */
#endif
#ifndef OPTIONS
#define OPTIONS(...)	/* (p, family): what fills the header after its fields */
#endif
#ifndef EACH
#define EACH(...)	/* (p, shape, list): the same, of a header or an option; what they are called together */
#endif
#ifndef FAMILY
#define FAMILY(...)	/* (family, head, unit, uncounted, end, pad, grain): how options are walked */
#endif
#ifndef OPTION
#define OPTION(...)	/* (family, p, kind, bytes, title, source): with the head of its family */
#endif
#ifndef SHAPE
#define SHAPE(...)	/* (p, bytes, title): an element that repeats */
#endif
#ifndef APP
#define APP(...)	/* (p): of an application: packet/app.h says whether it is one and how far it reaches */
#endif
#ifndef READER
#define READER(...)	/* (p): packet/p.c finds what is TOLD of it */
#endif
#ifndef END
#define END(...)	/* (p) */
#endif

#include "wire/all.rows"

#undef SPACE
#undef NOTHING
#undef PROTOCOL
#undef UNDER
#undef ALSO
#undef AMONG
#undef WRITTEN
#undef BEGINS
#undef TELLS
#undef QUOTES
#undef CARRIES
#undef THEN
#undef FIELD
#undef SPAN
#undef TOLD
#undef REST
#undef EITHER
#undef VALUE
#undef OPTIONS
#undef EACH
#undef FAMILY
#undef OPTION
#undef SHAPE
#undef APP
#undef READER
#undef END
