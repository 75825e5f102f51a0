# tminus: build, test, install. `make help` lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC      := gcc
endif
WITH    ?= postgres mysql sqlite
VARIANT ?= debug
ARCH    ?= $(shell uname -m)
STATIC  := build/static$(addprefix -,$(filter-out $(shell uname -m),$(ARCH)))

Q := $(if $(V),,@)# make V=1 shows the commands

VERSION := $(shell sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
OUT     := build/$(VARIANT)

# base/memory.c holds what is small in a region of its own, and gets every free(3) for that. The
# sanitizers are to see each piece by itself.
ifeq ($(filter asan fuzz,$(VARIANT)),)
CPPFLAGS += -DMEMORY_REGION
LDFLAGS  += -Wl,--wrap=free,-u,__wrap_free # -u: for a static library behind ours that frees
endif

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wformat=2 -Wconversion
ifdef CI
WARNINGS += -Werror
endif

FLAGS_debug := -O2 -g -D_FORTIFY_SOURCE=2
FLAGS_fuzz  := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FLAGS_asan  := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

CFLAGS   ?= $(FLAGS_$(VARIANT))
ifeq ($(VARIANT),static)
# musl and the libraries that docker/static/build has made; see there. Merged constants would lie
# scattered among OpenSSL's, and each would bring its page into memory. musl makes nothing read-only
# after relocation in a static program: RELRO would be padding, as would the rest of a page before .data.
DEPS     := $(CURDIR)/build/static-deps/$(ARCH)/prefix
OUT      := $(STATIC)
CC       := $(DEPS)/bin/musl-gcc
AR       := $(ARCH)-linux-gnu-gcc-ar
CPPFLAGS += -I$(DEPS)/include -I$(DEPS)/include/mariadb
FLAGS_static := -Oz -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-plt -fno-pie -fno-merge-constants -D_FORTIFY_SOURCE=2 -flto \
	-mstack-protector-guard=global
LDFLAGS  += -static -no-pie -flto=auto -L$(DEPS)/lib -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64 -Wl,-T,docker/static/layout.ld
endif

CPPFLAGS += -D_GNU_SOURCE -Iinclude -DTMINUS_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=c11 $(WARNINGS) -fstack-protector-strong $(CFLAGS)
LIBS     := -linih -lcap

ifneq ($(filter postgres,$(WITH)),)
CPPFLAGS += -DWITH_POSTGRES
LIBS     += -lpq
STATIC_LIBS += -lpq -lpgcommon_shlib -lpgport_shlib
endif
ifneq ($(filter mysql,$(WITH)),)
CPPFLAGS += -DWITH_MYSQL
LIBS     += -lmariadb
STATIC_LIBS += -lmariadbclient
endif
ifneq ($(filter sqlite,$(WITH)),)
CPPFLAGS += -DWITH_SQLITE
LIBS     += -lsqlite3
STATIC_LIBS += -lsqlite3
endif

ifeq ($(VARIANT),static)
LIBS := -linih -lcap $(STATIC_LIBS) $(if $(filter postgres mysql,$(WITH)),-lssl -lcrypto)
else
CPPFLAGS += $(shell pkg-config --cflags libpq libmariadb 2>/dev/null)
endif

SOURCES := $(sort $(wildcard init/*/*.c))
ifeq ($(filter postgres,$(WITH)),)
SOURCES := $(filter-out init/database/postgres%.c,$(SOURCES))
endif
ifeq ($(filter mysql,$(WITH)),)
SOURCES := $(filter-out init/database/mysql%.c,$(SOURCES))
endif
ifeq ($(filter sqlite,$(WITH)),)
SOURCES := $(filter-out init/database/sqlite%.c,$(SOURCES))
endif
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
TESTED  := $(OBJECTS)
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(UNIT_SOURCES:%.c=$(OUT)/%)
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(FUZZ_SOURCES:%.c=$(OUT)/%)

.PHONY: all help
all: build/tminus

help:
	@echo 'make             build/tminus, with the distribution'"'"'s libraries'
	@echo 'make demo        the main job from nothing: wait, upgrade, seed, app, stop (STAY=1 stays up)'
	@echo 'make check       every test; make check-long runs them with the full numbers'
	@echo 'make check-aarch64  the cross-built program and unit tests under qemu'
	@echo 'make lint        clang-format, clang-tidy, cppcheck, shellcheck, gcc and clang without warnings'
	@echo 'make layers      fails when a room includes one below it'
	@echo 'make fuzz        libFuzzer on each target of tests/fuzz (FUZZ_SECONDS=60 each)'
	@echo 'make bench       figures beside tini, dumb-init, catatonit, nc and init.sh'
	@echo 'make static      build/static/tminus: one static binary, musl; ARCH=aarch64 cross-builds'
	@echo 'make install     the program and its manual; make uninstall; DESTDIR= PREFIX='
	@echo 'make dist        build/tminus-VERSION.tar.gz: the source'
	@echo 'make package     build/tminus_VERSION_ARCH.deb: the static binary and its manual'
	@echo 'Variables: CC, CFLAGS, WITH="postgres mysql sqlite", VARIANT=debug|asan'

build/tminus: build/debug/tminus
	@ln -sfn debug/tminus $@

ifeq ($(VARIANT),static)
# Our own code first and as one piece, with its literals: optimized as one program with the libraries
# it would lie scattered among theirs, and merged literals lie scattered anyway; each place is a page
# fault. It is a whole program of which the rest needs main and __wrap_free alone. gcc takes what ld
# makes, or lets its plugin say, for something that more is linked to: hence exec, and no plugin.
# --unique: static functions of one name in two files stay two, of which the linker can leave one out.
$(OUT)/own.o: $(OUT)/init/main.o $(OBJECTS)
	@echo '  LD     $@'
	$(Q)$(CC) $(ALL_CFLAGS) -r -nostdlib -fno-use-linker-plugin -flinker-output=exec -fwhole-program \
		-flto-partition=one -Wl,--unique -o $@ $^
	$(Q)$(ARCH)-linux-gnu-objcopy --set-section-flags '.rodata*.str*=alloc,readonly,data,contents' $@

$(OUT)/tminus: SYMBOLS := -s
$(OUT)/symbols: SYMBOLS = -Wl,-Map,$@.map
$(OUT)/tminus $(OUT)/symbols: $(OUT)/own.o docker/static/start.S \
		docker/static/layout.ld docker/static/first.ld
	@echo '  LINK   $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(SYMBOLS) -Wl,-e,start_blocked -o $@ \
		docker/static/start.S $(OUT)/own.o $(LIBS)

# The unit tests are linked without optimization: --wrap does not find what is optimized then. The libraries,
# of which most have nothing but what the optimizer reads, are compiled once for all of them.
TESTED    := $(SOURCES:%.c=$(OUT)/tested/%.o)
LIBRARIES := $(OUT)/libraries.o
$(TESTED) $(UNIT_TESTS:=.o): private FLAGS_static += -fno-lto
$(UNIT_TESTS): private LDFLAGS += -fno-lto

$(OUT)/tested/%.o: %.c $(OUT)/flags
	$(COMPILE)

$(LIBRARIES): $(OUT)/flags
	@echo '  LD     $@'
	$(Q)$(CC) $(ALL_CFLAGS) -r -nostdlib -flinker-output=nolto-rel -flto=auto -L$(DEPS)/lib -o $@ \
		-Wl,--whole-archive $(filter-out -lssl -lcrypto,$(LIBS)) -Wl,--no-whole-archive \
		$(filter -lssl -lcrypto,$(LIBS))
else
$(OUT)/tminus: $(OUT)/init/main.o $(OUT)/libtminus.a $(OUT)/flags
	@echo '  LINK   $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(OUT)/init/main.o $(OUT)/libtminus.a $(LIBS)
endif

$(OUT)/libtminus.a: $(TESTED)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(TESTED)

define COMPILE
@mkdir -p $(@D)
@echo '  CC     $<'
$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
endef

$(OUT)/%.o: %.c $(OUT)/flags
	$(COMPILE)

# Rebuild when the compiler, its flags or the chosen drivers change.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(LIBS)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(LIBS)' > $@

# What some programs of the tests stand in for: nothing is started, nothing printed.
WORLD := spawn_command spawn_child spawn_report waitpid kill descendants_signal descendants_names log_error
$(OUT)/tests/fuzz/fuzz_message $(OUT)/tests/unit/run/test_stop_model: WRAPS := $(WORLD:%=-Wl,--wrap=%)
$(OUT)/tests/fuzz/fuzz_dropin: WRAPS := -Wl,--wrap=log_plain

$(UNIT_TESTS): %: %.o $(OUT)/libtminus.a $(LIBRARIES)
	@echo '  TEST   $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(WRAPS) -o $@ $< $(OUT)/libtminus.a $(LIBRARIES) \
		-lcmocka $(LIBS)

.PHONY: FORCE
FORCE:

# --- tests -------------------------------------------------------------------------------------

.PHONY: unit check check-long check-aarch64 demo bench fuzz
unit: $(UNIT_TESTS)
	@set -e; for test in $(UNIT_TESTS); do $$test; done

# What the suite runs: the program, the same with the sanitizers, the unit tests of both; the release binary
# and its package, which it has made while the containers' images are downloaded.
check: tests-installed
	@$(MAKE) --no-print-directory layers
	@$(MAKE) --no-print-directory $(PARALLEL) plain-programs sanitized-programs
	@PREPARE='make --no-print-directory -j$(shell nproc) static-where-possible' tests/run

# One job for each processor, where make was not told how many.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: plain-programs sanitized-programs
plain-programs: all unit-programs
sanitized-programs:
	@$(MAKE) --no-print-directory VARIANT=asan build/asan/tminus unit-programs fuzz-targets

FOREIGN := $(filter-out $(shell uname -m),aarch64)
check-long: export TMINUS_LONG = 1
check-long: export SUITES = native $(FOREIGN)
check-long: $(FOREIGN:%=%-programs)
	@$(MAKE) --no-print-directory check

# The static program and the unit tests of another machine than this one, under qemu.
check-aarch64: aarch64-programs
	@tests/install build demo check
	@SUITES=aarch64 tests/run

.PHONY: aarch64-programs
aarch64-programs:
	@tests/install static cross
	@$(MAKE) --no-print-directory static ARCH=aarch64
	@WITH="$(WITH) cmocka" docker/static/build aarch64
	@$(MAKE) --no-print-directory VARIANT=static ARCH=aarch64 unit-programs

demo:
	@tests/install build demo
	@$(MAKE) --no-print-directory all
	@tests/demo

bench:
	@tests/install build demo check bench
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 tests/bench/bench.py $(BENCH)

# Each fuzz target for FUZZ_SECONDS, from the files in the folder of its name; what it finds is left in
# build/fuzz. FUZZ names some of them: make fuzz FUZZ=fuzz_url
FUZZ_SECONDS ?= 60
FUZZ         ?= $(notdir $(FUZZ_TARGETS))
fuzz:
	@tests/install build lint
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzz-targets
	@set -e; for name in $(FUZZ); do \
		echo "fuzz: $$name for $(FUZZ_SECONDS) s"; \
		mkdir -p build/fuzz/$$name.found; \
		build/fuzz/tests/fuzz/$$name build/fuzz/$$name.found tests/fuzz/$$name \
			-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ \
			2>build/fuzz/$$name.log || { tail -n 30 build/fuzz/$$name.log; exit 1; }; \
		tail -n 1 build/fuzz/$$name.log; \
	done

# Built otherwise than by libFuzzer, a target reads the files that it is given and ends.
$(OUT)/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/read_files.c $(OUT)/libtminus.a
	@mkdir -p $(@D)
	@echo '  FUZZ   $<'
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(WRAPS) -MMD -MP -MF $@.d -o $@ $< \
		$(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer,tests/fuzz/read_files.c) \
		$(OUT)/libtminus.a $(LIBS)

.PHONY: unit-programs fuzz-targets static-where-possible tests-installed
unit-programs: $(UNIT_TESTS)
fuzz-targets: $(FUZZ_TARGETS)
# Without its sources (status 69) there is no release binary, and the tests of it and of its package say
# that they are skipped.
static-where-possible:
	@WITH="$(WITH)" docker/static/build $(ARCH); case $$? in \
	0) $(MAKE) --no-print-directory package ;; \
	69) rm -f build/static/tminus ;; \
	*) exit 1 ;; \
	esac
tests-installed:
	@tests/install build demo check static $(if $(filter 1,$(TMINUS_LONG)),long)

# --- quality -----------------------------------------------------------------------------------

.PHONY: lint layers format
lint:
	@tests/install build check lint
	@tests/lint

layers:
	@tests/layers

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# --- the static release ------------------------------------------------------------------------

.PHONY: static
static:
	@tests/install static $(if $(filter-out $(shell uname -m),$(ARCH)),cross)
	@WITH="$(WITH)" docker/static/build $(ARCH)
	@$(MAKE) --no-print-directory VARIANT=static ARCH=$(ARCH) $(STATIC)/tminus
	@WITH="$(WITH)" docker/static/notice $(STATIC) $(VERSION)

# What lies in the first pages of the static binary, after a look at what it touches. Needs valgrind.
.PHONY: order
order:
	@$(MAKE) --no-print-directory VARIANT=static $(STATIC)/symbols
	@docker/static/order $(STATIC)/symbols $(STATIC)/symbols.map >$(STATIC)/first.ld
	@cp $(STATIC)/first.ld docker/static/first.ld

# --- the manual --------------------------------------------------------------------------------

# The list of settings comes from the table in the program; its generator runs on this machine.
MANUAL         := build/man/tminus.1 build/man/tminus.ini.5
MANUAL_SOURCES := man/settings.c init/config/settings.c init/config/help.c $(wildcard init/base/*.c)
RELEASE_DATE   := $(shell sed -n 's/^## \[[0-9][^]]*\] - //p' CHANGELOG.md | head -n 1)
BUILD_CC       ?= gcc

.PHONY: manual
manual: $(MANUAL)

build/man/settings: $(MANUAL_SOURCES) $(wildcard include/base/*.h include/config/*)
	@mkdir -p $(@D)
	@echo '  CC     $@'
	$(Q)$(BUILD_CC) -std=c11 $(WARNINGS) -O1 -D_GNU_SOURCE -Iinclude -o $@ $(MANUAL_SOURCES)

build/man/settings.mdoc: build/man/settings
	$(Q)$< >$@.tmp && mv $@.tmp $@

$(MANUAL): build/man/%: man/% build/man/settings.mdoc CHANGELOG.md
	@echo '  MAN    $@'
	$(Q)date=$$(LC_ALL=C date -u -d '$(RELEASE_DATE)' '+%B %-d, %Y') && \
	sed -e "s/@DATE@/$$date/" -e '/^@SETTINGS@$$/{' -e 'r build/man/settings.mdoc' -e 'd' -e '}' \
		$< >$@.tmp && mv $@.tmp $@

# --- install -----------------------------------------------------------------------------------

# The names of the programs that it can stand for, where they do not hide the programs themselves.
STANDS_FOR := tini tini-static docker-init dumb-init catatonit

.PHONY: install uninstall clean
install: $(OUT)/tminus manual
	install -D -m 755 $(OUT)/tminus $(DESTDIR)$(PREFIX)/sbin/tminus
	install -d $(DESTDIR)$(PREFIX)/lib/tminus
	for name in $(STANDS_FOR); do \
		ln -f $(DESTDIR)$(PREFIX)/sbin/tminus $(DESTDIR)$(PREFIX)/lib/tminus/$$name || exit 1; \
	done
	install -D -m 644 build/man/tminus.1 $(DESTDIR)$(PREFIX)/share/man/man1/tminus.1
	install -D -m 644 build/man/tminus.ini.5 $(DESTDIR)$(PREFIX)/share/man/man5/tminus.ini.5

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/tminus $(DESTDIR)$(PREFIX)/share/man/man1/tminus.1 \
		$(DESTDIR)$(PREFIX)/share/man/man5/tminus.ini.5 \
		$(STANDS_FOR:%=$(DESTDIR)$(PREFIX)/lib/tminus/%)
	-rmdir $(DESTDIR)$(PREFIX)/lib/tminus

# --- release -----------------------------------------------------------------------------------

.PHONY: dist package
# What is committed, the same to the byte each time: the times in it are the commit's.
dist:
	@mkdir -p build
	@git diff --quiet HEAD || echo 'dist: what is not committed is not in the tarball'
	$(Q)git -c tar.umask=0022 archive --prefix=tminus-$(VERSION)/ -o build/tminus-$(VERSION).tar HEAD
	$(Q)gzip -9nf build/tminus-$(VERSION).tar
	@echo build/tminus-$(VERSION).tar.gz

DEB := build/tminus_$(VERSION)_$(subst x86_64,amd64,$(subst aarch64,arm64,$(ARCH))).deb
package: static manual
	@$(MAKE) --no-print-directory $(DEB)
	@echo $(DEB)

$(DEB): $(STATIC)/tminus $(MANUAL) CHANGELOG.md $(wildcard packaging/debian/*)
	@packaging/debian/build $@ $(STATIC) $(RELEASE_DATE)

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(TESTED:.o=.d) $(OUT)/init/main.d $(UNIT_TESTS:=.d) $(FUZZ_TARGETS:=.d)
