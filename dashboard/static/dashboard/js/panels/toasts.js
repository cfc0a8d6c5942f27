// New alerts, in a lane of the header that covers no panel: one per kind, counted in a burst. CRITICAL stays.
import { html, signal } from "../../vendor/preact.js";
import { on } from "../socket.js";
import { SIGNS } from "../standing.js";
import { _, ngettext } from "../words.js";

const STAYS_MS = 8000;
const SHOWN = 2;
const LEVELS = { CRITICAL: _("Critical"), WARNING: _("Warning"), INFO: _("Note") };
const toasts = signal([]);
const seen = new Set();

function dismiss(code) {
  toasts.value = toasts.value.filter((toast) => toast.code !== code);
}

function add(row) {
  if (row.state === "ACKNOWLEDGED") {
    seen.add(row.id);
    dismiss(row.code);
    return;
  }
  if (seen.has(row.id)) return;
  seen.add(row.id);
  const old = toasts.value.find((toast) => toast.code === row.code);
  clearTimeout(old?.timer);
  const timer = row.level === "CRITICAL" ? null : setTimeout(() => dismiss(row.code), STAYS_MS);
  const toast = { code: row.code, level: row.level, text: row.text, count: (old?.count ?? 0) + 1, timer };
  const rest = toasts.value.filter((other) => other.code !== row.code);
  toasts.value = [toast, ...rest].sort((a, b) => (b.level === "CRITICAL") - (a.level === "CRITICAL"));
}

on("toast", add);
on("snapshot", (message) => { for (const row of message.state.alerts) seen.add(row.id); });

export function Toasts() {
  const shown = toasts.value.slice(0, SHOWN);
  const more = toasts.value.length - shown.length;
  return html`${shown.map((toast) => {
    const [level, sign] = SIGNS[toast.level];
    return html`<div key=${toast.code} class=${`toast ${level}`} data-toast=${toast.code}>
      <span class=${`status ${level}`}><span aria-hidden="true">${sign}</span> ${LEVELS[toast.level]}</span>
      <span class="words" title=${toast.text}>${toast.text}</span>
      ${toast.count > 1 && html`<span class="note">×${toast.count}</span>`}
      <button type="button" class="close" aria-label=${_("Dismiss %(code)s", { code: toast.code })} onClick=${() => dismiss(toast.code)}>✕</button></div>`;
  })}${more > 0 && html`<span class="note">${ngettext("+%(count)s more", "+%(count)s more", more)}</span>`}`;
}
