"""The product's settings, but a password is hashed in a moment: hundreds of people are made and logged in by tests."""

from __future__ import annotations

from django.conf import global_settings

from cdb_site.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *global_settings.PASSWORD_HASHERS]
