# sonde: one Makefile, no recursion.   make help
PREFIX     ?= /usr/local
DESTDIR    ?=
SANITIZE   ?=#	e.g. address,undefined
WERROR     ?=#	1: warnings are errors
CFLAGS     ?= -O$(if $(SANITIZE),1,2) -g
CLANG      ?= clang
PKG_CONFIG ?= pkg-config
FUZZ_RUNS  ?= 1000000
FUZZ_SECONDS ?= 900#	for each target
SONDE_CORPUS ?= ../shared/corpus#	a folder of captures that nobody here wrote

# Each way of building has its own folder, so they never mix and none needs `clean`.
comma   := ,
VARIANT := $(notdir $(CC))$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
B       := build/$(VARIANT)
BIN     := $(if $(filter cc gcc,$(VARIANT)),build/bin,$(B)/bin)

# The BPF tracer is optional: without clang or libbpf all builds and runs, with ptrace alone.
BPF := $(shell $(CLANG) -print-targets 2>/dev/null | grep -qw bpf && \
	$(PKG_CONFIG) --exists libbpf 2>/dev/null && echo yes)

# So are the libraries that read and write compressed captures.
ZLIB := $(shell $(PKG_CONFIG) --exists zlib 2>/dev/null && echo yes)
ZSTD := $(shell $(PKG_CONFIG) --exists libzstd 2>/dev/null && echo yes)

# And the one that draws on the whole of a terminal: without it no trace is live.
SCREEN := $(shell $(PKG_CONFIG) --exists ncursesw 2>/dev/null && echo yes)

# And the one that speaks AF_XDP, for sonde craft --xdp.
XDP := $(shell $(PKG_CONFIG) --exists libxdp libbpf 2>/dev/null && echo yes)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla \
	$(if $(WERROR),-Werror)
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Isrc -I. $(WARN) -MMD -MP -fno-strict-aliasing \
	$(if $(BPF),-DSONDE_HAVE_BPF=1) $(if $(ZLIB),-DSONDE_HAVE_ZLIB=1) $(if $(ZSTD),-DSONDE_HAVE_ZSTD=1) \
	$(if $(SCREEN),-DSONDE_HAVE_SCREEN=1) $(if $(XDP),-DSONDE_HAVE_XDP=1) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,--as-needed $(LDFLAGS)
LDLIBS := -lpcap -lcap-ng -lmnl -lnftables -lcares -ljansson -lmaxminddb $(if $(BPF),-lbpf) $(if $(ZLIB),-lz) $(if $(ZSTD),-lzstd) \
	$(if $(XDP),-lxdp -lbpf) $(if $(SCREEN),$(shell $(PKG_CONFIG) --libs ncursesw))

# src/sys/bpf*.c need libbpf; bpf_none.c stands in for them, and screen_none.c for screen.c.
BPF_SRC  := $(wildcard src/sys/bpf*.c)
LIB_SRC  := $(filter-out src/sys/screen$(if $(SCREEN),_none).c src/sys/sender_xdp$(if $(XDP),_none).c \
	$(if $(BPF),src/sys/bpf_none.c,$(filter-out src/sys/bpf_none.c,$(BPF_SRC))), \
	$(filter-out %.bpf.c,$(wildcard src/*/*.c capture/*.c)))
TOOL_SRC := $(wildcard tools/*.c)
DEMO_SRC := $(wildcard tools/demo/*.c)
LAB_SRC  := $(wildcard tools/lab/*.c)
CRAFT_SRC := $(wildcard tools/craft/*.c)
TEST_SRC := $(wildcard tests/test_*.c)
STIM_SRC := $(wildcard tests/stim/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
BPF_OBJ  := $(if $(BPF),$(patsubst src/sys/%.bpf.c,build/bpf/%.bpf.o,$(wildcard src/sys/*.bpf.c)))
obj = $(patsubst %.c,$(B)/%.o,$(1))

LIB     := $(B)/libsonde.a
TOOLS   := $(patsubst tools/%.c,$(BIN)/%,$(TOOL_SRC))
STIMS   := $(patsubst tests/stim/%.c,$(B)/stim/%,$(STIM_SRC))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(FUZZ_SRC))

Q   := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-6s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.PHONY: all demo test check interrupts rounds soak faults chance fuzzers fuzz mutants bench bench-read lint config deps test-fresh \
	install uninstall clean help FORCE
all: $(TOOLS)				## build the programs into build/bin
	@$(if $(BPF),:,echo "Built without the BPF tracer, with ptrace alone; 'make config' says what is missing")
	@$(if $(SCREEN),:,echo "Built without the live screen of sonde trace; 'make config' says what is missing")

# What these two find missing they install, so the build behind them looks anew.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
demo:					## install what is missing, build, show the built-in session
	@tests/house/deps.sh build pack bpf
	@$(AGAIN) all
	@$(BIN)/sonde demo
test:					## install what is missing, build, run all tests
	@tests/house/deps.sh build pack bpf test
	@$(AGAIN) all $(B)/check fuzzers
	@$(RUN) tests/house/test.sh suites replay $(if $(SANITIZE),,lint build) e2e

# The demo's sessions live in tools/demo/ and are linked into sonde-demo alone; so do the parts of a lab.
$(BIN)/sonde-demo: $(call obj,$(DEMO_SRC))
$(BIN)/sonde-lab: $(call obj,$(LAB_SRC))
$(BIN)/sonde-craft: $(call obj,$(CRAFT_SRC))
$(TOOLS): $(BIN)/%: $(B)/tools/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(LIB) $(LDLIBS) -o $@

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c $< -o $@

# -O2 and -g are not a matter of taste here: the verifier and CO-RE need both.
build/bpf/%.bpf.o: src/sys/%.bpf.c $(wildcard src/sys/*.bpf.h)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D) && $(CLANG) -O2 -g -target bpf -Wall -Wno-unused-function -Isrc \
		-D__TARGET_ARCH_$(subst aarch64,arm64,$(subst x86_64,x86,$(shell uname -m))) \
		-I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null) -c $< -o $@
# .incbin is not seen by -MMD.
$(call obj,$(filter-out src/sys/bpf_none.c,$(BPF_SRC))): $(BPF_OBJ)

# Touched only when the command line that would be used changes; warnings change no object.
FLAGS = $(filter-out -Werror,$(ALL_CFLAGS))
$(B)/flags: FORCE
	$(Q)mkdir -p $(@D); printf '%s\n' '$(CC) $(FLAGS)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(FLAGS)' > $@

# tests/test_NAME.c holds NAME_suite(); the list is made from the file names.
SUITES := $(sort $(patsubst tests/test_%.c,%,$(TEST_SRC)))
$(B)/suites.h: $(B)/suites.list
	$(Q)printf 'SUITE(%s)\n' $(SUITES) > $@
$(B)/suites.list: FORCE
	$(Q)mkdir -p $(@D); echo '$(SUITES)' | cmp -s - $@ || echo '$(SUITES)' > $@
$(B)/tests/main.o: $(B)/suites.h
$(B)/tests/main.o: ALL_CFLAGS += -I$(B)

# Stimuli are followed, not tested: without sanitizers, as programs in the wild are.
$(STIMS): $(B)/stim/%: tests/stim/%.c $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu17 -D_GNU_SOURCE -Isrc -I. $(WARN) -MMD -MP $(CFLAGS) $< -lpthread -o $@

# Tests run from the top of the tree; they find what they need by these.
RUN := CC='$(CC)' CLANG='$(CLANG)' PKG_CONFIG='$(PKG_CONFIG)' \
	SONDE_BUILD=$(B) SONDE_BIN=$(BIN) SONDE_CORPUS='$(strip $(SONDE_CORPUS))' \
	SONDE=$(BIN)/sonde STIM=$(B)/stim CK_DEFAULT_TIMEOUT=$(if $(SANITIZE),60,20)
build/check: $(B)/check
	$(Q)ln -sf $(VARIANT)/check $@
$(B)/check: $(call obj,$(TEST_SRC) tests/main.c $(DEMO_SRC)) $(LIB) | $(TOOLS) $(STIMS) $(B)/show_fields $(B)/craft_specs
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(LIB) $(LDLIBS) $(shell $(PKG_CONFIG) --libs check) -o $@

# As of `make test`, but 1,000 of them.
interrupts: all				## end a capture at 1,000 moments; each file must be whole
	@$(RUN) SONDE_INTERRUPTS=1000 python3 tests/e2e/run.py '^capture.whenever'

rounds: all				## as root: 1,000 labs up and down, 200 killed at any moment; nothing may be left
	@$(RUN) SONDE_LAB_ROUNDS=1000 SONDE_LAB_KILLS=200 python3 tests/e2e/run.py '^lab.(up_and_down|.*killed_at_any)'

# As of `make test`, for a minute each and a thousand at once.
soak: all $(STIMS)			## as root: pings that last, against peers that lie and flood (minutes)
	@$(RUN) SONDE_SOAK=1 python3 tests/e2e/run.py '^ping_soak'

# As of `make test`, but all of them: some 9,900.
faults: all				## as root: each system call of each program fails once; none may crash, hang or lose a byte
	@$(RUN) SONDE_FAULTS=all python3 tests/e2e/run.py '^faults'

# As of `make test`, but a million packets in words, made by chance.
chance: $(B)/check			## a million packets in words and back (minutes)
	@$(RUN) SONDE_CRAFT_CASES=1000000 CK_DEFAULT_TIMEOUT=0 CK_RUN_SUITE=craft_random $(B)/check

check: $(B)/check			## run the suites (CK_RUN_SUITE=name for one)
	$(Q)$(RUN) $(B)/check

# What tests/tshark_fields.py compares, and packets by chance for others to read.
$(B)/show_fields $(B)/craft_specs: $(B)/%: $(B)/tests/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ -o $@
# What tests/bench/read.py reads, beside real traffic, and what it compares with; what
# tests/bench/relay.py measures with; what tests/bench/craft.py compares with.
$(B)/mixed $(B)/floor $(B)/wire $(B)/blast: $(B)/%: $(B)/tests/bench/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(LDLIBS) -o $@
# What tests/bench/trace_paths.py compares with.
$(B)/rule: $(B)/tests/bench/rule.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(shell $(PKG_CONFIG) --libs check) -lm -o $@
mutants:				## plant faults in the packet core; the suites must see each (minutes)
	@$(RUN) tests/mutants.sh

# One source, two ways: with replay.c each target reads the files it is given; with clang's engine
# it looks for more.
$(FUZZERS): $(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o \
		$(if $(findstring fuzzer,$(SANITIZE)),,$(B)/tests/fuzz/replay.o) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(LIB) $(LDLIBS) -o $@
fuzzers: $(FUZZERS)
fuzz:					## look for inputs that break a reader (FUZZ_RUNS, SONDE_CORPUS)
	@tests/house/deps.sh build fuzz
	@$(AGAIN) CC=$(CLANG) SANITIZE=fuzzer,address,undefined fuzzers
	@$(RUN) SONDE_BUILD=build/$(notdir $(CLANG))-fuzzer-address-undefined FUZZ_RUNS=$(FUZZ_RUNS) \
		FUZZ_SECONDS=$(strip $(FUZZ_SECONDS)) tests/house/fuzz.sh search

bench-read: all $(B)/mixed $(B)/floor		## what reading captures costs
	@$(RUN) tests/bench/read.py
bench:					## what following, capturing and reading cost
	@tests/house/deps.sh build pack bpf bench
	@$(AGAIN) all $(STIMS) $(B)/mixed $(B)/floor $(B)/wire $(B)/rule $(B)/blast
	@for b in tests/bench/*; do [ ! -x $$b ] || $(RUN) $$b || exit 1; done

lint: $(LIB) $(TOOLS)			## who includes whom, purity, format, man pages, scripts
	@$(RUN) tests/lint/run.sh
config:					## what was found, and what is missing without the rest
	@echo "compiler: $$($(CC) --version | head -n 1)"
	@echo "BPF tracer: $(if $(BPF),built in,not built: ptrace alone)"
	@echo "compressed captures: $(if $(ZLIB)$(ZSTD),$(if $(ZLIB),gzip) $(if $(ZSTD),zstd),none)"
	@echo "live screen: $(if $(SCREEN),ncursesw,none)"
	@echo "AF_XDP: $(if $(XDP),libxdp,none)"
	@$(RUN) tests/house/deps.sh --list build pack bpf test bench fuzz fresh
deps:					## install what building needs
	@tests/house/deps.sh build pack bpf
test-fresh:				## as root: demo and test in a Debian that has git, gcc and make
	@tests/house/deps.sh fresh
	@$(RUN) WERROR='$(WERROR)' tests/house/fresh.sh

MANS := $(wildcard docs/man/*.1)
GROUP ?=#	may capture, follow by BPF and craft: these programs are then for it alone
install: all				## DESTDIR, PREFIX, GROUP=NAME: who may see the traffic of others
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/sonde $(DESTDIR)$(PREFIX)/share/man/man1
	install $(BIN)/sonde $(DESTDIR)$(PREFIX)/bin
	install $(filter-out $(BIN)/sonde,$(TOOLS)) $(DESTDIR)$(PREFIX)/libexec/sonde
	install -m 644 $(MANS) $(DESTDIR)$(PREFIX)/share/man/man1
	@tests/house/setcap.sh $(BIN)/sonde-doctor $(DESTDIR)$(PREFIX)/libexec/sonde '$(strip $(GROUP))'
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/sonde $(MANS:docs/man/%=$(DESTDIR)$(PREFIX)/share/man/man1/%)
	rm -rf $(DESTDIR)$(PREFIX)/libexec/sonde

clean:					## all variants
	rm -rf build
help:					## this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

-include $(shell find $(B) -name '*.d' 2>/dev/null)
