#!/usr/bin/env python
"""Django's command line. `manage.py help` lists the project's own commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
    from django.core.management import execute_from_command_line

    from cdb_site.env import EnvironmentProblem

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentProblem as problem:
        sys.exit("\n".join(f"error: {item}" for item in problem.problems))


if __name__ == "__main__":
    main()
