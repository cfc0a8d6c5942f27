// The decision audit: the list, and one decision with every layer it went through.
import { html } from "../../vendor/preact.js";
import { base, clockTime, inUnit, money, percent, price, quantity } from "../format.js";
import { Empty, Row, Side, Status, Table } from "../parts.js";
import { selectedDecision, view } from "../store.js";

const LAYERS = { 1: "Daily loss", 2: "Abnormal market", 3: "Total exposure", 4: "Position size", 5: "Stop loss" };
// Decisions stored before layers had units: a stop was a price, everything else a fraction.
const unitOf = (layer) => layer.unit ?? (layer.layer === 5 ? "PRICE" : "FRACTION");

const Layer = ({ layer, wanted }) => {
  const share = Number(wanted) > 0 ? Math.min(1, Number(layer.quantity_after) / Number(wanted)) : 0;
  return html`<li class="layer" data-layer=${layer.layer}>
    <div class="line"><span class="name">${layer.layer} · ${LAYERS[layer.layer]}</span><${Status} value=${layer.verdict} /></div>
    <div class="line note"><span>${quantity(layer.quantity_before)} → ${quantity(layer.quantity_after)}</span>
      <span>${layer.observed != null && `${inUnit(layer.observed, unitOf(layer))} / limit ${inUnit(layer.limit, unitOf(layer))}`}</span></div>
    <svg class="gauge thin" viewBox="0 0 120 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="120" height="4" rx="2" /><rect class="info" width=${120 * share} height="4" rx="2" /></svg>
  </li>`;
};

const chosen = () => {
  const rows = view.decisions.value;
  return rows.find((row) => row.id === selectedDecision.value) ?? rows[0];
};

export function DecisionDetail() {
  const row = chosen();
  if (!row) return html`<${Empty}>No decision yet.<//>`;
  return html`<div class="detail" data-decision=${row.id}>
    <div class="line"><span class="name">${row.side} ${base(row.symbol)} <span class="note">${row.kind}</span></span>
      <${Status} value=${row.outcome} /></div>
    <p class="sentence">${row.sentence}</p>
    ${!row.layers.length && html`<p class="note">Settled before the layers: none of them was asked.</p>`}
    <ul class="layers">${row.layers.map((layer) => html`<${Layer} key=${layer.layer} layer=${layer} wanted=${row.wanted} />`)}</ul>
    <dl class="facts">
      <div><dt>Decided</dt><dd>${clockTime(row.at)}</dd></div>
      <div><dt>Wanted → allowed</dt><dd>${quantity(row.wanted)} → ${quantity(row.quantity)}</dd></div>
      <div><dt>Price (age)</dt><dd>${price(row.price)}${row.price_age_ms != null ? ` (${row.price_age_ms} ms)` : ""}</dd></div>
      <div><dt>Equity</dt><dd>${money(row.equity)}</dd></div>
      <div><dt>Exposure with it</dt><dd>${percent(row.exposure)}</dd></div>
      <div><dt>Limits</dt><dd>version ${row.limits_version} · ${row.trading_state}</dd></div>
    </dl></div>`;
}

const HEADS = [["Time", ""], ["Symbol", ""], ["Side", ""], ["Kind", ""], ["Outcome", ""]];

const draw = ({ row, pressed }) => html`<tr class=${pressed ? "chosen" : ""}>
  <td class="time">${clockTime(row.at)}</td>
  <td><button type="button" class="link" aria-pressed=${pressed ? "true" : "false"}
    onClick=${() => { selectedDecision.value = row.id; }}>${base(row.symbol)}</button></td>
  <td><${Side} side=${row.side} /></td>
  <td class="note">${row.kind}</td>
  <td><${Status} value=${row.outcome} /></td>
</tr>`;

export function Decisions() {
  const rows = view.decisions.value;
  const current = chosen();
  if (!rows.length) return html`<${Empty}>No decisions yet.<//>`;
  return html`<${Table} label="Decisions" heads=${HEADS}>
    ${rows.map((row) => html`<${Row} key=${row.id} draw=${draw} row=${row} pressed=${current === row} />`)}<//>`;
}
