// Alerts as rows, open ones first.
import { html } from "../../vendor/preact.js";
import { age } from "../format.js";
import { now, view } from "../store.js";

export const SIGNS = { CRITICAL: ["bad", "■"], WARNING: ["warn", "▲"], INFO: ["info", "●"] };

const standing = (row) => {
  if (row.state === "CLOSED") return row.acknowledged_by ? `seen by ${row.acknowledged_by} · ` : "";
  return row.state === "ACKNOWLEDGED" ? `open, seen by ${row.acknowledged_by} · ` : "open · ";
};

const Alert = ({ row }) => {
  const [level, sign] = SIGNS[row.level];
  const open = row.state !== "CLOSED";
  return html`<li class=${open ? "alert open" : "alert"} data-alert=${row.id}>
    <span class=${`status ${level}`}><span aria-hidden="true">${sign}</span> ${row.level}</span>
    <span class="note at">${standing(row)}${age(now.value - Date.parse(row.raised_at) / 1000)}</span>
    <span class="words">${row.text}${row.count > 1 && html` <span class="note">×${row.count}</span>`}
      ${open && row.next && html`<span class="note what">${row.next.replaceAll("`", "")}</span>`}</span></li>`;
};

export function Alerts() {
  const rows = view.alerts.value;
  if (!rows.length) return html`<p class="empty">No alerts.</p>`;
  const open = rows.filter((row) => row.state !== "CLOSED");
  const closed = rows.filter((row) => row.state === "CLOSED");
  return html`<div class="scroll" role="group" aria-label="Alerts, list" tabindex="0">
    <ul class="alerts">${[...open, ...closed].map((row) => html`<${Alert} key=${row.id} row=${row} />`)}</ul></div>`;
}
