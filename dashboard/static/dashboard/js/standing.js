// How the system stands, as bar, banners, title and pages ask for it: trading, feed, alerts, services.
import { computed } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { now, view } from "./store.js";

const LATE_S = 5;
const LEVELS = ["CRITICAL", "WARNING", "INFO"];
export const SIGNS = { CRITICAL: ["bad", "■"], WARNING: ["warn", "▲"], INFO: ["info", "●"] };

export const tradingState = () => view.books.value?.trading_state ?? view.portfolio.value?.trading_state ?? null;

export const openAlerts = () => view.alerts.value.filter((row) => row.state !== "CLOSED");

// Open ones first and by their level, then the newest closed ones.
export function alertsByLevel() {
  const order = (row) => (row.state === "CLOSED" ? LEVELS.length : LEVELS.indexOf(row.level));
  return [...view.alerts.value].sort((a, b) => order(a) - order(b));
}

export const countBy = (rows) => LEVELS.map((level) => [level, rows.filter((row) => row.level === level).length]).filter(([, count]) => count);

// No page needs the quotes for it: how old they are, and of how many symbols, is told apart from them. Asked with the
// clock, not with each quote.
const quotes = computed(() => now.value && view.feed.peek());
export const quotedSymbols = () => quotes.value?.symbols ?? 0;

export function feedAge() {
  const newest = quotes.value?.quoted_at;
  return newest ? Math.max(0, now.value - Date.parse(newest) / 1000) : null;
}

// Marks come ten times a second; breakers open seldom.
const breakersTold = computed(() => JSON.stringify(view.portfolio.value?.breakers ?? []));
export const openBreakers = computed(() => JSON.parse(breakersTold.value));

const beatOf = (name) => view.health.value.find((beat) => beat.service === name);

// What the sockets bring, which is not what the screens show: silent sockets are stood in for from REST.
export function feed() {
  const ws = beatOf("ws");
  const told = ws?.detail?.feed_age_s;
  const socketAge = told === undefined ? null : told + Math.max(0, now.value - ws.received_s);
  const fromRest = beatOf("rest")?.detail?.quotes_from_rest ?? 0;
  const watched = quotedSymbols();
  const silenced = openBreakers.value.some((row) => row.kind === "SILENCE" && !row.symbol);
  return { age: feedAge(), socketAge, fromRest, instead: fromRest > 0 && (fromRest >= watched || fromRest > 3), silenced };
}

function standing(service, beat) {
  if (!beat) return { ...service, level: "bad", word: "UNHEARD", seconds: null };
  const seconds = Math.max(0, now.value - beat.received_s);
  const silent = seconds > LATE_S;
  const level = silent || beat.status === "FAILING" ? "bad" : ["DEGRADED", "RECOVERING"].includes(beat.status) ? "warn" : "";
  return { ...service, level, word: silent ? "silent" : beat.status, seconds, lag: beat.lag, reason: beat.detail?.reason };
}

export function services() {
  const beats = new Map(view.health.value.map((beat) => [beat.service, beat]));
  return boot.services.filter((service) => service.expected || beats.has(service.name))
    .map((service) => standing(service, beats.get(service.name)));
}
