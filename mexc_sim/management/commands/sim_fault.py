"""`manage.py sim_fault`: make the simulated exchange misbehave, and watch what the system does about it."""

from __future__ import annotations

import textwrap
from argparse import RawDescriptionHelpFormatter
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mexc_sim.faults.catalog import KINDS
from mexc_sim.faults.client import ControlProblem, FaultClient
from mexc_sim.faults.kinds import SYMBOLS, FaultKind, Parameter
from mexc_sim.faults.table import markdown

WATCH_EVERY_S = 1.0


class Command(BaseCommand):
    help = "Order a fault of the simulated exchange, list what holds, or clear it. Refused on a real exchange."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|table|clear|FAULT")
        actions.add_parser("list", help="what holds, what was done so far, and every fault there is")
        actions.add_parser("table", help="every fault as the page in docs shows it; needs no simulator")
        clear = actions.add_parser("clear", help="end all faults, or one")
        clear.add_argument("id", nargs="?", type=int, help="id of the one to end (see list)")
        for kind in KINDS.values():
            _add_kind(actions, kind)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "table":
            self.stdout.write(markdown())
        else:
            self._ask(options)

    def _ask(self, options: dict[str, Any]) -> None:
        environment = settings.ENVIRONMENT
        if environment.MARKET != "SIMULATED":
            raise CommandError(
                f"MARKET={environment.MARKET}: faults are for the simulated exchange only. Start `make demo` and run "
                'this inside: make exec CMD="python manage.py sim_fault list"'
            )
        client = FaultClient(environment.MEXC_REST_URL)
        try:
            client.check()
            if options["action"] == "list":
                self._list(client.report())
            elif options["action"] == "clear":
                self.stdout.write(f"{client.end(options['id'])} ended")
            else:
                self._order(client, KINDS[options["action"]], options)
        except ControlProblem as problem:
            raise CommandError(str(problem)) from problem

    def _order(self, client: FaultClient, kind: FaultKind, options: dict[str, Any]) -> None:
        values = {item.name: options[item.name] for item in kind.fields if options[item.name] is not None}
        fault_id = client.order(kind.name, symbols=options.get(SYMBOLS), **values)
        self.stdout.write(f"fault {fault_id}: {kind.help}\nto be seen: {kind.seen}")
        while options["watch"]:
            told = client.report()
            line = next((item for item in told["active"] if item["id"] == fault_id), None)
            if line is None:
                self.stdout.write(_line(next(item for item in told["ended"] if item["id"] == fault_id)) + ", ended")
                return
            self.stdout.write(_line(line))
            Event().wait(WATCH_EVERY_S)

    def _list(self, told: dict[str, Any]) -> None:
        for title, lines in (("holding now", told["active"]), ("ended", told["ended"])):
            self.stdout.write(title if lines else f"{title}: none")
            for line in lines:
                self.stdout.write("  " + _line(line))
        self.stdout.write("\n" + "\n".join(f"{kind.name:<21} {kind.help}" for kind in KINDS.values()))
        if not told["accounts"]:
            self.stdout.write("This exchange has no accounts: faults of its trading side are refused.")


def _add_kind(actions: Any, kind: FaultKind) -> None:
    seen = textwrap.fill(f"To be seen: {kind.seen}.", 100)
    parser = actions.add_parser(
        kind.name,
        help=kind.help,
        description=f"{kind.help.capitalize()}.\n{seen}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    for item in kind.fields:
        parser.add_argument(f"--{item.name.replace('_', '-')}", type=_number_of(item), help=_help(item))
    if kind.by_symbol:
        parser.add_argument(
            "--symbol",
            dest=SYMBOLS,
            metavar="SYMBOL",
            action="append",
            help="only this one; may be repeated (default: all)",
        )
    parser.add_argument("--watch", action="store_true", help="print what it does until it ends")


def _number_of(parameter: Parameter) -> type[int] | type[float]:
    return int if parameter.whole else float


def _help(parameter: Parameter) -> str:
    return f"{parameter.help} ({parameter.low:g} to {parameter.high:g}, default {parameter.default:g})"


def _line(told: dict[str, Any]) -> str:
    """One fault as the desk tells of it."""
    whom = ", ".join(told["symbols"]) or "everything"
    deeds = ", ".join(f"{count} {deed}" for deed, count in told["done"].items()) or "nothing done yet"
    left = f", {told['seconds_left']:g} s left" if told["seconds_left"] else ""
    return f"{told['id']}  {told['kind']} of {whom}{left}: {deeds}"
