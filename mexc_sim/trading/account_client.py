"""Acting on the accounts of a running simulator from another process, as from outside of what trades there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mexc_sim.faults.client import ControlProblem, FaultClient

PATH = "/control/accounts"
NONE = "The exchange has no accounts. Start it with --accounts FILE."


def accounts_of(control: FaultClient) -> list[dict[str, Any]]:
    """What every account has. Raises ControlProblem, also where the exchange is no simulator."""
    control.check()
    return list(control.call("GET", PATH)["accounts"])


class AccountClient:
    """`name`: the account that is meant; empty: the only one. Raises ControlProblem, as do its acts."""

    def __init__(self, control: FaultClient, name: str = "") -> None:
        self.control = control
        names = [account["name"] for account in accounts_of(control)]
        if not name and len(names) != 1:
            raise ControlProblem(f"--account: choose one of {', '.join(names)}." if names else NONE)
        self.path = f"{PATH}/{quote(name or names[0], safe='')}"

    def pay(self, asset: str, amount: str) -> dict[str, Any]:
        """In, or out where the amount begins with a minus. What the account has since."""
        return self.control.call("POST", f"{self.path}/payments", {"asset": asset, "amount": amount})

    def order(self, **fields: str) -> dict[str, Any]:
        """An order with the fields of the exchange's endpoint, as it stands then."""
        return self.control.call("POST", f"{self.path}/orders", fields)

    def cancel(self, order_id: str) -> dict[str, Any]:
        return self.control.call("DELETE", f"{self.path}/orders/{quote(order_id, safe='')}")
