"""A Django site that is nothing but the platform's side of LTI: Open edX's `lti_consumer`."""

import os
from pathlib import Path

HOME = Path(os.environ["PLATFORM_HOME"])  # where the database is
ADDRESS = os.environ["PLATFORM_ADDRESS"]  # as tools know it

SECRET_KEY = "of a site that lives for one test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SITE_ID = 1
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.sites",
    "config_models",
    "rest_framework",
    "lti_consumer",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "platform.sqlite3",
        "OPTIONS": {"timeout": 30},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# What `lti_consumer` expects of Open edX around it.
FEATURES: dict[str, bool] = {}
LMS_ROOT_URL = LTI_API_BASE = LTI_BASE = ADDRESS
LMS_BASE = ADDRESS.removeprefix("http://")
_KEY = r"(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+)"
USAGE_KEY_PATTERN = rf"(?P<usage_key_string>{_KEY})"
USAGE_ID_PATTERN = rf"(?P<usage_id>{_KEY})"
