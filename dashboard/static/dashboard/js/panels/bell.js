// The bell of the header: how many alerts are new since it was last opened, and the latest of them, each to its chain.
import { html } from "../../vendor/preact.js";
import { dayOf, minuteTime } from "../format.js";
import { looked, unseen } from "../notices.js";
import { pageUrl, whyUrl } from "../parts.js";
import { SIGNS, alertsByLevel } from "../standing.js";
import { now } from "../store.js";
import { _, ngettext } from "../words.js";

const LATEST = 6;
const COUNT_MOST = 99;
const DAY_S = 86400;
const LEVELS = { CRITICAL: _("Critical"), WARNING: _("Warning"), INFO: _("Note") };

const Ring = () => html`<svg viewBox="0 0 20 20" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.6"
  stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M10 4a4 4 0 0 1 4 4v4l2 2H4l2-2V8a4 4 0 0 1 4-4M8 16h4" /></svg>`;

function when(row) {
  const raisedS = Date.parse(row.raised_at) / 1000;
  return now.value - raisedS > DAY_S ? dayOf(raisedS) : minuteTime(row.raised_at);
}

function standing(row) {
  const open = row.state === "CLOSED" ? "" : _("open");
  const seen = row.acknowledged_by ? _("seen by %(name)s", { name: row.acknowledged_by }) : "";
  return [open, seen].filter(Boolean).join(" · ");
}

const Line = ({ row }) => {
  const [level, sign] = SIGNS[row.level];
  return html`<a class="bellrow" href=${whyUrl(row.id)} data-bell=${row.id}>
    <span class=${`status ${level}`}><span aria-hidden="true">${sign}</span><span class="hidden">${LEVELS[row.level]}: </span></span>
    <span class="words">${row.text}</span><span class="t3 xs nowrap">${when(row)}</span><span class="t3 xs w">${standing(row)}</span></a>`;
};

function opened(event) {
  if (event.currentTarget.open) looked();
}

function leave(event) {
  const menu = event.currentTarget;
  if (event.type === "keydown" ? event.key === "Escape" : event.relatedTarget && !menu.contains(event.relatedTarget)) {
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}

export function Bell() {
  const count = unseen.value;
  const rows = alertsByLevel().slice(0, LATEST);
  const words = count ? ngettext("Alerts: %(count)s new", "Alerts: %(count)s new", count) : _("Alerts: none new");
  return html`<details class="menu belled" data-unseen=${count} onToggle=${opened} onKeyDown=${leave} onFocusOut=${leave}>
    <summary class="btn quiet" title=${words}><${Ring} /><span class="hidden">${words}</span>${count > 0 && html`<span class="bellcount" aria-hidden="true">${Math.min(count, COUNT_MOST)}</span>`}</summary>
    <div class="menu-list bellist">${rows.length ? rows.map((row) => html`<${Line} key=${row.id} row=${row} />`) : html`<p class="t2 pad">${_("No alerts.")}</p>`}
      <a class="bellall" href=${pageUrl("alerts")}>${_("Alerts →")}</a></div></details>`;
}
