"""Django settings: a plain reading of `cdb_site.env`, nothing else reads the environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from celery.schedules import schedule
from csp.constants import NONE, SELF

from cdb_site import env
from cdb_site.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env.read_with_file(BASE_DIR / ".env")
EFFECTS = env.EFFECTS[ENVIRONMENT.ENV]

DEBUG = EFFECTS.debug_pages
SECRET_KEY = ENVIRONMENT.SECRET_KEY or "only-for-the-demo-and-never-elsewhere-0123456789abcdefghij"
ALLOWED_HOSTS = list(ENVIRONMENT.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.TRUSTED_ORIGINS)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_prometheus",
    "rest_framework",
    "django_filters",
    "people.named_apps.TokensConfig",
    "drf_spectacular",
    "people.named_apps.LoginsConfig",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "pgtrigger",
    "pghistory",
    "cdb_site",
    "cdb_site.bus",
    "cdb_site.alerts",
    "cdb_site.health",
    "cdb_site.history",
    "cdb_site.local",
    "marketdata",
    "mexc_sim",
    "signals_app",
    "execution",
    "risk",
    "people",
    "replay",
    "notifications",
    "dashboard",
    "api",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "people.sessions.session_middleware",
    "dashboard.preferences.middleware.preference_middleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "cdb_site.history.middleware.history_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "people.admin_door.admin_door_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cdb_site.urls"
ASGI_APPLICATION = "cdb_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the libraries': the admin's own pages, made to look like ours.
        "DIRS": [BASE_DIR / "people" / "overrides"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.preferences.queries.preference",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": ENVIRONMENT.POSTGRES_HOST or "127.0.0.1",
        "PORT": ENVIRONMENT.POSTGRES_PORT,
        "NAME": ENVIRONMENT.POSTGRES_DB,
        "USER": ENVIRONMENT.POSTGRES_USER,
        "PASSWORD": ENVIRONMENT.POSTGRES_PASSWORD,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "server_side_binding": True,
            "prepare_threshold": 2,
            "application_name": "claire_de_binaire",
            # A peer that is gone without a word is noticed within seconds, from this end; the server has the same.
            "keepalives": 1,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "options": "-c statement_timeout=30000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=5000 -c timezone=UTC",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [env.redis_url(ENVIRONMENT)], "prefix": "cdb_channels"},
    }
}

CELERY_BROKER_URL = env.redis_url(ENVIRONMENT)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "health_check_interval": 10,
    # How long a worker waits at its queues at once; a job that comes is taken at once all the same.
    "polling_interval": 5,
    "global_keyprefix": "cdb_celery:",
    # No job goes before another. Where begun ones are kept is a user's own: nobody else may read or end them.
    "priority_steps": [0],
    **env.unfinished_keys(ENVIRONMENT),
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "signal_gen"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {
    "marketdata.*": {"queue": "rest"},
    "risk.audit_books": {"queue": "risk"},
    "bus.retire_rows": {"queue": "rest"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
# A job not begun within its period is dropped: after an outage one of each kind runs, not all that were due meanwhile.
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": schedule(period_s), "options": {"expires": period_s}}
    for task, period_s in (
        ("bus.sweep_unconsumed", 10),
        ("risk.audit_books", 60),
        ("risk.catch_up_round_trips", 10),
        ("risk.write_daily_reports", 30),
        ("marketdata.delete_old_candles", 3600),
        ("bus.retire_rows", 3600),
        ("risk.keep_tape", 3600),
        ("replay.verify_days", 600),
        ("replay.retire_runs", 3600),
    )
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

AXES_HANDLER = "people.lockout.LoginHandler"
AXES_LOCKOUT_CALLABLE = "people.lockout.locked_page"
AXES_USERNAME_CALLABLE = "people.lockout.name_of"
AXES_CLIENT_IP_CALLABLE = "people.addresses.address_of"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = ENVIRONMENT.LOGIN_FAILURES_MAX
AXES_COOLOFF_TIME = timedelta(minutes=ENVIRONMENT.LOGIN_LOCK_MINUTES)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# Shown by `people.admin`, to look at.
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Claire de Binaire"
# Recovery codes have 40 bits, and wrong ones are counted as failed logins: no stranger makes their owner wait.
OTP_STATIC_THROTTLE_FACTOR = 0

SESSION_COOKIE_AGE = ENVIRONMENT.SESSION_IDLE_MINUTES * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = EFFECTS.https_only
CSRF_COOKIE_SECURE = EFFECTS.https_only
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_SSL_REDIRECT = EFFECTS.https_only
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if EFFECTS.https_only else None
SECURE_HSTS_SECONDS = 31_536_000 if EFFECTS.https_only else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = EFFECTS.https_only
SECURE_HSTS_PRELOAD = EFFECTS.https_only
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "require-trusted-types-for": ["'script'"],
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = ENVIRONMENT.TZ
FORMAT_MODULE_PATH = "cdb_site.formats"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
# Only this site's pages use its files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = ENVIRONMENT.DATA_DIR.resolve() / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "cdb_site.static.ModuleManifestStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.tokens.BearerToken", "rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.MinuteThrottle"],
    "DEFAULT_SCHEMA_CLASS": "api.schema_hooks.ApiSchema",
    "EXCEPTION_HANDLER": "api.problems.handle",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(hours=ENVIRONMENT.API_TOKEN_HOURS),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Claire de Binaire",
    "VERSION": "1",
    "DESCRIPTION": "A momentum paper-trading system: what it sees, decides and holds, and what people do with it. "
    "Amounts are decimals as text, times ISO-8601 UTC; market time is the exchange's, wall time ours. "
    "Refusals are problem details (RFC 9457). Live rows come over the WebSocket under `x-sockets`.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["api.schema_hooks.only_the_api"],
    "POSTPROCESSING_HOOKS": ["api.schema_hooks.with_problem", "api.schema_hooks.with_sockets"],
}

PROMETHEUS_EXPORT_MIGRATIONS = False
LOGGING = logging_settings(BASE_DIR / "backoffice" / "logging_config.json", ENVIRONMENT)
