# The image that others copy tminus out of:
#   docker build -t tminus .
#   COPY --from=tminus /tminus /sbin/tminus
FROM debian:trixie-slim AS build
WORKDIR /src
# Compiler and libraries take minutes and seldom change: layers of their own.
COPY tests/install tests/packages tests/
RUN tests/install static
COPY docker/static/build docker/static/stages.mk docker/static/libpq.patch docker/static/
RUN docker/static/build
COPY Makefile CHANGELOG.md LICENSE ./
COPY include include
COPY init init
COPY docker/static/notice docker/static/layout.ld docker/static/first.ld docker/static/start.S docker/static/
RUN make -j"$(nproc)" static

FROM scratch
COPY --from=build /src/build/static/tminus /src/build/static/NOTICE /src/build/static/SBOM.json /
ENTRYPOINT ["/tminus"]
CMD ["help"]
