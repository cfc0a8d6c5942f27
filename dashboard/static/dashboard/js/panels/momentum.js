// Every watched symbol by its rank: last price, momentum, and how far that is from a buy. A click or Enter charts it.
import { html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age, base, percent, percentShort, price, signed } from "../format.js";
import { whyOut } from "../market_clock.js";
import { Empty, Row, Table, pageUrl } from "../parts.js";
import { watched } from "../ranks.js";
import { lastOf, now, selectedSymbol, view } from "../store.js";
import { rowsOf } from "../width.js";
import { _ } from "../words.js";

const MIDDLE = 23;
const THRESHOLD_AT = 40.6;
const NEAR = 0.8;
const WIDTH = 46;
const ROWS = 23;

// The tick is the threshold, the middle no momentum. Nearest to a buy is the page's one accent.
export const MomentumBar = ({ momentum, threshold }) => {
  if (momentum === null || !(threshold > 0)) return null;
  const size = (Math.abs(momentum) / threshold) * (THRESHOLD_AT - MIDDLE);
  const width = Math.min(MIDDLE, Math.max(1, size));
  const look = momentum < 0 ? "f-fill o5" : momentum >= NEAR * threshold ? "f-acc" : "f-fill";
  return html`<svg class="in" width=${WIDTH} height="14" viewBox=${`0 0 ${WIDTH} 14`} aria-hidden="true">
    <rect x=${momentum < 0 ? MIDDLE - width : MIDDLE} y="4" width=${width.toFixed(1)} height="6" class=${look} />
    <rect x="22.5" y="2" width="1" height="10" class="f-t3" /><rect x="39.9" y="1" width="1.5" height="12" class="f-text" /></svg>`;
};

// Past the age at which no entry is decided on it, a price says how old it is instead of what it promises.
export function oldness(quote) {
  if (!quote) return "";
  const limit = Number(view.limits.value?.price_age_s ?? 10);
  const seconds = now.value - Date.parse(quote.received_at) / 1000;
  return seconds > limit ? age(seconds) : "";
}

const number = (row) => (row.momentum === null ? null : Number(row.momentum));
const per_cent = (value) => signed(value, percent).replace(/\s*%$/, "");

// The one thing in a row that changes ten times a second is drawn alone.
const Last = ({ of }) => html`${price(of.value)}`;

const draw = ({ symbol, rank, last, momentum, threshold, held, chosen, old, paused, excluded }) => html`<tr class=${chosen ? "on" : ""} data-symbol=${symbol}>
  <td class="num t3">${rank ?? "–"}</td>
  <td><button type="button" class="link" aria-pressed=${chosen ? "true" : "false"}
    onClick=${() => { selectedSymbol.value = symbol; }}>${base(symbol)}</button>${held && html`<span class="held" role="img" aria-label=${_("held")} title=${_("held")}></span>`}
    ${paused && html`<abbr class="t3 xs" title=${_("Paused: %(reason)s", { reason: paused })}> ‖</abbr>`}</td>
  <td class="num"><${Last} of=${last} /></td>
  ${old ? html`<td class="num warnc" colspan="2" data-old=${symbol} title=${_("No fresh quote: nothing is bought at this price.")}>${_("%(age)s old", { age: old })}</td>`
    : html`<td class=${`num ${momentum !== null && momentum >= NEAR * threshold ? "acc b" : ""}`} data-momentum=${symbol}
        title=${excluded ? _("Out: %(why)s", { why: whyOut(excluded) }) : null}>${momentum === null ? "–" : per_cent(momentum)}</td>
      <td class="barcell"><${MomentumBar} momentum=${momentum} threshold=${threshold} /></td>`}
</tr>`;

const HEADS = [["#", "num"], [_("Symbol"), ""], [_("Last"), "num"], ["%", "num"], [html`<span class="hidden">${_("of the threshold")}</span>`, "barcell"]];

export function Momentum() {
  const rows = watched();
  const threshold = Number(view.limits.value?.threshold ?? 0);
  if (!rows.length) return html`<${Empty}>${_("No quotes yet.")}<//>`;
  return html`<${Table} label=${_("Momentum")} heads=${HEADS} kind="dense tight">
    ${rows.slice(0, rowsOf(ROWS)).map((row) => html`<${Row} key=${row.symbol} draw=${draw} symbol=${row.symbol} rank=${row.rank} last=${lastOf(row.symbol)}
      momentum=${number(row)} threshold=${threshold} held=${row.held} chosen=${selectedSymbol.value === row.symbol}
      old=${oldness(row.quote)} paused=${row.paused} excluded=${row.excluded} />`)}<//>`;
}

export const MomentumTitle = () => html`${_("Momentum, %(minutes)s min", { minutes: boot.lookback_minutes })}`;

export function MomentumFoot() {
  const limits = view.limits.value;
  const words = limits ? _("buys above %(buy)s, sells below %(sell)s", { buy: signed(limits.threshold, percentShort), sell: percentShort(limits.exit) }) : "";
  return html`<span>${words}</span><a href=${pageUrl("markets")}>${_("All %(count)s →", { count: watched().length })}</a>`;
}
