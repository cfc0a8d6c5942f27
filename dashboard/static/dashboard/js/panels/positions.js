// What is held: value and share, entry, mark, how far the stop is, what it would bring now. Values sum to the exposure.
import { html } from "../../vendor/preact.js";
import { ActButton } from "../acts.js";
import { boot } from "../boot.js";
import { arrow, base, money, percent, percentShort, price, signed, tone } from "../format.js";
import { Gauge } from "../gauge.js";
import { Empty, Row, SymbolLink, Table, marketUrl, pageUrl } from "../parts.js";
import { StopTrack } from "../stop_track.js";
import { view } from "../store.js";
import { onPhone, rowsOf } from "../width.js";
import { _, ngettext } from "../words.js";

const ROWS = 5;
const ROWS_PHONE = 8;
const ROWS_WIDE = 9;
const distance = (row) => row.stop_distance ?? String(1 - Number(row.stop_price) / Number(row.mark_price));

const STATES = {
  LEAVING: [_("leaving"), _("An exit is under way; it is tried until the symbol is flat.")],
  NOT_SOLD: [_("not sold"), _("Its exit was given up: sell it again, or write it off.")],
  DUST: [_("dust"), _("Less than the exchange takes: it cannot be sold.")],
};

const Exit = ({ row }) => {
  const [word, title] = STATES[row.exit] ?? [];
  if (word && row.exit !== "NOT_SOLD") return html`<abbr class="note" data-exit=${row.exit} title=${title}>${word}</abbr>`;
  return html`${word && html`<abbr class="note warnc" data-exit=${row.exit} title=${title}>${word}</abbr> `}${boot.may.operate
    && html`<${ActButton} act="close_position" params=${{ symbol: row.symbol }} label=${_("Sell…")} kind="small line" />`}`;
};

const draw = ({ row, limit, equity }) => {
  const share = equity ? Number(row.notional) / equity : 0;
  return html`<tr data-position=${row.symbol}>
    <td><${SymbolLink} symbol=${row.symbol} /></td>
    <td class="num" data-value=${row.notional}>${money(row.notional)}</td>
    <td class="num">${percent(share)}</td>
    <td><${Gauge} value=${share} limit=${limit} label=${_("Share of equity")} neutral width=${60} fixed /></td>
    <td class="num">${price(row.avg_entry_price)}</td>
    <td class="num">${price(row.mark_price)}${row.mark_source === "CANDLE" && html`<abbr title=${_("no fresh book: last close")}> c</abbr>`}</td>
    <td><${StopTrack} stop=${Number(row.stop_price)} entry=${Number(row.avg_entry_price)} mark=${Number(row.mark_price)} /></td>
    <td class="num" title=${_("stop %(price)s", { price: price(row.stop_price) })}>${percent(distance(row), 1)}</td>
    <td class=${`num ${tone(row.unrealized_pnl)}`}>${signed(row.unrealized_pnl)}</td>
    <td class="right act"><${Exit} row=${row} /></td></tr>`;
};

const drawPhone = ({ row, equity }) => html`<a class="mp" href=${marketUrl(row.symbol)} data-position=${row.symbol}>
  <span class="sym">${base(row.symbol)}</span>
  <span class="t2 sm" data-value=${row.notional}>${money(row.notional)} · ${percent(equity ? Number(row.notional) / equity : 0, 1)}${row.exit && html` · ${STATES[row.exit]?.[0]}`}</span>
  <span class=${`${tone(row.unrealized_pnl)} b right`}><span aria-hidden="true">${arrow(row.unrealized_pnl)}</span> ${signed(row.unrealized_pnl)}</span>
  <span class="trk"><${StopTrack} stop=${Number(row.stop_price)} entry=${Number(row.avg_entry_price)} mark=${Number(row.mark_price)} width=${250} /></span>
  <span class="sm t2 right">${_("stop %(distance)s", { distance: percent(distance(row), 1) })}</span></a>`;

const held = () => [...(view.portfolio.value?.positions ?? [])].sort((a, b) => Number(b.notional) - Number(a.notional) || a.symbol.localeCompare(b.symbol));
const openResult = (rows) => rows.reduce((sum, row) => sum + Number(row.unrealized_pnl), 0);

function totalWords(mark, limits) {
  const reserved = Number(mark.reserved ?? 0);
  const most = limits ? percentShort(limits.max_exposure) : "";
  return reserved > 0 ? _("exposure with %(reserved)s of open buys; at most %(limit)s", { reserved: money(reserved), limit: most }) : _("exposure; at most %(limit)s", { limit: most });
}

const Total = ({ rows, mark, limits }) => html`<tr><td>${_("Total")}</td><td class="num" data-total="value">${money(mark.positions_value)}</td>
  <td class="num">${percent(mark.exposure)}</td><td colspan="5" class="t3">${totalWords(mark, limits)}</td>
  <td class=${`num ${tone(openResult(rows))}`}>${signed(openResult(rows))}</td><td></td></tr>`;

export function Positions() {
  const { mark, limits } = { mark: view.portfolio.value, limits: view.limits.value };
  const rows = held();
  if (!rows.length) return html`<${Empty}>${_("Nothing is held.")}<//>`;
  const shown = rows.slice(0, rowsOf(ROWS, ROWS_PHONE, ROWS_WIDE));
  const own = { equity: Number(mark.equity), limit: Number(limits?.max_position ?? 0) };
  if (onPhone.value) {
    return html`${shown.map((row) => html`<${Row} key=${row.symbol} draw=${drawPhone} row=${row} equity=${own.equity} />`)}
      <div class="more"><span>${money(mark.positions_value)} · ${percent(mark.exposure, 1)}</span>
        <span class=${`b ${tone(openResult(rows))}`}>${signed(openResult(rows))}</span></div>`;
  }
  const heads = [[_("Symbol"), ""], [_("Value"), "num"], [_("share of %(limit)s", { limit: percentShort(own.limit) }), "num", 2], [_("Entry"), "num"],
    [_("Mark"), "num"], [_("Stop ← distance"), "", 2], [_("Open result"), "num"], [html`<span class="hidden">${_("Act")}</span>`, ""]];
  return html`<${Table} label=${_("Open positions")} heads=${heads} kind="pos tight" foot=${html`<${Total} rows=${rows} mark=${mark} limits=${limits} />`}>
    ${shown.map((row) => html`<${Row} key=${row.symbol} draw=${draw} row=${row} ...${own} />`)}<//>`;
}

export function PositionCount() {
  const count = held().length;
  const hidden = count - rowsOf(ROWS, ROWS_PHONE, ROWS_WIDE);
  return html`${count}${hidden > 0 && html` · <a href=${`${pageUrl("markets")}?show=held`}>${ngettext("%(count)s more →", "%(count)s more →", hidden)}</a>`}`;
}
