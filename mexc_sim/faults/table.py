"""The table of faults as docs/simulator.md shows it: `manage.py sim_fault table` prints it, a test compares."""

from __future__ import annotations

from mexc_sim.faults.catalog import KINDS
from mexc_sim.faults.kinds import ExpectedAlert, FaultKind, Parameter


def markdown() -> str:
    """One row a fault, in the order of the table."""
    heads = ["| fault | what happens | options (default) | to be seen |", "|---|---|---|---|"]
    return "\n".join(heads + [_row(kind) for kind in KINDS.values()])


def _row(kind: FaultKind) -> str:
    options = [_option(item) for item in kind.parameters] + (["`--symbol`"] if kind.by_symbol else [])
    return f"| `{kind.name}` | {kind.help} | {', '.join(options)} | {kind.seen}{_expected(kind)} |"


def _expected(kind: FaultKind) -> str:
    """; `FEED_FALLBACK` within 15 s of a fault of 8 s and more, closed within 20 s of its end"""
    return "".join(_alert(item) for item in kind.expects)


def _alert(item: ExpectedAlert) -> str:
    needs = f" of a fault of {item.needs_s:g} s and more" if item.needs_s else ""
    return f"; `{item.code}` within {item.within_s:g} s{needs}, closed within {item.closes_within_s:g} s of its end"


def _option(parameter: Parameter) -> str:
    return f"`--{parameter.name.replace('_', '-')}` ({parameter.default:g})"
