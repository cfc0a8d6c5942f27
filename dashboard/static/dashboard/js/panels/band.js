// The band above everything: where orders go, which kind of market, its time, and when its next candle closes.
import { effect, html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age, dayOf, secondOf } from "../format.js";
import { marketNow, untilNextCandle } from "../market_clock.js";
import { now, view } from "../store.js";
import { _ } from "../words.js";

const mode = () => view.books.value?.mode ? view.books.value : boot.mode;
const MODES = { PAPER: () => _("PAPER"), TEST: () => _("TEST"), LIVE: () => `⚠ ${_("LIVE: orders are real")}` };

// Where orders go: real ones are told by a sign and a sentence, not by the band's colour alone.
export const ModeBadge = () =>
  html`<b data-badge="mode">${MODES[mode().mode]?.() ?? _("MODE UNKNOWN")}</b><span class="long">${mode().venue}</span>`;

export function colourBand() {
  const band = document.getElementById("band");
  effect(() => { band.className = `band ${mode().mode === "LIVE" ? "live" : band.dataset.market}`; });
}

// The simulator's name of its market, said in the page's language where it is one of words.
function marketName(label) {
  const seed = /^synthetic(?: market)?, seed (\S+)$/.exec(label)?.[1];
  return seed ? _("synthetic, seed %(seed)s", { seed }) : label;
}

export function Simulation() {
  const clock = view.clock.value;
  if (clock && !clock.simulated) return html`<b>MEXC</b>`;
  return html`<span class="row" data-badge="simulated"><b>${_("SIMULATED MARKET")}</b>
    ${clock && html`<span class="long">${marketName(clock.label)},</span><span>×${clock.rate}</span>`}
    <span class="sep long">·</span><span class="long" data-evidence>${_("a result here is no evidence of profit")}</span></span>`;
}

export function MarketClock() {
  const clock = view.clock.value;
  if (!clock) return null;
  const market = marketNow(clock, now.value);
  return html`<span class="long">${_("market time")} </span><b><span class="long">${dayOf(market)} </span>${secondOf(market)} ${boot.time_zone}</b>
    <span class="long"> · ${_("next candle in")} <b>${age(untilNextCandle(clock, now.value), 0)}</b></span>`;
}

export const SimulationNote = () => view.clock.value?.simulated
  ? html`<span>${_("The market is simulated: a result here is no evidence of profit.")}</span>` : null;

export const LimitsVersion = () => view.limits.value?.version ? html`${_("limits v%(version)s", { version: view.limits.value.version })}` : null;
