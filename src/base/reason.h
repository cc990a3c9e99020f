#ifndef SONDE_BASE_REASON_H
#define SONDE_BASE_REASON_H

/* The one error channel: 0 or more is success; -1 to -4095 is -errno, passed on untouched; the
 * library's own reasons start at -5000. This list is the only place where a reason is spelled: the
 * enumerators, the sentences and the documentation come from it. */

#define SONDE_REASONS(R)                                                                           \
	R(SONDE_NO_SPACE, "no-space", "the buffer is smaller than what was to go into it")         \
	R(SONDE_NO_ROOM_FOR_OPTION, "no-room-for-option", "the header cannot hold that option")    \
	R(SONDE_TOO_WIDE, "too-wide", "a value is wider than the field that it is for")            \
	R(SONDE_CUT, "cut", "the file ends in the middle of a record")                             \
	R(SONDE_DAMAGED, "damaged", "a length or number in the file contradicts the bytes around") \
	R(SONDE_DAMAGED_COMPRESSION, "damaged-compression", "the compressed data is damaged")      \
	R(SONDE_NOT_CAPTURE, "not-capture", "this is neither a pcap nor a pcapng file")            \
	R(SONDE_NO_GZIP, "no-gzip", "this sonde was built without zlib, which reads gzip")         \
	R(SONDE_NO_ZSTD, "no-zstd", "this sonde was built without libzstd, which reads zstd")      \
	R(SONDE_FILTER, "filter", "this is no filter expression for packets of this link type")    \
	R(SONDE_NOT_EVIDENCE, "not-evidence", "this capture holds no run of sonde")                \
	R(SONDE_ENDLESS, "endless", "the run has no end in this file")                             \
	R(SONDE_OTHER_RUN, "other-run", "this is the run of another verb")                         \
	R(SONDE_UNSUPPORTED, "unsupported", "the file uses a feature that is not read yet")        \
	R(SONDE_ONE_LINK, "one-link",                                                              \
	  "packets of more than one link type do not go into a pcap; a pcapng takes them")         \
	R(SONDE_NO_BPF, "no-bpf", "this kernel or this build has no BPF tracer")                   \
	R(SONDE_NO_BTF, "no-btf",                                                                  \
	  "the kernel's type information, /sys/kernel/btf/vmlinux, is missing")                    \
	R(SONDE_NO_PRIVILEGE, "no-privilege", "a capability that this needs is missing")           \
	R(SONDE_NO_XDP, "no-xdp", "this sonde was built without libxdp, which speaks AF_XDP")      \
	R(SONDE_NO_SCREEN, "no-screen", "this sonde was built without ncursesw, which draws it")   \
	R(SONDE_NO_TERMINAL, "no-terminal", "TERM names no terminal that can be drawn on")         \
	R(SONDE_GONE, "gone", "the process has ended")                                             \
	R(SONDE_LOST, "lost", "some events were lost on their way to sonde")                       \
	R(SONDE_TRACED, "traced", "another tracer holds the process already")                      \
	R(SONDE_DESCRIPTION, "description", "the description of the network is wrong")             \
	R(SONDE_RULES, "rules",                                                                    \
	  "the rules of the firewall are wrong, or this kernel cannot have them")                  \
	R(SONDE_NOT_ASTABLE, "not-as-table",                                                       \
	  "this is no table of autonomous systems in MaxMind's format (.mmdb)")                    \
	R(SONDE_ONE_PATH, "one-path", "this run traced one path, without --paths")                 \
	R(SONDE_MANY_PATHS, "many-paths",                                                          \
	  "this run traced all paths; demands and differences are of one")

/* clang-format off */
enum sonde_reason {
	SONDE_REASON_BASE_ = -5000,
#define R(id, slug, text) id,
	SONDE_REASONS(R)
#undef R
	SONDE_REASON_END_
};
/* clang-format on */

/* A sentence for any code of the channel, without a full stop; static, never NULL. */
const char *sonde_reason_text(int code);

#endif
