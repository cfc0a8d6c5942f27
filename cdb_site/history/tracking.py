"""History by database triggers: every insert, update and delete of a tracked table is a row that nobody changes.

The triggers see what the ORM does, a bulk update and raw SQL alike. Who acted and by which request is attached from the
transaction's settings (`cdb_site.history.middleware`); what acts outside a request names itself in its own columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pghistory
from django.db import models

Model = TypeVar("Model", bound=type[models.Model])


def tracked(model_name: str, *, exclude: list[str] | None = None) -> Callable[[Model], Model]:
    """Class decorator: keep the history of a model in `model_name`, an append-only table."""
    decorate: Callable[[Any], Any] = pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        model_name=model_name,
        exclude=exclude or [],
        attrs={"append_only": True},
    )
    return decorate
