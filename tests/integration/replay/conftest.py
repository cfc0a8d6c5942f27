"""Pages name static files as they are, as for the tests of people."""

from tests.integration.people.conftest import _plain_static_files

__all__ = ["_plain_static_files"]
