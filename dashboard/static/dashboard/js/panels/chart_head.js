// The head of the candle chart: symbol, open high low close, the interval, and pausing the symbol.
import { html } from "../../vendor/preact.js";
import { ActButton } from "../acts.js";
import { boot } from "../boot.js";
import { base, priceAt } from "../format.js";
import { marketUrl } from "../parts.js";
import { selectedSymbol, view } from "../store.js";
import { _ } from "../words.js";
import { chooseInterval, interval, legend } from "./candle_chart.js";

const NAMES = { "60m": "1h" };

export function ChartTitle() {
  const symbol = selectedSymbol.value;
  if (!symbol) return html`${_("Candles")}`;
  const short = base(symbol);
  return html`<a class="plain" href=${marketUrl(symbol)}>${short}${short !== symbol && html`<span class="quote">/${boot.quote_asset}</span>`}</a>`;
}

export function ChartLegend() {
  const row = legend.value;
  if (!row || row.symbol !== selectedSymbol.value) return null;
  const tell = (value) => priceAt(value, row.digits);
  return html`O ${tell(row.o)} H ${tell(row.h)} L ${tell(row.l)} C ${tell(row.c)}`;
}

export const Intervals = () => html`<div class="seg" role="group" aria-label=${_("Interval")}>${boot.intervals.map((name) => html`
  <button type="button" key=${name} aria-pressed=${interval.value === name ? "true" : "false"} onClick=${() => chooseInterval(name)}>${NAMES[name] ?? name}</button>`)}</div>`;

export function PauseSymbol() {
  const symbol = selectedSymbol.value;
  if (!symbol || !boot.may.operate) return null;
  const paused = view.outlook.value?.paused?.[symbol];
  const label = paused ? _("Resume %(symbol)s…", { symbol: base(symbol) }) : _("Pause %(symbol)s…", { symbol: base(symbol) });
  return html`<${ActButton} key=${`${symbol} ${Boolean(paused)}`} act=${paused ? "unpause_symbol" : "pause_symbol"} params=${{ symbol }} label=${label} kind="small line" />`;
}

export const ChartActs = () => html`<${Intervals} /><${PauseSymbol} />`;
export const SimulatedMark = () => (view.clock.value?.simulated ? html`<span class="mark">${_("SIMULATED")}</span>` : null);
