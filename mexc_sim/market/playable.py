"""`python -m mexc_sim.market.playable FOLDER`: whether a folder of recorded candles can be played.

Prints one JSON line, the files that are played with the digest of their names and bytes; or says on stderr what is
wrong with which file and ends with 1. Asked
before a start, as a process of its own: the starter lies below the simulated exchange.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cdb_site.clock import SYSTEM
from cdb_site.intervals import MINUTES
from mexc_sim.market.recorded import PlayedFile, RecordingProblem, choose_files, open_recordings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mexc_sim.market.playable", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quote-asset", default="USDT")
    parser.add_argument("--interval", default="1m", choices=tuple(MINUTES))
    parser.add_argument("--history-candles", type=int, default=0, help="read whole files, with so much history before")
    given = parser.parse_args(arguments)
    try:
        files, _ = choose_files(given.folder, given.quote_asset, given.interval)
        if given.history_candles:
            open_recordings(
                given.folder,
                quote_asset=given.quote_asset,
                interval=given.interval,
                now_s=SYSTEM.wall_s(),
                history_s=given.history_candles * MINUTES[given.interval] * 60,
            )
    except (RecordingProblem, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(json.dumps({"files": [str(item.path) for item in files], "digest": digest(files)}) + "\n")
    return 0


def digest(files: Sequence[PlayedFile]) -> str:
    """Of the names and the bytes of what is played."""
    found = hashlib.sha256()
    for path, _ in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.name} {content}\n".encode())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
