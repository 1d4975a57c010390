# One image for everything: the four services, migrations, the gateway, the command line.
# `make image` puts hash-checked wheels into build/wheelhouse first, so that the build needs no network:
#   docker build --network none --tag kith:0.1.0 .

ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
COPY requirements-image.lock /build/
COPY build/wheelhouse /build/wheelhouse
RUN ["python3", "-m", "venv", "--without-pip", "/opt/kith"]
RUN ["python3", "-m", "pip", "--python", "/opt/kith/bin/python", "install", "--quiet", "--no-compile", \
     "--no-index", "--find-links", "/build/wheelhouse", "--require-hashes", "-r", "/build/requirements-image.lock"]
COPY kith /opt/kith/app/kith
COPY services /opt/kith/app/services
COPY shared /opt/kith/app/shared
COPY LICENSE /opt/kith/app/
COPY deploy/image/kith /opt/kith/bin/kith
COPY deploy/image/trim.py /build/
RUN ["/opt/kith/bin/python", "-I", "/build/trim.py", "/opt/kith"]

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Kith" \
      org.opencontainers.image.description="Registry, pairing, contact and reporting of contacts with left-behind children" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# The folder of NATS is only there so that a fresh volume, mounted on it once, belongs to 10001.
COPY --chown=10001:10001 --from=build /build/nats /var/lib/kith/nats
COPY --from=build /opt/kith /opt/kith
ENV PATH=/opt/kith/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    KITH_HTTP_HOST=0.0.0.0 \
    KITH_HTTP_PORT=8080
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["kith", "healthcheck"]
ENTRYPOINT ["kith"]
CMD ["--help"]
