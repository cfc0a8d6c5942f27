"""The columns of every exported file, for `docs/exports.md`: a table of each, and which filters it takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from risk.documents.marked import table
from risk.exports.tables import TABLES, ExportTable


def filters() -> list[str]:
    rows = [[f"`{what}`", f"`{row.at}`", _filters(row)] for what, row in TABLES.items()]
    return table(["what", "its day is that of", "filters, and the values there are"], rows)


def _filters(row: ExportTable) -> str:
    told = [f"`{name}`" + (f" ({', '.join(values)})" if values else "") for name, values in row.filters.items()]
    return "; ".join(told)


def columns(what: str) -> list[str]:
    return table(["column", "what it is"], [[f"`{name}`", said] for name, said in TABLES[what].columns.items()])


EXPORTS: dict[str, Callable[[], list[str]]] = {
    "export_filters": filters,
    **{f"export_{what.replace('-', '_')}": partial(columns, what) for what in TABLES},
}
