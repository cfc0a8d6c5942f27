// What must be read before any number: trading halted by whom, when and why, with what may be done; numbers stale.
import { html } from "../../vendor/preact.js";
import { ActButton } from "../acts.js";
import { boot } from "../boot.js";
import { age, clockTime } from "../format.js";
import { marketNow } from "../market_clock.js";
import { feedAge, tradingState } from "../standing.js";
import { connection, now, view } from "../store.js";
import { _, ngettext } from "../words.js";

const Banner = ({ level, title, children }) =>
  html`<p class=${`banner ${level}`} data-banner=${title}><strong>${title}</strong> ${children}</p>`;

function Stale() {
  const limit = view.limits.value?.feed_silence_s ?? 30;
  const seconds = feedAge();
  if (connection.value === "stale") {
    return html`<${Banner} level="warn" title=${_("Numbers are stale.")}>${_("The connection is lost; trying again. Trading goes on without this screen.")}<//>`;
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

const TITLES = {
  HALTED: ["bad", "■", _("Trading is halted.")],
  REDUCING: ["warn", "▼", _("Only exits are allowed.")],
};

// What releases each owner's hold.
const RELEASES = {
  OPERATOR: _("Resuming releases it."), LOSS: _("Resuming releases it, once a new UTC day has begun."),
  BREAKERS: _("The release of its breakers releases it: by themselves, or by a person."),
  AUDIT: _("Resuming releases it, once the audit finds nothing new."),
};

const Since = ({ hold }) => {
  const seconds = now.value - Date.parse(hold.since) / 1000;
  return html`${_("since")} <b>${clockTime(hold.since)}</b>, ${age(seconds)}, ${_("by")} <b>${hold.by}</b>${hold.reason ? html`: “${hold.reason}”` : ""}`;
};

// The strictest hold's words; with several holders each of them, for each must let go.
const Holders = ({ rows }) => {
  if (rows.length < 2) return rows.map((row) => html`<${Since} hold=${row} />. `);
  return rows.map((row) => html`<span data-holder=${row.owner} title=${RELEASES[row.owner]}>
    ${row.owner} ${row.state}: ${row.reason} (${row.by}, ${clockTime(row.since)}). </span>`);
};

const Command = ({ text }) => html`<code class="command">${text}</code>`;

// Breakers about the whole account keep trading from being resumed.
const blocking = () => (view.portfolio.value?.breakers ?? []).filter((row) => !row.symbol);

const Release = ({ halt }) =>
  blocking().map((row) => html` ${_("Before it:")} <${Command} text=${halt.release.replace("KIND", row.kind)} />.`);

// The strategy lost: no fault, and nothing to mend. The way on is the next day, or a new start.
function afterLoss(halt) {
  const clock = view.clock.value;
  const leftS = clock ? halt.day_ends_s - marketNow(clock, now.value) : null;
  const sold = view.portfolio.value?.positions.length ? _("Every position is being sold.") : _("Every position was sold.");
  const lost = `${_("The strategy lost in this market.")} ${sold}`;
  if (leftS !== null && leftS <= 0) return `${lost} ${_("A new UTC day has begun; trading may go on.")}`;
  if (leftS === null) return `${lost} ${_("At 00:00 UTC trading may go on; at once with a new start of the account.")}`;
  return `${lost} ${_("At 00:00 UTC, in %(time)s of market time, trading may go on; at once with a new start of the account.", { time: age(leftS) })}`;
}

// What an operator would type, for who may not act here.
function Commands({ halt }) {
  if (!halt || boot.may.operate) return null;
  const first = halt.cause === "AUDIT" ? html`<${Command} text=${halt.audit} />, ` : null;
  const anew = halt.cause === "DAILY_LOSS" ? html`, <${Command} text=${halt.reset} />` : null;
  return html` ${_("An operator goes on with")} ${first}<${Command} text=${halt.resume} />${anew}.<${Release} halt=${halt} />`;
}

function Meaning({ state, halt }) {
  const held = view.portfolio.value?.positions.length ?? 0;
  if (halt?.cause === "DAILY_LOSS") return html`${_("No entry is sent.")} ${afterLoss(halt)}`;
  if (state === "REDUCING") return html`${_("No new exposure; signals may still sell.")}`;
  const stay = ngettext("%(count)s position is kept; its stop and signals may still sell it.", "%(count)s positions are kept; stops and signals may still sell them.", held);
  return html`${_("No entry is sent.")} ${held ? stay : _("Nothing is held.")}`;
}

function Acts({ books }) {
  const owners = (books?.holders ?? []).map((row) => row.owner);
  const held = view.portfolio.value?.positions.length ?? 0;
  const breakers = blocking();
  return html`<span class="acts">
    <${ActButton} act="resume" label=${_("Resume trading…")} />
    ${owners.includes("BREAKERS") && breakers.map((row) => row.id && html`<${ActButton} act="release_breaker" params=${{ breaker: row.id }}
      label=${_("Release %(kind)s…", { kind: row.kind })} />`)}
    ${held > 0 && html`<${ActButton} act="close_all" label=${_("Sell everything…")} />`}
    ${books?.halt?.cause === "DAILY_LOSS" && !held && html`<${ActButton} act="reset_account" label=${_("Begin anew…")} />`}
    <a class="btn" href="/risk/">${_("What happened →")}</a></span>`;
}

const Standing = ({ state, books }) => {
  const [level, sign, title] = TITLES[state];
  return html`<div class=${`banner strong${level === "warn" ? " amber" : ""}`} data-banner=${title}>
    <strong class="what"><span aria-hidden="true">${sign}</span> ${title}</strong>
    <span><${Holders} rows=${books?.holders ?? []} /><${Meaning} state=${state} halt=${books?.halt} /><${Commands} halt=${books?.halt} /></span>
    <${Acts} books=${books} /></div>`;
};

export function Banners() {
  const state = tradingState();
  const books = view.books.value;
  return html`${TITLES[state] && html`<${Standing} state=${state} books=${books} />`}
    <${CloseOut} row=${books?.close_out} />
    <${Stale} />`;
}

// In the header of every page: stop, or go on.
export const HaltButton = () => (tradingState() === "HALTED"
  ? html`<${ActButton} act="resume" label=${_("Resume trading…")} />`
  : html`<${ActButton} act="halt" kind="stop" label=${_("■ Halt trading")} />`);
