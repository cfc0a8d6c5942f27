"""A frozen holder of a lock in the database of the tests."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.db import connection

from proofs.rig import frozen


def frozen_holder(statement: str = frozen.ACCOUNT_HELD, *, settings: str = "") -> AbstractContextManager[None]:
    """Another process that holds what `statement` locks until the block ends; by default the account's row."""
    own = connection.settings_dict
    words = {"host": own["HOST"], "port": own["PORT"], "user": own["USER"], "password": own["PASSWORD"]}
    words |= {"dbname": own["NAME"], "options": f"'{settings}'"}
    return frozen.frozen_holder(" ".join(f"{name}={value}" for name, value in words.items()), statement)
