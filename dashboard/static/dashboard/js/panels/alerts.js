// The newest alerts, open ones first by their level, with what can be done about them.
import { html } from "../../vendor/preact.js";
import { ActButton } from "../acts.js";
import { boot } from "../boot.js";
import { base, clockTime, minuteTime } from "../format.js";
import { pageUrl } from "../parts.js";
import { SIGNS, alertsByLevel, openAlerts } from "../standing.js";
import { view } from "../store.js";
import { rowsOf } from "../width.js";
import { _ } from "../words.js";

const ROWS = 5;
const ROWS_PHONE = 4;
const LEVELS = { CRITICAL: _("Critical"), WARNING: _("Warning"), INFO: _("Note") };

const seen = (row) => (row.acknowledged_by ? _("seen by %(name)s", { name: row.acknowledged_by }) : "");

function standing(row) {
  const words = row.state === "CLOSED" ? seen(row) : [_("open"), seen(row)].filter(Boolean).join(" · ");
  return [words, row.count > 1 ? `×${row.count}` : ""].filter(Boolean).join(" · ");
}

// The open breaker that an alert tells of; one that needs no person releases itself.
const PREFIX = "BREAKER_";
const openBreakers = () => (view.portfolio.value?.breakers ?? []).filter((breaker) => breaker.id && boot.latched.includes(breaker.kind));
const breakerOf = (row) => row.code.startsWith(PREFIX)
  && openBreakers().find((breaker) => breaker.kind === row.code.slice(PREFIX.length) && breaker.symbol === (row.symbol ?? ""));

const Release = ({ breaker, label }) => html`<${ActButton} act="release_breaker" params=${{ breaker: breaker.id }} label=${label} kind="small" />`;

// In the panel's head: the breaker that waits longest; several wait on Risk.
export function AlertsActs() {
  const [first, ...others] = openBreakers();
  if (!first || !boot.may.operate) return null;
  if (others.length) return html`<a class="why sm" href=${pageUrl("risk")}>${_("%(count)s breakers wait →", { count: others.length + 1 })}</a>`;
  const name = first.symbol ? `${first.kind} ${base(first.symbol)}` : first.kind;
  return html`<${Release} breaker=${first} label=${_("Release %(kind)s…", { kind: name })} />`;
}

const OpenAlert = ({ row }) => {
  const breaker = breakerOf(row);
  const [level, sign] = SIGNS[row.level];
  return html`<div class="feedrow open" data-alert=${row.id} title=${row.next?.replaceAll("`", "")}>
    <span class="when">${minuteTime(row.raised_at)}</span>
    <span class="words"><span class=${`${level === "info" ? "acc" : `${level}c`}`}><span aria-hidden="true">${sign}</span><span class="hidden"> ${LEVELS[row.level]}: </span></span> ${row.text}</span>
    <span>${breaker && html`<${Release} breaker=${breaker} label=${_("Release…")} /> `}${boot.may.operate && row.state === "RAISED" && html`<${ActButton} act="acknowledge" params=${{ alert_id: row.id }} label=${_("Seen…")} kind="small line" />`}</span>
    <span class="w">${standing(row)}</span></div>`;
};

const ClosedAlert = ({ row }) => html`<div class="feedrow closed" data-alert=${row.id} title=${row.text}>
  <span class="when" title=${clockTime(row.raised_at)}>${minuteTime(row.raised_at)}</span>
  <span class="t2 cut">${row.text}</span><span class="t3 xs">${standing(row)}</span></div>`;

export function Alerts() {
  const rows = alertsByLevel().slice(0, rowsOf(ROWS, ROWS_PHONE));
  if (!rows.length) return html`<p class="empty">${_("No alerts.")}</p>`;
  return html`${rows.map((row) => html`<${row.state === "CLOSED" ? ClosedAlert : OpenAlert} key=${row.id} row=${row} />`)}`;
}

export function AlertsFoot() {
  const today = view.today.value?.alerts;
  return html`<span>${_("%(today)s today, %(open)s open", { today: today ?? "–", open: openAlerts().length })}</span>
    <a href=${pageUrl("alerts")}>${_("Alerts →")}</a>`;
}
