"""What the value of ENV changes in a process, and nothing else changes with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What ENV changes, and nothing else changes with it."""

    debug_pages: bool
    https_only: bool
    secrets_required: bool
    simulated_rate_allowed: bool
    second_factor_in_admin: bool


EFFECTS = {
    "demo": Effects(
        debug_pages=False,
        https_only=False,
        secrets_required=False,
        simulated_rate_allowed=True,
        second_factor_in_admin=False,
    ),
    "dev": Effects(
        debug_pages=True,
        https_only=False,
        secrets_required=True,
        simulated_rate_allowed=True,
        second_factor_in_admin=True,
    ),
    "local": Effects(
        debug_pages=False,
        https_only=False,
        secrets_required=True,
        simulated_rate_allowed=False,
        second_factor_in_admin=True,
    ),
    "prod": Effects(
        debug_pages=False,
        https_only=True,
        secrets_required=True,
        simulated_rate_allowed=False,
        second_factor_in_admin=True,
    ),
}
