"""What the operator's commands share: who acts, asking before danger, and telling what came of a wish."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM, Clock
from execution.queries import PAPER
from risk.marks import Marks
from risk.models import Proposal
from risk.operator.status_report import fresh_source


def add_who(parser: CommandParser) -> None:
    parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")


def add_why(parser: CommandParser, *, required: bool) -> None:
    more = {} if required else {"default": "operator"}
    parser.add_argument("--reason", required=required, help="why, for the history", **more)


def add_yes(parser: CommandParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask before selling")


def confirm(question: str, options: dict[str, Any]) -> None:
    """Ask on a terminal; without one, or with --yes, the command line itself is the answer."""
    if options["yes"] or not sys.stdin.isatty():
        return
    if input(f"{question} Type yes: ").strip().lower() != "yes":
        raise CommandError("nothing was done")


def market() -> tuple[Marks, Clock]:
    """The latest quotes and the market clock, for an act of this process."""
    follow_shared_anchor()
    return fresh_source(PAPER, SYSTEM).marks, SYSTEM


def outcome(done: bool | Proposal, yes: str, no: str) -> str:
    """A sentence about a wish that may have become a proposal."""
    if isinstance(done, Proposal):
        return f"proposed as #{done.pk}; another person approves with: manage.py approve {done.pk} --by NAME"
    return yes if done else no
