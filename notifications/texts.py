"""What a channel reads: one alert with what to do, many told together, a report, a test; in the channel's language.

Plain text of 1,800 characters at most, so that no service cuts it. However many alerts are told together, each code is
one line with how often it came and the newest sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from cdb_site.alerts.catalog import next_step, sentence
from cdb_site.alerts.models import Alert
from execution.queries import PAPER
from notifications import report_text
from notifications.apprise_door import Words
from notifications.claims import OutgoingMessage
from notifications.models import AlertChannel, ChannelDelivery
from risk.models import DailyReport

TEXT_MOST = 1_800
LINE_MOST = 200
LINES_MOST = 12
HOUSE = "Claire de Binaire"


def words_of(message: OutgoingMessage) -> Words:
    """The message in the language of its channel."""
    with override(message.channel.language):
        row = message.rows[0]
        if message.together:
            return _together(message)
        if row.kind == ChannelDelivery.Kind.ALERT:
            return _alert(message.channel, row)
        return _report(row) if row.kind == ChannelDelivery.Kind.REPORT else _test(message.channel)


def _words(title: str, lines: Sequence[str], level: str) -> Words:
    market = " " + _("(simulated market)") if settings.ENVIRONMENT.MARKET == "SIMULATED" else ""
    body = "\n".join(shortened(line, LINE_MOST * 2) for line in lines if line)
    return Words(title=f"{HOUSE}{market}: {title}", body=shortened(body, TEXT_MOST), level=level)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def at(moment: datetime, channel: AlertChannel) -> str:
    """A moment in the channel's time zone, with the zone."""
    return f"{moment.astimezone(channel.zone):%Y-%m-%d %H:%M:%S %Z}"


def _alert(channel: AlertChannel, row: ChannelDelivery) -> Words:
    alert = _alerts([row.alert_id] if row.alert_id else []).get(row.alert_id or UUID(int=0))
    said = sentence(alert.code, alert.params) if alert else row.code
    over = _("It is over already.") if alert and alert.state == Alert.State.CLOSED and not _momentary(alert) else ""
    then = _("What to do next: %(step)s") % {"step": next_step(row.code)} if next_step(row.code) else ""
    return _words(f"{row.level} {row.code}", [said, over, then, at(row.raised_at, channel)], row.level)


def _momentary(alert: Alert) -> bool:
    return alert.closed_at == alert.raised_at


def _report(row: ChannelDelivery) -> Words:
    report = DailyReport.objects.filter(account=PAPER, day__in=[row.day]).first()
    lines = list(report_text.lines(report.body)) if report else []
    return _words(_("report of %(day)s") % {"day": row.day}, lines, "INFO")


def _test(channel: AlertChannel) -> Words:
    line = _("This is a test of the channel %(name)s: it works.") % {"name": channel.name}
    return _words(_("test"), [line], "INFO")


def _together(message: OutgoingMessage) -> Words:
    """Sections by why they are told together; the level is that of the worst."""
    rows = message.rows
    level = next((name for name in ("CRITICAL", "WARNING") if any(row.level == name for row in rows)), "INFO")
    alerts = _alerts([row.alert_id for row in rows if row.alert_id])
    lines: list[str] = []
    for why, heading in _headings(message.channel, rows):
        mine = [row for row in rows if row.together == why]
        lines.append(heading)
        if why != ChannelDelivery.Together.LATE:
            lines += _by_code(mine, alerts)
    title = ngettext("%(count)s message", "%(count)s messages", len(rows)) % {"count": len(rows)}
    return _words(title, lines, level)


def _headings(channel: AlertChannel, rows: Sequence[ChannelDelivery]) -> Iterator[tuple[str, str]]:
    Together = ChannelDelivery.Together
    for why in (Together.MANY, Together.QUIET, Together.LATE):
        mine = [row for row in rows if row.together == why]
        if not mine:
            continue
        first, last = (at(pick(row.raised_at for row in mine), channel) for pick in (min, max))
        values = {"count": len(mine), "first": first, "last": last}
        if why == Together.QUIET:
            yield why, _("Held in the quiet hours: %(count)s, from %(first)s to %(last)s.") % values
        elif why == Together.MANY:
            yield why, _("More than a minute may bring: %(count)s, from %(first)s to %(last)s.") % values
        else:
            yield why, _("Raised while nothing could be sent: %(count)s, from %(first)s to %(last)s.") % values


def _by_code(rows: Sequence[ChannelDelivery], alerts: dict[UUID, Alert]) -> Iterator[str]:
    """One line a code, the worst first."""
    codes: dict[tuple[str, str], list[ChannelDelivery]] = {}
    for row in rows:
        codes.setdefault((row.level, row.code or row.kind), []).append(row)
    for number, ((level, code), mine) in enumerate(codes.items()):
        if number == LINES_MOST:
            yield _("and %(count)s other kinds") % {"count": len(codes) - number}
            return
        newest = max(mine, key=lambda row: row.raised_at)
        alert = alerts.get(newest.alert_id) if newest.alert_id else None
        said = sentence(alert.code, alert.params) if alert else f"{newest.day or ''}"
        times = f" × {len(mine)}" if len(mine) > 1 else ""
        yield shortened(f"• {level} {code}{times}: {said}", LINE_MOST)


def _alerts(ids: Sequence[UUID]) -> dict[UUID, Alert]:
    return {row.alert_id: row for row in Alert.objects.filter(alert_id__in=ids)}
