# Remint's image: one program, exactly the shared libraries that it needs, CA certificates and time zones, on nothing else.
# Build it with deploy/image, which sets the arguments below, or:
#   docker build --build-arg REMINT_VERSION=0.1.0 --build-arg REMINT_COMMIT=$(git rev-parse --short=12 HEAD) -t remint .
FROM debian:bookworm-slim AS build

# The packages are a layer of their own, which is kept while only the sources change.
COPY deploy/install-dependencies /src/deploy/install-dependencies
RUN /src/deploy/install-dependencies \
 && apt-get install -y -q --no-install-recommends make tzdata \
 && rm -rf /var/lib/apt/lists/*

COPY . /src
WORKDIR /src
ARG JOBS=2
ARG TESTS=yes
# BuildKit keeps this folder; deploy/image says another one, with which it shares the compiler cache of the machine.
ARG CCACHE_DIR=/root/.cache/ccache
# The tests come first and know of no commit: they are kept, too, while only that changes.
RUN --mount=type=cache,id=remint-ccache,target=/root/.cache/ccache \
    cmake --preset image \
 && if [ "$TESTS" = yes ]; then cmake --build --preset image-tests --parallel "$JOBS" && ctest --preset image-tests --parallel "$JOBS"; fi

ARG REMINT_COMMIT=unknown
RUN --mount=type=cache,id=remint-ccache,target=/root/.cache/ccache \
    cmake --preset image -DREMINT_COMMIT="$REMINT_COMMIT" \
 && cmake --build --preset image --parallel "$JOBS"

ARG REMINT_VERSION
ARG SOURCE_DATE_EPOCH=0
RUN deploy/container/collect --program build/image/remint --root /image \
 && deploy/container/sbom --root /image --build build/image --version "$REMINT_VERSION" --commit "$REMINT_COMMIT" \
 && find /image -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM scratch
COPY --from=build /image /
ARG REMINT_VERSION
ARG REMINT_COMMIT=unknown
ARG REMINT_SOURCE=https://remint.dev
LABEL org.opencontainers.image.title="remint" \
      org.opencontainers.image.description="Restarts the Kubernetes workloads whose ServiceAccount tokens died" \
      org.opencontainers.image.version="$REMINT_VERSION" \
      org.opencontainers.image.revision="$REMINT_COMMIT" \
      org.opencontainers.image.source="$REMINT_SOURCE" \
      org.opencontainers.image.licenses="Apache-2.0" \
      dev.remint.sbom="/usr/share/doc/remint/sbom.spdx.json"
USER 65532:65532
ENTRYPOINT ["/usr/bin/remint"]
