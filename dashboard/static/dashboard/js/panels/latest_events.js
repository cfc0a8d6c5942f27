// What happened last: alerts that began, were seen or ended, and what people did, newest first.
import { html } from "../../vendor/preact.js";
import { clockTime } from "../format.js";
import { whyUrl } from "../parts.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const SHOWN = 8;

const ofAlerts = () => view.alerts.value.map((row) => ({
  key: row.id, at: row.raised_at, who: row.code, href: whyUrl(row.id),
  text: row.state === "CLOSED" ? _("%(alert)s (over)", { alert: row.text }) : row.text,
}));
const ofPeople = (acts) => acts.map((row) => ({ key: `act-${row.id}`, at: row.at, who: row.by, text: row.text }));

export function LatestEvents({ acts }) {
  const newest = [...ofAlerts(), ...ofPeople(acts)].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, SHOWN);
  if (!newest.length) return html`<p class="pad">${_("Nothing has happened yet: alerts and acts of people will stand here.")}</p>`;
  return html`<table class="t"><tbody>${newest.map((row) => html`<tr key=${row.key} data-event=${row.key}>
    <td class="num t2 when">${clockTime(row.at)}</td><td class="mono who">${row.who}</td>
    <td class="reason">${row.href ? html`<a href=${row.href}>${row.text}</a>` : row.text}</td></tr>`)}</tbody></table>`;
}
