"""The faults of the simulated exchange's trading side: of orders, of accounts' own frames, of the list of trades.

They need an exchange with accounts. An order that a fault meets is placed all the same, unless `placed` is 0: who asked
does not know, and has to find out. Pure rows.
"""

from __future__ import annotations

from mexc_sim.faults.kinds import TRADING, FaultKind, Parameter, share

PLACED = Parameter(name="placed", default=1, low=0, high=1, help="0: the order never arrives", whole=True)

TRADING_FAULTS: tuple[FaultKind, ...] = (
    FaultKind(
        name="order_no_answer",
        title="Order without answer",
        category=TRADING,
        help="an order is placed and never answered: the connection is closed",
        seen="the order is asked for by its client id before anything else is done with it; one order at the exchange",
        parameters=(
            share(1, "orders"),
            PLACED,
            Parameter(name="after_s", default=0, low=0, high=60, help="wall seconds until the connection closes"),
        ),
        by_symbol=True,
    ),
    FaultKind(
        name="order_late_answer",
        title="Late answer to an order",
        category=TRADING,
        help="an order is placed at once and answered late",
        seen="as without an answer where the answer is later than the client waits; one order at the exchange",
        parameters=(
            share(1, "orders"),
            Parameter(name="after_s", default=3, low=0, high=60, help="wall seconds to the answer"),
        ),
        by_symbol=True,
    ),
    FaultKind(
        name="order_code_200",
        title="Error with status 200",
        category=TRADING,
        help='an order is answered with status 200 and {"code", "msg"} in place of the order',
        seen="no answer that is taken for an order; a code that leaves open what became of it is asked for",
        parameters=(
            share(1, "orders"),
            PLACED,
            Parameter(name="code", default=500, low=1, high=999_999, help="code in the answer", whole=True),
        ),
        by_symbol=True,
    ),
    FaultKind(
        name="fill_then_disconnect",
        title="Filled and cut off",
        category=TRADING,
        help="an order trades, and the account's sockets and the connection that asked are cut before a word is sent",
        seen="the fill is learnt by asking, once; the account's stream opens again",
        parameters=(share(1, "orders"),),
        by_symbol=True,
    ),
    FaultKind(
        name="pushes_twice",
        title="Account pushes twice",
        category=TRADING,
        help="frames of accounts sent twice, the second time a little later",
        seen="no trade booked twice, no order that goes back to a former state",
        parameters=(share(1, "frames"), Parameter(name="ms", default=300, low=0, high=60000, help="how late")),
        by_symbol=True,
    ),
    FaultKind(
        name="pushes_reordered",
        title="Account pushes in wrong order",
        category=TRADING,
        help="frames of accounts held back at random, so that later ones overtake them",
        seen="no order that goes back to a former state; books as at the exchange",
        parameters=(
            share(0.5, "frames"),
            Parameter(name="ms", default=500, low=0, high=60000, help="longest time one is held back"),
        ),
        by_symbol=True,
    ),
    FaultKind(
        name="pushes_lost",
        title="Account pushes lost",
        category=TRADING,
        help="frames of accounts lost on the way",
        seen="fills are learnt by asking, later; books as at the exchange",
        parameters=(share(1, "frames"),),
        by_symbol=True,
    ),
    FaultKind(
        name="trades_lack_newest",
        title="Newest trades missing",
        category=TRADING,
        help="myTrades misses what was traded lately",
        seen="an order whose trades do not add up to what it says is filled is asked for again",
        parameters=(
            Parameter(name="late_s", default=5, low=0, high=3600, help="wall seconds until a trade is listed"),
        ),
        by_symbol=True,
    ),
)
