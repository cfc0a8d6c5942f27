"""`manage.py acknowledge`: say who has seen an open alert and acts. It stays open until its condition ends."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.alerts import operations
from cdb_site.alerts.catalog import next_step, sentence
from cdb_site.alerts.models import Alert
from cdb_site.bus.clock_follower import follow_shared_anchor


class Command(BaseCommand):
    help = "Acknowledge the open alerts of a code, or of one about a symbol or topic; without a code: list them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", nargs="?", help="such as BREAKER_SLIPPAGE")
        parser.add_argument("about", nargs="?", default="", help="only those whose key holds this, such as SOLUSDT")
        parser.add_argument("--by", default=getpass.getuser(), help="who (default: the system user)")

    def handle(self, *args: Any, **options: Any) -> None:
        open_alerts = Alert.objects.exclude(state="CLOSED").order_by("raised_at")
        if not options["code"]:
            self._list(list(open_alerts))
            return
        chosen = list(open_alerts.filter(code=options["code"].upper(), key__icontains=options["about"]))
        if not chosen:
            known = ", ".join(sorted({alert.code for alert in open_alerts})) or "none"
            wanted = f"{options['code']} {options['about']}".rstrip()
            raise CommandError(f"no such alert is open: {wanted}. Open: {known}")
        follow_shared_anchor()
        for alert in chosen:
            done = operations.acknowledge(alert.alert_id, by=options["by"])
            ending = f"acknowledged by {options['by']}" if done else f"was acknowledged by {alert.acknowledged_by}"
            self.stdout.write(f"{alert.code} {alert.key}: {ending}")

    def _list(self, rows: list[Alert]) -> None:
        for alert in rows:
            seen = f", acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
            self.stdout.write(f"{alert.level} {alert.code}: {sentence(alert.code, alert.params)}")
            self.stdout.write(f"    about {alert.key}, met {alert.count} times{seen}. {next_step(alert.code)}")
        if not rows:
            self.stdout.write("no alert is open")
