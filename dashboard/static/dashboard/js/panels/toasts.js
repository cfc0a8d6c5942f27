// New alerts, in a lane of the header that covers no panel: one per kind, counted in a burst. A critical one stays, also
// on the next page, until somebody has acknowledged it; then it says who.
import { html, signal } from "../../vendor/preact.js";
import { ActButton } from "../acts.js";
import { criticals, dismiss, seenNow } from "../notices.js";
import { pageUrl, whyUrl } from "../parts.js";
import { on } from "../socket.js";
import { SIGNS } from "../standing.js";
import { _, ngettext } from "../words.js";

const STAYS_MS = 8000;
const SHOWN = 2;
const LEVELS = { CRITICAL: _("Critical"), WARNING: _("Warning"), INFO: _("Note") };
const passing = signal([]);
const heard = new Set();

function drop(code) {
  passing.value = passing.value.filter((toast) => toast.code !== code);
}

// Warnings and notes go by themselves; `notices` keeps what is critical.
function add(row) {
  if (row.state === "ACKNOWLEDGED") {
    heard.add(row.id);
    drop(row.code);
    return;
  }
  if (heard.has(row.id) || row.level === "CRITICAL") return;
  heard.add(row.id);
  const old = passing.value.find((toast) => toast.code === row.code);
  clearTimeout(old?.timer);
  const timer = setTimeout(() => drop(row.code), STAYS_MS);
  const toast = { id: row.id, code: row.code, level: row.level, text: row.text, count: (old?.count ?? 0) + 1, timer };
  passing.value = [toast, ...passing.value.filter((other) => other.code !== row.code)];
}

on("toast", add);
on("snapshot", (message) => { for (const row of message.state.alerts) heard.add(row.id); });

// Criticals of one kind are one toast; while one of them is open it cannot be put away.
function kept() {
  const kinds = new Map();
  for (const row of criticals.value) {
    const kind = kinds.get(row.code) ?? { ...row, count: 0, ids: [], open: null };
    kinds.set(row.code, { ...kind, count: kind.count + 1, ids: [...kind.ids, row.id], over: kind.over && row.over, open: kind.open ?? (row.state === "RAISED" ? row.id : null) });
  }
  return [...kinds.values()];
}

const Toast = ({ toast }) => {
  const [level, sign] = SIGNS[toast.level];
  const away = () => (toast.ids ? dismiss(toast.ids) : drop(toast.code));
  return html`<div class=${`toast ${level}`} data-toast=${toast.code} data-kept=${toast.ids ? "yes" : null}>
    <span class=${`status ${level}`}><span aria-hidden="true">${sign}</span> ${LEVELS[toast.level]}</span>
    <a class="words plain" href=${whyUrl(toast.open ?? toast.id)} title=${toast.text}>${toast.text}</a>
    ${toast.over && html`<span class="note">${_("over")}</span>`}
    ${toast.count > 1 && html`<span class="note">×${toast.count}</span>`}
    ${toast.open ? html`<${ActButton} act="acknowledge" params=${{ alert_id: toast.open }} label=${_("Seen…")} kind="small" />`
      : html`<button type="button" class="close" aria-label=${_("Dismiss %(code)s", { code: toast.code })} onClick=${away}>✕</button>`}</div>`;
};

const Seen = ({ row }) => html`<div class="toast info" data-seen=${row.code}>
  <span class="words" title=${row.text}>${_("%(name)s has seen: %(text)s", { name: row.by, text: row.text })}</span></div>`;

export function Toasts() {
  const all = [...kept(), ...passing.value];
  const more = all.length - SHOWN;
  return html`${seenNow.value.slice(0, 1).map((row) => html`<${Seen} key=${`seen ${row.id}`} row=${row} />`)}
    ${all.slice(0, SHOWN).map((toast) => html`<${Toast} key=${toast.code} toast=${toast} />`)}
    ${more > 0 && html`<a class="note nowrap" href=${pageUrl("alerts")}>${ngettext("+%(count)s more", "+%(count)s more", more)}</a>`}`;
}
