// Orders with what became of them; the word under "Why" shows the decision behind one.
import { html } from "../../vendor/preact.js";
import { base, clockTime, money, price, quantity, signed, tone } from "../format.js";
import { Empty, Row, Side, Status, Table } from "../parts.js";
import { selectedDecision, view } from "../store.js";

const HEADS = [["Time", ""], ["Symbol", ""], ["Side", ""], ["Why", ""], ["Filled / wanted", "num"], ["Price", "num"],
  ["Fee", "num"], ["Realised", "num"], ["Fills", "num"], ["Status", ""]];

const draw = ({ row }) => html`<tr data-order=${row.id} data-version=${row.version}>
  <td class="time">${clockTime(row.at)}</td>
  <td class="name">${base(row.symbol)}</td>
  <td><${Side} side=${row.side} /></td>
  <td><button type="button" class="link quiet" onClick=${() => { selectedDecision.value = row.decision_id; }}
    aria-label=${`${row.kind ?? "SIGNAL"}: the decision behind ${row.side} ${base(row.symbol)}`}>${row.kind ?? "SIGNAL"}</button></td>
  <td class="num">${quantity(row.filled)} <span class="note">/ ${quantity(row.quantity)}</span></td>
  <td class="num">${price(row.avg_price)}</td>
  <td class="num">${money(row.fee)}</td>
  <td class=${`num ${tone(row.realized_pnl)}`}>${row.side === "SELL" ? signed(row.realized_pnl) : "–"}</td>
  <td class="num">${row.fills.length}</td>
  <td><${Status} value=${row.status} />${row.reason_code && html` <span class="note">${row.reason_code}</span>`}</td>
</tr>`;

export function Orders() {
  const rows = view.orders.value;
  if (!rows.length) return html`<${Empty}>No orders yet.<//>`;
  return html`<${Table} label="Orders and fills" heads=${HEADS}>
    ${rows.map((row) => html`<${Row} key=${row.id} draw=${draw} row=${row} />`)}<//>`;
}

export const OrderCount = () => html`latest ${view.orders.value.length}`;
