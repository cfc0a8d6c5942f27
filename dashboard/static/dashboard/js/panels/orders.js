// The newest orders of the day, each with what it cost against the price it was decided on, and the way to its why.
import { html } from "../../vendor/preact.js";
import { base, bps, clockTime, minuteTime, money, price, quantity, signed, tone } from "../format.js";
import { Empty, KINDS, OrderState, Row, Side, SymbolLink, Table, Why, pageUrl, whyUrl } from "../parts.js";
import { view } from "../store.js";
import { onPhone, rowsOf } from "../width.js";
import { _, ngettext } from "../words.js";

const ROWS = 10;
const ROWS_PHONE = 4;
const HEADS = [[_("Time"), ""], [_("Symbol"), ""], [_("Side"), ""], [_("Kind"), ""], [_("Filled"), "num"], [_("Price"), "num"],
  [_("vs decision"), "num"], [_("Fee"), "num"], [_("Realised"), "num"], [_("Status"), ""], [html`<span class="hidden">${_("Why")}</span>`, ""]];

// Plus is dearer than decided: a buy above, a sale below.
function slip(row) {
  if (!row.avg_price || !Number(row.decision_price)) return "–";
  const moved = Number(row.avg_price) / Number(row.decision_price) - 1;
  // Rounded first: what is nothing has no sign.
  return signed(Math.round((row.side === "BUY" ? moved : -moved) * 100000) / 10 + 0, bps);
}

const whole = (row) => row.filled === row.quantity;
const name = (row) => `${row.side === "BUY" ? _("Buy") : _("Sell")} ${base(row.symbol)}`;

const draw = ({ row }) => html`<tr data-order=${row.id} data-version=${row.version}>
  <td class="t2">${clockTime(row.at)}</td>
  <td><${SymbolLink} symbol=${row.symbol} /></td>
  <td><${Side} side=${row.side} /></td>
  <td class="t2">${KINDS[row.kind] ?? row.kind ?? KINDS.SIGNAL}</td>
  <td class="num">${quantity(row.filled)}${!whole(row) && html` <span class="t3">/ ${quantity(row.quantity)}</span>`}</td>
  <td class="num">${price(row.avg_price)}</td>
  <td class="num t2">${slip(row)}</td>
  <td class="num t2">${money(row.fee)}</td>
  <td class="num"><span class=${row.side === "SELL" ? tone(row.realized_pnl) : "t3"}>${row.side === "SELL" ? signed(row.realized_pnl) : "–"}</span></td>
  <td><${OrderState} value=${row.status} reason=${row.reason_code} /></td>
  <td class="right"><${Why} id=${row.id} of=${name(row)} /></td>
</tr>`;

const drawPhone = ({ row }) => html`<a class="feedrow" href=${whyUrl(row.id)} data-order=${row.id} data-version=${row.version}>
  <span class="when">${minuteTime(row.at)}</span>
  <span><${Side} side=${row.side} /> <span class="sym">${base(row.symbol)}</span> <span class="t2">${row.avg_price
    ? _("%(quantity)s at %(price)s", { quantity: quantity(row.filled), price: price(row.avg_price) }) : quantity(row.quantity)}</span></span>
  <${OrderState} value=${row.status} reason=${row.reason_code} /></a>`;

function ofToday() {
  const since = view.today.value?.since;
  return since ? view.orders.value.filter((row) => row.at >= since) : view.orders.value;
}

export function Orders() {
  const rows = ofToday().slice(0, rowsOf(ROWS, ROWS_PHONE));
  if (!rows.length) return html`<${Empty}>${_("No orders today.")}<//>`;
  if (onPhone.value) return html`${rows.map((row) => html`<${Row} key=${row.id} draw=${drawPhone} row=${row} />`)}`;
  return html`<${Table} label=${_("Orders of today")} heads=${HEADS} kind="dense">
    ${rows.map((row) => html`<${Row} key=${row.id} draw=${draw} row=${row} />`)}<//>`;
}

export function OrdersFoot() {
  const count = Math.max(view.today.value?.orders ?? 0, ofToday().length);
  return html`<span></span><a href=${`${pageUrl("trades")}`}>${ngettext("%(count)s order of today →", "All %(count)s orders of today →", count)}</a>`;
}
