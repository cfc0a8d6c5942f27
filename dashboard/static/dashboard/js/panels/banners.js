// What must be read before any number: trading halted, numbers stale.
import { html } from "../../vendor/preact.js";
import { age } from "../format.js";
import { marketNow } from "../market_clock.js";
import { feedAge, tradingState } from "../standing.js";
import { connection, now, view } from "../store.js";
import { _ } from "../words.js";

const Banner = ({ level, title, children }) =>
  html`<p class=${`banner ${level}`} data-banner=${title}><strong>${title}</strong> ${children}</p>`;

function Stale() {
  const limit = view.limits.value?.feed_silence_s ?? 30;
  const seconds = feedAge();
  if (connection.value === "stale") {
    return html`<${Banner} level="warn" title=${_("Numbers are stale.")}>${_("The connection is lost; trying again.")}<//>`;
  }
  if (seconds !== null && seconds > limit) {
    return html`<${Banner} level="warn" title=${_("Numbers are stale.")}>${_("No market data for %(age)s.", { age: age(seconds) })}<//>`;
  }
  return null;
}

const CAUSES = { DAILY_LOSS: _("After the daily loss"), OPERATOR: _("On an operator's order") };

const CloseOut = ({ row }) => {
  if (!row) return null;
  const asked = `${CAUSES[row.cause] ?? row.cause} (${row.asked_by})`;
  if (row.given_up) {
    return html`<${Banner} level="bad" title=${_("Positions could not be sold.")}>
      ${_("%(asked)s; all attempts are used up. Sell what is still open.", { asked })}<//>`;
  }
  return html`<${Banner} level="bad" title=${_("Every position is being sold.")}>
    ${_("%(asked)s; %(age)s so far.", { asked, age: age(now.value - Date.parse(row.since) / 1000) })}<//>`;
};

const TITLES = { HALTED: ["bad", _("Trading is halted.")], REDUCING: ["warn", _("Only exits are allowed.")] };

// What releases each owner's hold.
const RELEASES = {
  OPERATOR: _("Resuming releases it."), LOSS: _("Resuming releases it, once a new UTC day has begun."),
  BREAKERS: _("The release of its breakers releases it: by themselves, or by a person."),
  AUDIT: _("Resuming releases it, once the audit finds nothing new."),
};

// The strictest hold's words; with several holders each of them, for each must let go.
const Holders = ({ books }) => {
  const rows = books?.holders ?? [];
  if (rows.length < 2) {
    return html`${books?.reason}${books?.changed_by ? ` (${books.changed_by})` : ""}`;
  }
  return rows.map((row) => html`<span data-holder=${row.owner} title=${RELEASES[row.owner]}>
    ${row.owner} ${row.state}: ${row.reason} (${row.by}). </span>`);
};

const Command = ({ text }) => html`<code class="command">${text}</code>`;

// Breakers about the whole account keep trading from being resumed.
function Release({ halt }) {
  const kinds = (view.portfolio.value?.breakers ?? []).filter((row) => !row.symbol).map((row) => row.kind);
  return kinds.map((kind) => html` ${_("Before it:")} <${Command} text=${halt.release.replace("KIND", kind)} />.`);
}

// The strategy lost: no fault, and nothing to mend. The way on is the next day, or a new start.
function AfterLoss({ halt }) {
  const clock = view.clock.value;
  const leftS = clock ? halt.day_ends_s - marketNow(clock, now.value) : null;
  const flat = !view.portfolio.value?.positions.length;
  const lost = _("The strategy lost in this market.");
  const sold = flat ? _("Every position was sold.") : _("Every position is being sold.");
  if (leftS !== null && leftS <= 0) {
    return html`${lost} ${sold} ${_("A new UTC day has begun; to go on:")} <${Command} text=${halt.resume} />.
      <${Release} halt=${halt} />`;
  }
  const when = leftS === null ? _("At 00:00 UTC trading may go on:") : _("At 00:00 UTC, in %(age)s of market time, trading may go on:", { age: age(leftS) });
  return html`${lost} ${sold} ${when} <${Command} text=${halt.resume} />.<${Release} halt=${halt} />
    ${" "}${_("At once, with a new start of the account before it:")} <${Command} text=${halt.reset} />`;
}

function WayOn({ halt }) {
  if (!halt) return null;
  if (halt.cause === "DAILY_LOSS") return html` <${AfterLoss} halt=${halt} />`;
  if (halt.cause === "AUDIT") {
    return html` ${_("Each difference is named by")} <${Command} text=${halt.audit} />. ${_("When it is understood:")} <${Command} text=${halt.resume} />.
      <${Release} halt=${halt} />`;
  }
  return html` ${_("To go on:")} <${Command} text=${halt.resume} />.<${Release} halt=${halt} />`;
}

export function Banners() {
  const state = tradingState();
  const books = view.books.value;
  const [level, title] = TITLES[state] ?? [];
  return html`${title && html`<${Banner} level=${level} title=${title}>
      ${state === "HALTED" && html`${_("No entry is sent.")} `}<${Holders} books=${books} />${state === "HALTED" && html`. <${WayOn} halt=${books?.halt} />`}<//>`}
    <${CloseOut} row=${books?.close_out} />
    <${Stale} />`;
}
