"""`manage.py dead_letters`: what was given up, why, and putting it back on its topic."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cdb_site.bus.models import DeadLetter
from cdb_site.bus.redis import connection
from cdb_site.bus.topics import TOPICS, topic


class Command(BaseCommand):
    help = "List dead letters (default), show one, or put them back on their topic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retry", metavar="ID", nargs="+", help="ids to put back, or 'all' open ones")
        parser.add_argument("--show", metavar="ID", type=int, help="print one message as it came")
        parser.add_argument("--all", action="store_true", help="list retried ones, too")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retry"]:
            self._retry(options["retry"])
        elif options["show"]:
            self._show(options["show"])
        else:
            self._list(every=options["all"])

    def _list(self, *, every: bool) -> None:
        letters = DeadLetter.objects.order_by("id")
        if not every:
            letters = letters.exclude(state=DeadLetter.State.RETRIED)
        for letter in letters:
            self.stdout.write(
                f"{letter.pk:>6}  {letter.state:<8} {letter.created_at:%Y-%m-%d %H:%M:%S}Z  {letter.topic} → "
                f"{letter.group}  after {letter.attempts}: {letter.error.partition(chr(10))[0][:120]}"
            )
        if not letters:
            self.stdout.write("no dead letters")

    def _show(self, pk: int) -> None:
        letter = DeadLetter.objects.filter(pk=pk).first()
        if letter is None:
            raise CommandError(f"no dead letter has id {pk}; run `manage.py dead_letters --all` for the list")
        self.stdout.write(letter.body)

    def _retry(self, ids: list[str]) -> None:
        letters = DeadLetter.objects.exclude(state=DeadLetter.State.RETRIED)
        if ids != ["all"]:
            if not all(text.isdigit() for text in ids):
                raise CommandError("--retry takes ids (numbers), or the single word all")
            letters = letters.filter(pk__in=ids)
            if missing := {int(text) for text in ids} - {letter.pk for letter in letters}:
                listed = ", ".join(map(str, sorted(missing)))
                raise CommandError(f"no dead letter to retry has id {listed}; see `manage.py dead_letters --all`")
        for letter in letters:
            if letter.topic not in TOPICS:
                raise CommandError(f"dead letter {letter.pk} is of {letter.topic!r}, a topic not known here")
            connection().xadd(topic(letter.topic).key, {"e": letter.body.encode()})
            letter.state, letter.retried_at = DeadLetter.State.RETRIED, timezone.now()
            letter.save(update_fields=["state", "retried_at"])
        self.stdout.write(f"{len(letters)} put back")
