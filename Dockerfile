# One image for every service of the service table; docker-compose.yml says which command each container runs.
# The secret `certificates`, where it is given and not empty, is what the build and the containers trust from then on:
# a company's proxy between here and the package registries, or between here and the exchange, has its certificate there.

FROM python:3.11-slim-bookworm AS base
RUN --mount=type=secret,id=certificates \
    if [ -s /run/secrets/certificates ]; then cat /run/secrets/certificates > /etc/ssl/certs/ca-certificates.crt; fi
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt

FROM base AS build
ARG UV_VERSION=0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_SYSTEM_CERTS=1 PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-group dev --no-group embedded
COPY . .
# Static files are part of the image, so that the dashboard's file system can stay read-only. No secret is needed here.
RUN ENV=demo DATA_DIR=/var/lib/cdb /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 && mkdir /var/lib/cdb/tape /var/lib/cdb/candles /var/lib/cdb/searches

FROM base
# The health checks ask with curl.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cdb
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=build --chown=cdb:cdb /var/lib/cdb /var/lib/cdb
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=cdb_site.settings DATA_DIR=/var/lib/cdb
WORKDIR /app
USER cdb
CMD ["python", "manage.py", "help"]
