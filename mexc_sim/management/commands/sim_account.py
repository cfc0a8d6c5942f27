"""`manage.py sim_account`: what the accounts of the simulated exchange have, and acts on them from outside.

    manage.py sim_account list
    manage.py sim_account deposit --asset USDT --amount 100
    manage.py sim_account withdraw --asset USDT --amount 100
    manage.py sim_account order --symbol SOLUSDT --side BUY --type LIMIT --quantity 1 --price 20
    manage.py sim_account cancel --order-id C02__1767225600000000001

Who trades there learns of it as of anything that somebody else with the same key did.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mexc_sim.faults.client import ControlProblem, FaultClient
from mexc_sim.trading.account_client import AccountClient, accounts_of

FIELDS = {
    "symbol": "symbol",
    "side": "side",
    "type": "type",
    "quantity": "quantity",
    "amount": "quoteOrderQty",
    "price": "price",
    "client_id": "newClientOrderId",
}


class Command(BaseCommand):
    help = "Tell what the simulated exchange's accounts have, pay in or out, trade as somebody else with the same key."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|deposit|withdraw|order|cancel")
        actions.add_parser("list", help="what every account has")
        for name, words in (("deposit", "pay in"), ("withdraw", "pay out what is free")):
            paying = _action(actions, name, words)
            paying.add_argument("--asset", required=True, help="such as USDT")
            paying.add_argument("--amount", required=True, help="above zero, such as 100.5")
        order = _action(actions, "order", "place an order that is nobody's of ours")
        order.add_argument("--symbol", required=True)
        order.add_argument("--side", required=True, choices=["BUY", "SELL"])
        order.add_argument("--type", default="MARKET", help="of an order, as at the exchange (%(default)s)")
        order.add_argument("--quantity", help="in base units")
        order.add_argument("--amount", help="of the quote asset, for a market purchase")
        order.add_argument("--price")
        order.add_argument("--client-id", help="up to 32 characters; also one that was used before")
        _action(actions, "cancel", "cancel an open order").add_argument("--order-id", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        if environment.MARKET != "SIMULATED":
            raise CommandError(f"MARKET={environment.MARKET}: this is for accounts of the simulated exchange only.")
        control = FaultClient(environment.MEXC_REST_URL)
        try:
            self._act(control, options)
        except ControlProblem as problem:
            raise CommandError(str(problem)) from problem

    def _act(self, control: FaultClient, options: dict[str, Any]) -> None:
        action, name = options["action"], options.get("account") or ""
        if action == "list":
            for account in accounts_of(control):
                self._tell(account)
        elif action == "order":
            fields = {told: options[given] for given, told in FIELDS.items() if options[given] is not None}
            self.stdout.write(_order(AccountClient(control, name).order(**fields)))
        elif action == "cancel":
            self.stdout.write(_order(AccountClient(control, name).cancel(options["order_id"])))
        else:
            sign = "-" if action == "withdraw" else ""
            self._tell(AccountClient(control, name).pay(options["asset"], sign + options["amount"]))

    def _tell(self, account: dict[str, Any]) -> None:
        self.stdout.write(f"{account['name']}: {account['orders']} orders, {account['trades']} trades")
        for asset, has in account["balances"].items():
            self.stdout.write(f"  {has['free']} {asset} free, {has['locked']} locked")
        for order in account["open_orders"]:
            self.stdout.write(f"  {_order(order)}")


def _action(actions: Any, name: str, words: str) -> Any:
    parser = actions.add_parser(name, help=words)
    parser.add_argument("--account", help="name of the account (default: the only one)")
    return parser


def _order(told: dict[str, Any]) -> str:
    """C02__… BUY 1 SOLUSDT LIMIT at 20: FILLED, 1 for 20"""
    at = f" at {told['price']}" if told["type"] != "MARKET" else ""
    wanted = told["origQty"] if told["origQty"] != "0" else f"for {told['origQuoteOrderQty']}"
    done = f"{told['executedQty']} for {told['cummulativeQuoteQty']}"
    return f"{told['orderId']} {told['side']} {wanted} {told['symbol']} {told['type']}{at}: {told['status']}, {done}"
