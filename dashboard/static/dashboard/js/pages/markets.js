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

// With a new ranking the rows take their new places, but not under somebody's pointer or focus.
let placedAt = null;
function place(known) {
  const table = document.querySelector("table.markets:not([data-show=out]) tbody");
  const rankedAt = view.ranks.value?.ranked_at ?? null;
  if (!table || rankedAt === placedAt || table.matches(":hover, :focus-within")) return;
  placedAt = rankedAt;
  const rank = ([symbol]) => known.get(symbol)?.rank ?? Infinity;
  table.append(...[...rows].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b))).map(([, row]) => row));
}

effect(() => {
  view.quotes.value;
  const known = new Map(watched().map((row) => [row.symbol, row]));
  const paused = view.outlook.value?.paused;
  for (const [symbol, row] of rows) fillMarket(row, known.get(symbol) ?? { symbol, paused: paused?.[symbol], momentum: null }, render);
  place(known);
});
