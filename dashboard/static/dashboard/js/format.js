// Numbers, times and symbols as people read them. Values arrive as plain decimal texts.
import { boot } from "./boot.js";
import { _, ngettext } from "./words.js";

const MINUS = "\u2212";
const STABLE = new Set(["USDT", "USDC", "USD", "EUR", "FDUSD", "TUSD", "DAI"]);
const MONEY_DIGITS = STABLE.has(boot.quote_asset) ? 2 : 6;
// Numbers and days follow the language of the page; symbols and codes never.
const GERMAN = boot.language.startsWith("de");
const NUMBERS = GERMAN ? "de-DE" : "en-US";
const DAYS = GERMAN ? "de-DE" : "en-GB";
const formats = new Map();

// To make a format costs as much as to use it a hundred times.
function formatOf(least, most) {
  const key = least * 100 + most;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(NUMBERS, { minimumFractionDigits: least, maximumFractionDigits: most }));
  return formats.get(key);
}

export const fixed = (value, digits) => formatOf(digits, digits).format(value).replace("-", MINUS);
const upTo = (value, digits) => formatOf(0, digits).format(value).replace("-", MINUS);

const missing = (value) => value === null || value === undefined || value === "" || Number.isNaN(Number(value));

export function money(value) {
  return missing(value) ? "–" : fixed(Number(value), MONEY_DIGITS);
}

// What is written of an amount of money: what must add up as it is read is added up of these.
const written = new Intl.NumberFormat("en-US", { maximumFractionDigits: MONEY_DIGITS, useGrouping: false });
export const cents = (value) => Number(written.format(Number(value))) + 0;

export function signed(value, format = money) {
  if (missing(value)) return "–";
  const text = format(value);
  return Number(value) > 0 ? `+${text}` : text;
}

export function price(value) {
  if (missing(value)) return "–";
  const size = Math.abs(Number(value));
  if (size === 0) return "0";
  return fixed(Number(value), priceDigits(size));
}

export function priceDigits(size) {
  if (size >= 1000) return 2;
  if (size >= 1) return 4;
  return Math.min(12, 4 - Math.floor(Math.log10(size)));
}

export function quantity(value) {
  if (missing(value)) return "–";
  const number = Number(value);
  const digits = Math.abs(number) >= 1000 ? 0 : Math.abs(number) >= 1 ? 3 : 6;
  return upTo(number, digits);
}

// A fraction as per cent: 0.0123 is 1.23 %.
export function percent(value, digits = 2) {
  return missing(value) ? "–" : `${fixed(Number(value) * 100, digits)} %`;
}

const counted = (value, digits, unit) => (missing(value) ? "–" : `${fixed(Number(value), digits)} ${unit}`);

// A layer's or breaker's number in the unit it was judged in.
export function inUnit(value, unit) {
  switch (unit) {
    case "PRICE": return price(value);
    case "BPS": return counted(value, 1, _("bps"));
    case "ORDERS": return missing(value) ? "–" : ngettext("%(shown)s order", "%(shown)s orders", Number(value), { shown: fixed(Number(value), 0) });
    case "SECONDS": return missing(value) ? "–" : `${Number(Number(value).toFixed(1))} s`;
    default: return percent(value);
  }
}

export function base(symbol) {
  const quote = boot.quote_asset;
  return symbol.endsWith(quote) && symbol.length > quote.length ? symbol.slice(0, -quote.length) : symbol;
}

export function pair(symbol) {
  return base(symbol) === symbol ? symbol : `${base(symbol)}/${boot.quote_asset}`;
}

const clockFormat = new Intl.DateTimeFormat(DAYS, {
  timeZone: boot.time_zone, hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const dayFormat = new Intl.DateTimeFormat(DAYS, { timeZone: boot.time_zone, day: "2-digit", month: "short" });
const minuteFormat = new Intl.DateTimeFormat(DAYS, { timeZone: boot.time_zone, hour: "2-digit", minute: "2-digit" });

export const clockTime = (iso) => (iso ? clockFormat.format(new Date(iso)) : "–");
export const minuteOf = (epochS) => minuteFormat.format(new Date(epochS * 1000));
export const dayOf = (epochS) => dayFormat.format(new Date(epochS * 1000));
export const fullTime = (epochS) => `${dayOf(epochS)} ${minuteOf(epochS)} ${boot.time_zone}`;

export function age(seconds, digits = 1) {
  if (missing(seconds)) return "–";
  const s = Math.max(0, seconds);
  if (s < 10) return `${fixed(s, digits)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 3600)} h`;
}

export const tone = (value) => (Number(value) > 0 ? "up" : Number(value) < 0 ? "down" : "flat");
export const arrow = (value) => (Number(value) > 0 ? "▲" : Number(value) < 0 ? "▼" : "·");

// Whole money, where the cents would only be noise.
export const whole = (value) => (missing(value) ? "–" : fixed(Number(value), Math.abs(Number(value)) < 100 ? MONEY_DIGITS : 0));
// A limit as people say it: 5 %, 2.5 %.
export function percentShort(value) {
  if (missing(value)) return "–";
  return `${upTo(Number(value) * 100, 2)} %`;
}
export const priceAt = (value, digits) => (missing(value) ? "–" : fixed(Number(value), digits));
// How many digits a price tick such as 0.0001 has.
export const tickDigits = (tick) => (String(tick).split(".")[1] ?? "").replace(/0+$/, "").length;
export const bps = (value) => counted(value, 1, _("bps"));
export const secondOf = (epochS) => clockFormat.format(new Date(epochS * 1000));
export const minuteTime = (iso) => (iso ? minuteFormat.format(new Date(iso)) : "–");
