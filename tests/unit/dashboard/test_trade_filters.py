"""What an address asks of the Trades page: read leniently, written again as it was meant."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dashboard.trades.filters import NARROWED_BY, TradeFilter, read_filter

TODAY = date(2026, 11, 26)


def read(query: str) -> TradeFilter:
    return read_filter(dict(parse_qsl(query, keep_blank_values=True)), TODAY)


def test_nothing_asked_is_the_trips_of_thirty_days() -> None:
    asked = read("")

    assert (asked.tab, asked.first, asked.last, asked.narrowed) == ("trips", date(2026, 10, 27), None, [])


def test_an_empty_first_day_is_all_days() -> None:
    asked = read("first=")

    assert asked.all_days
    assert asked.begin(UTC) is None
    assert read(asked.query()).all_days, "a link keeps it"


def test_thirty_days_are_counted_back_from_the_last_day_asked_for() -> None:
    assert read("last=2026-05-31").first == date(2026, 5, 1)


def test_a_day_is_from_midnight_to_midnight_where_the_reader_is() -> None:
    asked = read("first=2026-03-29&last=2026-03-29")
    berlin = ZoneInfo("Europe/Berlin")

    begin, end = asked.begin(berlin), asked.end(berlin)

    # the day on which the clocks go forward has 23 hours
    assert begin and end
    assert begin.astimezone(UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_what_narrows_another_list_does_not_narrow_this_one() -> None:
    assert read("tab=fills&exit=STOP&state=OPEN&limits=3&side=BUY").narrowed == ["side"]


def test_a_change_begins_at_the_newest_again() -> None:
    asked = read("tab=orders&symbol=AAAUSDT&before=2026-01-01T00:00:00Z~x")

    assert "before" not in asked.query()
    assert asked.query(before="y").endswith("before=y")


@given(st.dictionaries(st.sampled_from([*(name for names in NARROWED_BY.values() for name in names), "tab", "symbol",
                                         "first", "last", "before", "after"]), st.text(max_size=50)))  # fmt: skip
def test_whatever_is_asked_means_something_and_is_said_again_alike(words: dict[str, str]) -> None:
    asked = read_filter(words, TODAY)
    again = read(asked.query(before=asked.before, after=asked.after))

    assert again == asked or asked.symbol != asked.symbol.upper().strip()
    assert "\x00" not in asked.symbol
