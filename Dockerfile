# The image that others copy tminus out of:
#   docker build -t tminus .
#   COPY --from=tminus /tminus /sbin/tminus
FROM debian:trixie-slim AS build
WORKDIR /src
COPY . .
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && make static

FROM scratch
COPY --from=build /src/build/static/tminus /tminus
COPY --from=build /src/build/static/NOTICE /src/build/static/SBOM.json /
ENTRYPOINT ["/tminus", "--"]
