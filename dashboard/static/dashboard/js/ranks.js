// Every watched symbol with its place by momentum: from the last ranking, or, until one came, by its quote alone.
import { computed } from "../vendor/preact.js";
import { quoteOf, quoted, view } from "./store.js";

// symbol → {rank, momentum, excluded}; the feed tells all of them under `ranks`, the outlook only the nearest.
function rankings() {
  const rows = view.ranks.value?.rows ?? [...(view.outlook.value?.nearest ?? []), ...(view.outlook.value?.out ?? [])];
  return new Map(rows.map((row) => [row.symbol, row]));
}

// Marks come ten times a second; what is held changes seldom.
const heldSymbols = computed(() => (view.portfolio.value?.positions ?? []).map((row) => row.symbol).sort().join(" "));

// Strongest first, unranked symbols last; between two rankings every symbol keeps its place. Prices are those of now; who
// wants to hear of new ones looks at `view.quotes` or `lastOf`.
export function watched() {
  const ranked = rankings();
  const held = new Set(heldSymbols.value.split(" "));
  const paused = view.outlook.value?.paused ?? {};
  // A ranking looks at more than is watched; who has a quote or a rank is.
  const symbols = new Set([...quoted.value, ...[...ranked.values()].filter((row) => row.rank !== null && row.rank !== undefined).map((row) => row.symbol)]);
  const place = (row) => row.rank ?? Infinity;
  return [...symbols].map((symbol) => ({
    symbol, quote: quoteOf(symbol), rank: null, momentum: null, excluded: "", ...ranked.get(symbol),
    held: held.has(symbol), paused: paused[symbol],
  })).sort((a, b) => (place(a) === place(b) ? a.symbol.localeCompare(b.symbol) : place(a) - place(b)));
}
