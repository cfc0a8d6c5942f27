// Every watched symbol with its place by momentum: from the last ranking, or, until one came, by its quote alone.
import { view } from "./store.js";

// symbol → {rank, momentum, excluded}; the feed tells all of them under `ranks`, the outlook only the nearest.
function rankings() {
  const rows = view.ranks.value?.rows ?? [...(view.outlook.value?.nearest ?? []), ...(view.outlook.value?.out ?? [])];
  return new Map(rows.map((row) => [row.symbol, row]));
}

// Strongest first, unranked symbols last; between two rankings every symbol keeps its place.
export function watched() {
  const ranked = rankings();
  const held = new Set((view.portfolio.value?.positions ?? []).map((row) => row.symbol));
  const paused = view.outlook.value?.paused ?? {};
  const quotes = new Map(view.quotes.value.map((quote) => [quote.symbol, quote]));
  const symbols = new Set([...quotes.keys(), ...(view.ranks.value ? ranked.keys() : [])]);
  const place = (row) => row.rank ?? Infinity;
  return [...symbols].map((symbol) => ({
    symbol, quote: quotes.get(symbol), rank: null, momentum: null, excluded: "", ...ranked.get(symbol),
    held: held.has(symbol), paused: paused[symbol],
  })).sort((a, b) => (place(a) === place(b) ? a.symbol.localeCompare(b.symbol) : place(a) - place(b)));
}
