// Every service of the table: does it turn, when was it last heard.
import { html } from "../../vendor/preact.js";
import { age } from "../format.js";
import { services } from "../standing.js";
import { _, ngettext } from "../words.js";

export const degraded = () => services().filter((service) => service.level !== "");

const WORDS = { UNHEARD: _("not heard"), silent: _("silent"), FAILING: _("failing"), DEGRADED: _("degraded"), RECOVERING: _("recovering"), OK: _("turns") };

export const Services = () => html`<ul class="svc">${services().map((service) => html`<li key=${service.name} title=${service.reason}>
  <span class=${`dot ${service.level}`}></span><span class="hidden">${WORDS[service.word]}: </span><span class="cut">${service.title}</span>
  <span class="age">${service.level === "" ? age(service.seconds) : WORDS[service.word]}</span></li>`)}</ul>`;

export function ServicesNote() {
  const count = degraded().length;
  return html`${count ? ngettext("%(count)s does not turn", "%(count)s do not turn", count) : _("All turn")}`;
}
