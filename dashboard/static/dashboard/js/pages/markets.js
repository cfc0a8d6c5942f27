// The list of symbols comes from the server; its cells go on living: prices, momentum, pauses.
import { effect, html, render } from "../../vendor/preact.js";
import { percentShort, signed } from "../format.js";
import { fillMarket } from "../market_cells.js";
import { watched } from "../ranks.js";
import { mount } from "../shell.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const rows = new Map([...document.querySelectorAll("tr[data-symbol]")].map((row) => [row.dataset.symbol, row]));

function Thresholds() {
  const limits = view.limits.value;
  return limits && html`${_("buys above %(buy)s, sells below %(sell)s", { buy: signed(limits.threshold, percentShort), sell: percentShort(limits.exit) })}`;
}

mount({ thresholds: Thresholds });
effect(() => {
  const known = new Map(watched().map((row) => [row.symbol, row]));
  const paused = view.outlook.value?.paused;
  for (const [symbol, row] of rows) fillMarket(row, known.get(symbol) ?? { symbol, paused: paused?.[symbol], momentum: null }, render);
});
