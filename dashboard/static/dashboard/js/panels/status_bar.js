// The bar under the header: every number of it comes from the portfolio mark that the panels below show, too.
import { html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age, arrow, base, money, percent, signed, tone } from "../format.js";
import { Chip } from "../parts.js";
import { now, view } from "../store.js";
import { degraded } from "./services.js";

const Tile = ({ title, name, children }) =>
  html`<div class="tile" data-tile=${name}><dt>${title}</dt><dd>${children}</dd></div>`;

// The limit's tick stands at 5/6 of the track, so that going past it can be seen.
const TICK_AT = 5 / 6;

const Gauge = ({ value, limit, label }) => {
  const share = limit > 0 ? Math.min(1, (value / limit) * TICK_AT) : 0;
  const level = value >= limit ? "bad" : value >= 0.8 * limit ? "warn" : "info";
  return html`<svg class="gauge" viewBox="0 0 120 8" preserveAspectRatio="none" role="img"
      aria-label=${`${label}: ${percent(value, 1)} of ${percent(limit, 1)}`}>
    <rect class="track" width="120" height="6" y="1" rx="3" />
    <rect class=${level} width=${120 * share} height="6" y="1" rx="3" />
    <rect class="tick" x=${120 * TICK_AT - 0.5} width="1.5" height="8" />
  </svg>`;
};

const STATES = { ACTIVE: ["ok", "●"], REDUCING: ["warn", "▼"], HALTED: ["bad", "■"] };
const LEVELS = { CRITICAL: ["bad", "■"], WARNING: ["warn", "▲"], INFO: ["info", "●"] };

export function feedAge() {
  const newest = view.quotes.value.reduce((latest, quote) => (quote.received_at > latest ? quote.received_at : latest), "");
  return newest ? Math.max(0, now.value - Date.parse(newest) / 1000) : null;
}

export const tradingState = () => view.books.value?.trading_state ?? view.portfolio.value?.trading_state ?? null;

export const openAlerts = () => view.alerts.value.filter((row) => row.state !== "CLOSED");

const Feed = () => {
  const seconds = feedAge();
  const limit = view.limits.value?.feed_silence_s ?? 30;
  const level = seconds === null ? "muted" : seconds > limit ? "bad" : seconds > 3 ? "warn" : "ok";
  const behind = degraded().length;
  return html`<${Chip} tone=${level} sign=${level === "ok" ? "●" : "▲"}>${seconds === null ? "no quotes" : age(seconds)}<//>
    ${behind > 0 && html`<${Chip} tone="warn" sign="■">${behind} degraded<//>`}
    ${behind === 0 && html`<span class="note">all services</span>`}`;
};

const Alerts = () => {
  const open = openAlerts();
  const worst = ["CRITICAL", "WARNING", "INFO"].find((level) => open.some((row) => row.level === level));
  if (!worst) return html`<${Chip} tone="ok" sign="●">none open<//>`;
  const [level, sign] = LEVELS[worst];
  const seen = open.filter((row) => row.state === "ACKNOWLEDGED").length;
  return html`<${Chip} tone=${level} sign=${sign}>${open.length} ${worst}<//>
    ${seen > 0 && html`<span class="note">${seen} seen</span>`}`;
};

const Books = () => {
  const books = view.books.value;
  if (!books?.audited_at) return html`<span class="note">not audited yet</span>`;
  const seconds = now.value - Date.parse(books.audited_at) / 1000;
  const good = books.violations === 0;
  return html`<${Chip} tone=${good ? "ok" : "bad"} sign=${good ? "✓" : "■"}>${books.violations} differences<//>
    <span class="note">${age(seconds)} ago${books.acknowledged > 0 ? `, ${books.acknowledged} acknowledged` : ""}</span>`;
};

const Trading = () => {
  const state = tradingState();
  if (!state) return html`<span class="note">unknown</span>`;
  const [level, sign] = STATES[state];
  return html`<${Chip} tone=${level} sign=${sign}>${state}<//><${Breakers} />`;
};

const nameOf = (row) => (row.symbol ? `${row.kind} ${base(row.symbol)}` : row.kind);

// One breaker by its name, several by their kinds; the title names them all.
const Breakers = () => {
  const rows = view.portfolio.value?.breakers ?? [];
  if (!rows.length) return null;
  const kinds = [...new Set(rows.map((row) => row.kind))];
  const words = rows.length === 1 ? nameOf(rows[0]) : `${rows.length} breakers: ${kinds.join(", ")}`;
  return html`<span class="note" data-breakers=${rows.length} title=${`Open: ${rows.map(nameOf).join(", ")}`}>${words}</span>`;
};

const ENFORCED = "Layer 1: at the tick trading halts and every position is sold";
const REDUCES = "Layer 2: at its limit a breaker opens and only exits are allowed";

const Drawdown = ({ mark, limits }) => html`
  <span data-number="drawdown">${percent(mark.drawdown, 1)}</span>
  <span class="note" title=${ENFORCED}>of ${percent(limits.max_daily_drawdown, 0)}, enforced</span>
  <span class="note" data-number="drawdown-24h" title=${REDUCES}>24 h ${percent(mark.drawdown_24h, 1)} of ${percent(limits.max_drawdown, 0)}</span>
  <${Gauge} value=${Number(mark.drawdown)} limit=${Number(limits.max_daily_drawdown)} label="Drawdown of the day" />`;

const Exposure = ({ mark, limits }) => html`
  <span data-number="exposure" data-value=${mark.exposure}>${percent(mark.exposure, 1)}</span>
  <span class="note">of ${percent(limits.max_exposure, 0)}</span>
  <${Gauge} value=${Number(mark.exposure)} limit=${Number(limits.max_exposure)} label="Exposure" />`;

export function StatusBar() {
  const mark = view.portfolio.value;
  const limits = view.limits.value;
  const quote = view.books.value?.quote_asset ?? boot.quote_asset;
  const share = mark && Number(mark.day_opening_equity) ? Number(mark.day_pnl) / Number(mark.day_opening_equity) : 0;
  return html`<dl class="status-bar">
    <${Tile} title="Equity" name="equity">${mark
      ? html`<span class="big" data-number="equity" data-value=${mark.equity}>${money(mark.equity)}</span> <span class="note">${quote}</span>`
      : html`<span class="note">waiting for the first mark</span>`}<//>
    <${Tile} title="Day P&L (UTC)" name="day-pnl">${mark && html`<span class=${`big ${tone(mark.day_pnl)}`}>
      <span class="arrow" aria-hidden="true">${arrow(mark.day_pnl)}</span> ${signed(mark.day_pnl)}</span>
      <span class="note">${signed(share, percent)}</span>`}<//>
    <${Tile} title="Drawdown" name="drawdown">${mark && limits && html`<${Drawdown} mark=${mark} limits=${limits} />`}<//>
    <${Tile} title="Exposure" name="exposure">${mark && limits && html`<${Exposure} mark=${mark} limits=${limits} />`}<//>
    <${Tile} title="Trading" name="trading"><${Trading} /><//>
    <${Tile} title="Feed / services" name="feed"><${Feed} /><//>
    <${Tile} title="Alerts" name="alerts"><${Alerts} /><//>
    <${Tile} title="Books" name="books"><${Books} /><//>
  </dl>`;
}
