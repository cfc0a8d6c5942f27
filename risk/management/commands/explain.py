"""`manage.py explain ID`: why. The whole chain of a signal, decision, order or fill."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from risk.operator.trace import ID_FORMS, NotFound, find
from risk.operator.trace_text import as_json, lines


class Command(BaseCommand):
    help = f"Print the chain of a signal, decision, order, client order or fill: {ID_FORMS}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="id of a signal, decision, order or client order, or a fill's trade id")
        parser.add_argument("--json", action="store_true", help="the stored rows as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chain = find(options["id"])
        except NotFound as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            self.stdout.write(json.dumps(as_json(chain), indent=1, ensure_ascii=False))
            return
        for line in lines(chain):
            self.stdout.write(line)
