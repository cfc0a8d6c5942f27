// All that the page shows, in plain maps; panels see it through signals that change ten times a second at most.
import { batch, signal } from "../vendor/preact.js";
import { inMyWords } from "./words.js";

const KEPT_MAX = { orders: 100, decisions: 100, signals: 60, alerts: 60 };
const EQUITY_MAX = 2000;
const FLUSH_MS = 100;
// Ages and countdowns need no more; every panel that shows one is drawn again by it.
const CLOCK_MS = 500;
const SINGLE = ["portfolio", "books", "outlook", "clock", "limits", "today", "ranks", "feed"];

const kept = { orders: new Map(), decisions: new Map(), signals: new Map(), alerts: new Map() };
const quoteMap = new Map();
const healthMap = new Map();
const single = {};
let equityPoints = [];
let dirty = new Set();
const candleListeners = new Set();
const flushListeners = new Set();
const lastPrices = new Map();

export const view = {
  orders: signal([]), decisions: signal([]), signals: signal([]), alerts: signal([]),
  quotes: signal([]), health: signal([]), equity: signal([]),
  portfolio: signal(null), books: signal(null), outlook: signal(null), clock: signal(null), limits: signal(null),
  today: signal(null), ranks: signal(null), feed: signal(null),
};
export const selectedSymbol = signal(null);
export const connection = signal("connecting");
// Symbols that have a quote: changes when one comes for the first time, not with each price.
export const quoted = signal([]);

// The server's wall clock, carried on by time that only runs forward: this machine's clock may be wrong, or be set back.
const elapsedS = () => performance.now() / 1000;
let wallAtZeroS = Date.now() / 1000 - elapsedS();
export const serverSaid = (serverS) => { wallAtZeroS = serverS - elapsedS(); };
export const wallNow = () => wallAtZeroS + elapsedS();
export const now = signal(wallNow());

export function onCandle(listener) {
  candleListeners.add(listener);
}

// What draws outside the panels does so with them, so that one frame shows both.
export function afterFlush(listener) {
  flushListeners.add(listener);
}

export const quoteOf = (symbol) => quoteMap.get(symbol);

// The last price of one symbol as a signal of its own: a cell that shows it changes alone.
export function lastOf(symbol) {
  if (!lastPrices.has(symbol)) lastPrices.set(symbol, signal(quoteMap.get(symbol)?.last));
  return lastPrices.get(symbol);
}

function mergedOrder(old, row) {
  const fills = new Map(old.fills.map((fill) => [fill.trade_id, fill]));
  for (const fill of row.fills) fills.set(fill.trade_id, fill);
  return { ...row, at: old.at, fills: [...fills.values()] };
}

function upsert(kind, row) {
  const rows = kept[kind];
  const old = rows.get(row.id);
  inMyWords(row);
  if (old && old.version > row.version) return;
  rows.set(row.id, old && kind === "orders" ? mergedOrder(old, row) : row);
}

function addCandle(row) {
  for (const listener of candleListeners) listener(row);
}

function addEquity(portfolio) {
  const at = Math.floor(Date.parse(portfolio.marked_at) / 1000);
  const last = equityPoints[equityPoints.length - 1];
  if (last && at <= Math.floor(last[0])) equityPoints[equityPoints.length - 1] = [last[0], portfolio.equity];
  else equityPoints.push([at, portfolio.equity]);
  if (equityPoints.length > EQUITY_MAX) equityPoints = equityPoints.slice(-EQUITY_MAX);
  dirty.add("equity");
}

function take(changes) {
  for (const [kind, value] of Object.entries(changes)) {
    dirty.add(kind);
    if (kind in kept) for (const row of value) upsert(kind, row);
    else if (kind === "quotes") for (const quote of value) quoteMap.set(quote.symbol, quote);
    else if (kind === "health") for (const row of value) healthMap.set(row.service, row);
    else if (kind === "candles") for (const row of value) addCandle(row);
    else if (SINGLE.includes(kind)) single[kind] = kind === "books" ? inMyWords(value) : value;
  }
  if (changes.portfolio) addEquity(changes.portfolio);
}

export function applyChanges(changes) {
  take(changes);
  flushSoon();
}

export function applySnapshot(state) {
  for (const rows of Object.values(kept)) rows.clear();
  quoteMap.clear();
  healthMap.clear();
  equityPoints = state.equity ?? [];
  const { equity, ...changes } = state;
  take(changes);
  dirty = new Set(Object.keys(view));
  flush();
}

const newestFirst = (name) => (a, b) => (a[name] < b[name] ? 1 : a[name] > b[name] ? -1 : 0);

function rowsOf(kind) {
  const sorted = [...kept[kind].values()].sort(newestFirst(kind === "alerts" ? "raised_at" : "at"));
  const shown = sorted.slice(0, KEPT_MAX[kind]);
  if (sorted.length > KEPT_MAX[kind] * 2) for (const row of sorted.slice(KEPT_MAX[kind])) kept[kind].delete(row.id);
  return shown;
}

function showQuotes() {
  view.quotes.value = [...quoteMap.values()];
  if (quoted.peek().length !== quoteMap.size) quoted.value = [...quoteMap.keys()];
  for (const [symbol, last] of lastPrices) last.value = quoteMap.get(symbol)?.last;
}

function show(kind) {
  if (kind in kept) view[kind].value = rowsOf(kind);
  else if (kind === "quotes") showQuotes();
  else if (kind === "health") view.health.value = [...healthMap.values()];
  else if (kind === "equity") view.equity.value = [...equityPoints];
  else if (SINGLE.includes(kind)) view[kind].value = single[kind] ?? null;
}

let booked = null;
let flushedMs = -Infinity;

// The first change at once, then at most one drawing per FLUSH_MS. By a timer, not per animation frame: charts book
// their own frames and hidden tabs get none.
function flushSoon() {
  booked ??= setTimeout(flush, Math.max(0, flushedMs + FLUSH_MS - performance.now()));
}

function flush() {
  clearTimeout(booked);
  booked = null;
  flushedMs = performance.now();
  const changed = dirty;
  dirty = new Set();
  batch(() => {
    const wall = wallNow();
    if (Math.abs(wall - now.peek()) * 1000 >= CLOCK_MS * 0.9) now.value = wall;
    for (const kind of changed) show(kind);
  });
  for (const listener of flushListeners) listener();
}

export const startFlushing = () => setInterval(flushSoon, CLOCK_MS);
