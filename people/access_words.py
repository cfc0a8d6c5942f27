"""The table of access as people read it: a part of `docs/roles.md`, written by `manage.py write_access_table`."""

from __future__ import annotations

from people.access import ADMIN_WRITES, ROWS, SOCKETS, AccessRow, Door, Least

MARKS = ("<!-- access -->\n", "<!-- /access -->")
COLUMNS = (Least.ANYONE, Least.VIEWER, Least.OPERATOR, Least.ADMIN)
HEAD = (
    "| what is asked | anonymous | viewer | operator | admin |",
    "|---|---|---|---|---|",
)
YES = "yes"


def lines() -> list[str]:
    """The rows of the site's routes, of its sockets and of the admin, as Markdown."""
    asked = [_line(f"`{row.method} /{_shown(row)}`", row.least, _nobody(row.door)) for row in ROWS]
    said = [_line(f"socket `/{row.route}`: {row.action}", row.least, "closed") for row in SOCKETS]
    admin = [
        _line("`/admin/`, and every table there, to look at", Least.ADMIN, "login"),
        *(
            _line(f"`/admin/`: {deed} a row of `{label.partition('.')[2]}`", least, "login")
            for (label, deed), least in ADMIN_WRITES.items()
        ),
        _line("`/admin/`: add, change or delete any other row", Least.NOBODY, "login"),
    ]
    return [*HEAD, *dict.fromkeys((*asked, *said, *admin))]


def with_table(text: str) -> str:
    """A document with the table between its marks renewed."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return before + MARKS[0] + "\n".join(lines()) + "\n" + MARKS[1] + after


def _shown(row: AccessRow) -> str:
    """An act's own address instead of the pattern of all."""
    return row.path if row.route.startswith("acts/<str:name>") else row.route


def _nobody(door: Door) -> str:
    return "401" if door == Door.API else "login"


def _line(what: str, least: Least, anonymous: str) -> str:
    lesser = {Least.ANYONE: anonymous}
    cells = [YES if column >= least else lesser.get(column, "403") for column in COLUMNS]
    return f"| {what} | {' | '.join(cells)} |"
