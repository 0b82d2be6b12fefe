# The same Izwi as `make run`, without the phone in the browser. Data, keys and secrets live in the volume /data.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/izwi \
 && /opt/izwi/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock

FROM ${BASE}
COPY --from=build /opt/izwi /opt/izwi
WORKDIR /srv/izwi
COPY app app
COPY migrations migrations
RUN useradd --system --uid 10001 izwi && install -d -o izwi -m 700 /data \
 && printf '#!/bin/sh\nexec /opt/izwi/bin/python -m app "$@"\n' > /usr/local/bin/izwi && chmod +x /usr/local/bin/izwi
USER izwi
ENV IZWI_DATA_DIR=/data IZWI_HOST=0.0.0.0 IZWI_PRODUCTION=true PYTHONDONTWRITEBYTECODE=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["/opt/izwi/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["izwi"]
CMD ["serve"]
