// Momentum signals as they come, with what was decided about each.
import { html } from "../../vendor/preact.js";
import { base, clockTime, percent, signed } from "../format.js";
import { Empty, Row, Side, Status, Table } from "../parts.js";
import { selectedDecision, view } from "../store.js";

const HEADS = [["Time", ""], ["Signal", ""], ["Momentum", "num"], ["Decided", "mid"]];

const draw = ({ row, decision }) => html`<tr>
  <td class="time">${clockTime(row.at)}</td>
  <td class="name"><${Side} side=${row.side} /> ${base(row.symbol)}</td>
  <td class="num" title=${`rank ${row.rank} of ${row.universe_size}`}>${signed(row.momentum, percent)}</td>
  <td class="mid">${decision && html`<button type="button" class="link quiet" onClick=${() => { selectedDecision.value = decision.id; }}>
    <${Status} value=${decision.outcome} short /></button>`}</td>
</tr>`;

export function Signals() {
  const rows = view.signals.value;
  const decided = new Map(view.decisions.value.map((decision) => [decision.signal_id, decision]));
  if (!rows.length) return html`<${Empty}>No signals yet.<//>`;
  return html`<${Table} label="Signals" heads=${HEADS}>
    ${rows.map((row) => html`<${Row} key=${row.id} draw=${draw} row=${row} decision=${decided.get(row.id)} />`)}<//>`;
}
