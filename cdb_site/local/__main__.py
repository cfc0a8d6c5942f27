"""`python -m cdb_site.local`: see `--help`."""

from __future__ import annotations

import sys

from cdb_site.local.cli import main

if __name__ == "__main__":
    sys.exit(main())
