"""`manage.py carry_out_replay RUN --carrier NAME`: carry out a run claimed under this name; the clock starts it."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from replay import operations
from replay.carrying import RunEnds, carry_out, stop_in_order
from replay.models import ReplayRun

# Trading goes first: a replay takes what the processor has left.
NICENESS = 10


class Command(BaseCommand):
    help = "Carry out one run of the replay that is claimed already; started by the clock, not by people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, help="id of the run")
        parser.add_argument("--carrier", required=True, help="the name under which it is claimed")

    def handle(self, *args: Any, **options: Any) -> None:
        run = ReplayRun.objects.filter(run_id=options["run"], carrier=options["carrier"], state="RUNNING").first()
        if run is None:
            raise CommandError("this run is not claimed under this name; runs are asked for on the page Replays")
        os.nice(NICENESS)
        follow_shared_anchor()
        stop_in_order()
        try:
            carry_out(run)
        except RunEnds:
            operations.give_back(run.run_id, run.carrier)
