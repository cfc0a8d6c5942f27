// The bar under the header, on every page: eight links, each number from the newest mark that the panels show, too.
import { html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { arrow, cents, money, percent, percentShort, signed, tone, whole } from "../format.js";
import { Gauge } from "../gauge.js";
import { pageUrl } from "../parts.js";
import { view } from "../store.js";
import { onPhone } from "../width.js";
import { _ } from "../words.js";
import { AlertsCell, FeedCell, TradingCell } from "./standing_cells.js";

export const Cell = ({ name, title, right, page, kind = "", children }) => html`<a class=${`cell ${kind}`} data-cell=${name} href=${pageUrl(page)}>
  <div class="k">${title}<span>${right}</span></div>${children}</a>`;

const limitOf = (value) => _("of %(limit)s", { limit: percentShort(value) });

// On a phone whole amounts are enough, so that a line stays a line.
const short = (value) => (onPhone.value ? whole(value) : money(value));

// The line adds up as it is read: cash takes what rounding leaves, for held is the total of the positions, too.
const cashShown = (mark) => (onPhone.value ? mark.cash : cents(cents(mark.equity) - cents(mark.positions_value)));

function Equity({ mark }) {
  const quote = view.books.value?.quote_asset ?? boot.quote_asset;
  return html`<${Cell} name="equity" title=${_("Equity")} right=${quote} page="reports">
    <div class="v" data-number="equity" data-value=${mark?.equity}>${mark ? money(mark.equity) : "–"}</div>
    <div class="s" data-number="cash" data-value=${mark?.cash}><span data-number="held" data-value=${mark?.positions_value}>${mark
      ? _("cash %(cash)s + held %(held)s", { cash: short(cashShown(mark)), held: short(mark.positions_value) }) : _("waiting for the first mark")}</span></div><//>`;
}

// Realised and fees of the day against what they were when it began; open is what is left of the day's result.
export function dayOf(mark, today) {
  if (!mark || !today) return null;
  const realised = Number(mark.realized_pnl ?? today.realized_before) - Number(today.realized_before);
  const fees = Number(mark.fees ?? today.fees_before) - Number(today.fees_before);
  return { realised, fees: -fees, open: Number(mark.day_pnl) - realised + fees };
}

// As it is read, too, the three make the result: open takes what rounding leaves.
function dayWords(parts, result) {
  const open = onPhone.value ? parts.open : cents(cents(result) - cents(parts.realised) - cents(parts.fees));
  const values = { realised: signed(parts.realised, short), open: signed(open, short), fees: signed(parts.fees, short) };
  return onPhone.value ? _("open %(open)s · fees %(fees)s", values) : _("realised %(realised)s · open %(open)s · fees %(fees)s", values);
}

function DayResult({ mark, today }) {
  const opening = Number(mark?.day_opening_equity);
  const parts = dayOf(mark, today);
  const exact = (name) => parts?.[name].toFixed(8);
  return html`<${Cell} name="day" title=${_("Day result (UTC)")} page="trades">
    <div class="v">${mark ? html`<span class=${tone(mark.day_pnl)}><span class="sm" aria-hidden="true">${arrow(mark.day_pnl)}</span>
      ${" "}<span data-number="day" data-value=${mark.day_pnl}>${signed(mark.day_pnl)}</span></span>
      <span class="note">${opening ? signed(Number(mark.day_pnl) / opening, percent) : ""}</span>` : "–"}</div>
    <div class="s" data-number="realised" data-value=${exact("realised")}><span data-number="open" data-value=${exact("open")}><span
      data-number="fees" data-value=${exact("fees")}>${parts && dayWords(parts, mark.day_pnl)}</span></span></div><//>`;
}

function DayLoss({ mark, limits, today }) {
  const opening = Number(mark.day_opening_equity);
  const loss = Number(mark.drawdown);
  const left = Number(mark.equity) - opening * (1 - Number(limits.max_daily_drawdown));
  const low = today?.worst.equity;
  const worst = low && opening ? Math.max(0, 1 - Number(low) / opening) : 0;
  return html`<div class="v word"><span data-number="day-loss">${loss > 0 ? percent(loss) : _("none")}</span>
      <span class="note">${left > 0 ? _("%(left)s to the halt", { left: whole(left) }) : _("reached")}</span></div>
    <${Gauge} value=${loss} limit=${Number(limits.max_daily_drawdown)} worst=${worst} label=${_("Day loss")} />`;
}

function Drawdown({ mark, limits, today }) {
  return html`<div class="v word"><span data-number="drawdown-24h">${percent(mark.drawdown_24h)}</span></div>
    <${Gauge} value=${Number(mark.drawdown_24h ?? 0)} limit=${Number(limits.max_drawdown)} worst=${Number(today?.worst.drawdown_24h ?? 0)}
      label=${_("24 h drawdown")} />`;
}

function Exposure({ mark, limits, today }) {
  const free = Math.max(0, (Number(limits.max_exposure) - Number(mark.exposure)) * Number(mark.equity));
  return html`<div class="v word"><span data-number="exposure" data-value=${mark.exposure}>${percent(mark.exposure, 1)}</span>
      <span class="note">${_("%(free)s free", { free: whole(free) })}</span></div>
    <${Gauge} value=${Number(mark.exposure)} limit=${Number(limits.max_exposure)} worst=${Number(today?.worst.exposure ?? 0)}
      label=${_("Exposure")} neutral />`;
}

const LIMITED = [
  ["day-loss", () => _("Day loss"), "max_daily_drawdown", DayLoss, ""],
  ["drawdown", () => _("24 h drawdown"), "max_drawdown", Drawdown, "wide"],
  ["exposure", () => _("Exposure"), "max_exposure", Exposure, ""],
];

// The same elements each time: they are drawn again by what they show, not with every mark.
const STANDING = html`<${TradingCell} /><${AlertsCell} /><${FeedCell} />`;

export function StatusBar() {
  const { mark, limits, today } = { mark: view.portfolio.value, limits: view.limits.value, today: view.today.value };
  return html`<div class="bar" role="group" aria-label=${_("Status")}>
    <${Equity} mark=${mark} /><${DayResult} mark=${mark} today=${today} />
    ${LIMITED.map(([name, title, limit, Inside, kind]) => html`<${Cell} key=${name} name=${name} title=${title()} page="risk" kind=${kind}
        right=${limits ? limitOf(limits[limit]) : ""}>
      ${mark && limits ? html`<${Inside} mark=${mark} limits=${limits} today=${today} />` : html`<div class="v word">–</div>`}<//>`)}
    ${STANDING}
  </div>`;
}
