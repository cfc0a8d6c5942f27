// Every service of the table: does it turn, how far behind is it, when was it last heard.
import { html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age } from "../format.js";
import { now, view } from "../store.js";

const LATE_S = 5;

function state(service, beat) {
  if (!beat) return { ...service, level: "bad", sign: "✕", word: "not heard", seconds: null };
  const seconds = Math.max(0, now.value - beat.received_s);
  const level = seconds > LATE_S || beat.status === "FAILING" ? "bad" : beat.status === "DEGRADED" ? "warn" : "ok";
  const word = seconds > LATE_S ? "silent" : beat.status;
  return { ...service, level, sign: level === "ok" ? "●" : level === "warn" ? "■" : "✕", word, seconds, lag: beat.lag };
}

function states() {
  const beats = new Map(view.health.value.map((beat) => [beat.service, beat]));
  return boot.services
    .filter((service) => service.expected || beats.has(service.name))
    .map((service) => state(service, beats.get(service.name)));
}

export const degraded = () => states().filter((service) => service.level !== "ok");

export function Services() {
  return html`<ul class="services">${states().map((service) => html`<li key=${service.name}>
    <span class=${`status ${service.level}`}><span aria-hidden="true">${service.sign}</span> <span class="hidden">${service.word}: </span></span>
    <span class="name">${service.title}</span>
    <span class="note">${service.level === "ok" ? age(service.seconds) : service.word}${service.lag ? ` · lag ${service.lag}` : ""}</span>
  </li>`)}</ul>`;
}
