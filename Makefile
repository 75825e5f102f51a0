# tminus: build, test, install. `make help` lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC      := gcc
endif
WITH    ?= postgres mysql sqlite
VARIANT ?= debug
ARCH    ?= $(shell uname -m)

Q := $(if $(V),,@)# make V=1 shows the commands

VERSION := $(shell sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
OUT     := build/$(VARIANT)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wformat=2 -Wconversion
ifdef CI
WARNINGS += -Werror
endif

FLAGS_debug := -O2 -g -D_FORTIFY_SOURCE=2
FLAGS_asan  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

CFLAGS   ?= $(FLAGS_$(VARIANT))
ifeq ($(VARIANT),static)
# musl and the libraries that docker/static/build has made; see there. Merged constants would lie
# scattered among OpenSSL's, and each would bring its page into memory.
DEPS     := $(CURDIR)/build/static-deps/$(ARCH)/prefix
OUT      := build/static$(ARCH:$(shell uname -m)=)
CC       := $(DEPS)/bin/musl-gcc
CPPFLAGS += -I$(DEPS)/include -I$(DEPS)/include/mariadb
FLAGS_static := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-plt \
	-fno-pie -fno-merge-constants -D_FORTIFY_SOURCE=2
LDFLAGS  += -static -no-pie -L$(DEPS)/lib -Wl,--gc-sections -Wl,--build-id=none -s
endif

CPPFLAGS += -D_GNU_SOURCE -Iinclude -DTMINUS_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=c11 $(WARNINGS) -fstack-protector-strong $(CFLAGS)
LIBS     := -linih

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
LIBS := -linih $(STATIC_LIBS) $(if $(filter postgres mysql,$(WITH)),-lssl -lcrypto)
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
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(UNIT_SOURCES:%.c=$(OUT)/%)

.PHONY: all help
all: build/tminus

help:
	@echo 'make             build/tminus, with the distribution'"'"'s libraries'
	@echo 'make demo        the main job from nothing: wait, upgrade, seed, app, stop (STAY=1 stays up)'
	@echo 'make check       every test; make check-long runs them with the full numbers'
	@echo 'make lint        clang-format, clang-tidy, cppcheck, shellcheck, gcc and clang without warnings'
	@echo 'make layers      fails when a room includes one below it'
	@echo 'make fuzz        libFuzzer on INI, URLs, words and revision files (FUZZ_SECONDS=60 each)'
	@echo 'make bench       figures beside tini, dumb-init, catatonit, nc and init.sh'
	@echo 'make static      build/static/tminus: one static binary, musl; ARCH=aarch64 cross-builds'
	@echo 'make install     DESTDIR= PREFIX='
	@echo 'Variables: CC, CFLAGS, WITH="postgres mysql sqlite", VARIANT=debug|asan'

build/tminus: build/debug/tminus
	@ln -sfn debug/tminus $@

$(OUT)/tminus: $(OUT)/init/main.o $(OUT)/libtminus.a $(OUT)/flags
	@echo '  LINK   $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(OUT)/init/main.o $(OUT)/libtminus.a $(LIBS)

$(OUT)/libtminus.a: $(OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(OBJECTS)

$(OUT)/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC     $<'
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rebuild when the compiler, its flags or the chosen drivers change.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LIBS)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LIBS)' > $@

$(OUT)/tests/unit/%: tests/unit/%.c $(OUT)/libtminus.a
	@mkdir -p $(@D)
	@echo '  TEST   $<'
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(OUT)/libtminus.a -lcmocka $(LIBS)

.PHONY: FORCE
FORCE:

# --- tests -------------------------------------------------------------------------------------

.PHONY: unit check check-long demo bench fuzz
unit: $(UNIT_TESTS)
	@set -e; for test in $(UNIT_TESTS); do $$test; done

# What the suite runs: the program, the same with the sanitizers, and the unit tests of both.
check: tests-installed
	@$(MAKE) --no-print-directory layers
	@$(MAKE) --no-print-directory all unit-programs
	@$(MAKE) --no-print-directory VARIANT=asan build/asan/tminus unit-programs
	@tests/run

check-long: export TMINUS_LONG = 1
check-long: check

demo:
	@tests/install build demo
	@$(MAKE) --no-print-directory all
	@tests/demo

bench:
	@tests/install build demo check bench
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 tests/bench/bench.py $(BENCH)

# Each fuzz target for FUZZ_SECONDS, from the files in the folder of its name, if there is one; what it
# finds is left in build/fuzz.
FUZZ_SECONDS ?= 60
fuzz:
	@tests/install build lint
	@mkdir -p build/fuzz
	@set -e; for source in tests/fuzz/fuzz_*.c; do \
		name=$$(basename $$source .c); \
		echo "fuzz: $$name for $(FUZZ_SECONDS) s"; \
		clang -std=c11 -g -O1 -D_GNU_SOURCE -Iinclude -fsanitize=fuzzer,address,undefined \
			-o build/fuzz/$$name $$source init/base/*.c init/config/*.c init/migrations/*.c \
			-linih; \
		mkdir -p build/fuzz/$$name.found; \
		build/fuzz/$$name build/fuzz/$$name.found $$(ls -d tests/fuzz/$$name 2>/dev/null) \
			-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ \
			2>build/fuzz/$$name.log || { tail -n 30 build/fuzz/$$name.log; exit 1; }; \
		tail -n 1 build/fuzz/$$name.log; \
	done

.PHONY: unit-programs tests-installed
unit-programs: $(UNIT_TESTS)
tests-installed:
	@tests/install build demo check

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
	@tests/install static
	@WITH="$(WITH)" docker/static/build $(ARCH)
	@$(MAKE) --no-print-directory VARIANT=static ARCH=$(ARCH) build/static$(ARCH:$(shell uname -m)=)/tminus
	@WITH="$(WITH)" docker/static/notice build/static$(ARCH:$(shell uname -m)=) $(VERSION)

# --- install -----------------------------------------------------------------------------------

.PHONY: install clean
install: all
	install -D -m 755 $(OUT)/tminus $(DESTDIR)$(PREFIX)/sbin/tminus

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(OUT)/init/main.d $(UNIT_TESTS:=.d)
