# What each stage of docker/static/build needs, which starts this. Of those that need nothing from each other
# several run at once: a configure script keeps one processor busy, and a download none. Times do not count,
# only whether a stage's stamp is there.
#
#   ARCH, STAMPS and SOURCES (folders), PACKAGES and LIBRARIES (what is wanted)

# They are not for the libraries' own makes, which get the job server alone.
MAKEOVERRIDES =
unexport ARCH STAMPS SOURCES PACKAGES LIBRARIES

all: $(LIBRARIES:%=$(STAMPS)/%)
	@:

$(STAMPS)/libcap $(STAMPS)/inih $(STAMPS)/sqlite $(STAMPS)/openssl $(STAMPS)/cmocka: | $(STAMPS)/musl
$(STAMPS)/libpq $(STAMPS)/mariadb: | $(STAMPS)/openssl

$(STAMPS)/musl: | $(SOURCES)/musl.unpacked
$(STAMPS)/libcap: | $(SOURCES)/libcap2.unpacked
$(STAMPS)/inih: | $(SOURCES)/libinih.unpacked
$(STAMPS)/sqlite: | $(SOURCES)/sqlite3.unpacked
$(STAMPS)/openssl: | $(SOURCES)/openssl.unpacked
$(STAMPS)/libpq: | $(SOURCES)/postgresql-17.unpacked
$(STAMPS)/mariadb: | $(SOURCES)/mariadb.unpacked
$(STAMPS)/cmocka: | $(SOURCES)/cmocka.unpacked

# One source after the other: apt keeps one state.
earlier := $(STAMPS)/lists
$(foreach package,$(PACKAGES), \
	$(eval $(SOURCES)/$(package).unpacked: | $(earlier)) \
	$(eval earlier := $(SOURCES)/$(package).unpacked))

$(STAMPS)/%:
	+@docker/static/build $(ARCH) $*
	@touch $@
$(SOURCES)/%.unpacked:
	+@docker/static/build $(ARCH) source-$*
	@touch $@
