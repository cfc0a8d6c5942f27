// What is held: entry, mark, stop and how far it is, what it would bring now. Their values sum to the exposure.
import { html } from "../../vendor/preact.js";
import { arrow, base, money, percent, price, quantity, signed, tone } from "../format.js";
import { Empty, Row, Table } from "../parts.js";
import { selectedSymbol, view } from "../store.js";

const HEADS = [["Symbol", ""], ["Quantity", "num"], ["Entry", "num"], ["Mark", "num"], ["Value", "num"],
  ["Stop (distance)", "num"], ["Unrealised", "num"]];

const distance = (row) => row.stop_distance ?? String(1 - Number(row.stop_price) / Number(row.mark_price));

const STATES = {
  LEAVING: ["leaving", "an exit is under way; it is tried until the symbol is flat"],
  NOT_SOLD: ["not sold", "its exit was given up: sell it again with close_position, or write it off"],
  DUST: ["dust", "less than the exchange takes: it cannot be sold"],
};

const state = (row) => {
  const [word, title] = STATES[row.exit] ?? [];
  return word && html` <abbr class="note" data-exit=${row.exit} title=${title}>${word}</abbr>`;
};

const draw = ({ row }) => html`<tr data-position=${row.symbol}>
  <td><button type="button" class="link" onClick=${() => { selectedSymbol.value = row.symbol; }}>${base(row.symbol)}</button>${state(row)}</td>
  <td class="num">${quantity(row.quantity)}</td>
  <td class="num">${price(row.avg_entry_price)}</td>
  <td class="num">${price(row.mark_price)}${row.mark_source === "CANDLE" && html` <abbr title="no fresh book: last close">c</abbr>`}</td>
  <td class="num" data-value=${row.notional}>${money(row.notional)}</td>
  <td class="num">${price(row.stop_price)} <span class="note">${percent(distance(row))}</span></td>
  <td class=${`num ${tone(row.unrealized_pnl)}`}><span aria-hidden="true">${arrow(row.unrealized_pnl)}</span> ${signed(row.unrealized_pnl)}</td>
</tr>`;

const held = () => view.portfolio.value?.positions ?? [];

export function Positions() {
  const rows = held();
  if (!rows.length) return html`<${Empty}>Nothing is held.<//>`;
  return html`<${Table} label="Open positions" heads=${HEADS}>
    ${[...rows].sort((a, b) => Number(b.notional) - Number(a.notional))
      .map((row) => html`<${Row} key=${row.symbol} draw=${draw} row=${row} />`)}<//>`;
}

export const PositionCount = () => html`${held().length}`;
