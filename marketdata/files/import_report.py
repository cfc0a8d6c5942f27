"""What an import has to say of one symbol and interval: counts, then the ranges behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from marketdata.files.command_line import counted, time
from marketdata.files.coverage import CoveredSpan, spans
from marketdata.files.file_rows import RowTally
from marketdata.files.importing import WantedImport

SHOWN = 20


def lines(tally: RowTally, wanted: WantedImport, *, everything: bool) -> Iterator[str]:
    """`everything`: all ranges, and also those of candles that are stored already and the same."""
    most = None if everything else SHOWN
    length_s = tally.coverage.length_s
    whole = tally.coverage.whole()
    span = f", {time(whole.first_s)} to {time(whole.last_s)}" if whole else ""
    yield f"{tally.symbol} {tally.interval}: {counted(tally.rows, 'row')}{span}"
    yield f"  {counted(tally.new, 'new candle')}" + ("" if wanted.store else " (--dry-run: not stored)")
    yield from _listed("stored already, the same", spans(tally.alike, length_s), None if everything else 0)
    kept = "corrected" if wanted.replace else "kept as stored; --replace corrects"
    yield from _listed(f"stored otherwise, {kept}", spans(tally.different, length_s), most)
    yield from _listed("told twice, the same", spans(tally.repeated, length_s), most)
    yield from _listed("told twice, otherwise; the first row counts", spans(tally.contradicted, length_s), most)
    yield from _listed("missing between the first and the last", tally.coverage.gaps(), most)
    if tally.refined is not None:
        yield f"  price tick made finer, {tally.refined:f}, for the numbers in the files"
    if tally.snapped:
        yield f"  {counted(tally.snapped, 'row')} moved onto the price tick"
    if tally.estimated:
        yield f"  {counted(tally.estimated, 'quote volume')} estimated, there are none in the files"


def _listed(title: str, found: Sequence[CoveredSpan], most: int | None) -> Iterator[str]:
    if not found:
        return
    yield f"  {counted(sum(span.candles for span in found), 'candle')} {title}"
    for span in found[:most]:
        until = f" to {time(span.last_s)}" if span.candles > 1 else ""
        yield f"    {time(span.first_s)}{until}: {span.candles:,}"
    if most and len(found) > most:
        yield f"    and {counted(len(found) - most, 'more range')} (-v 2 lists all)"
