// Every watched symbol, strongest first: trend, last price, change. A click or Enter shows it in the chart.
import { Component, html } from "../../vendor/preact.js";
import { age, arrow, base, percent, price, signed, tone } from "../format.js";
import { Empty, Row, Table } from "../parts.js";
import { now, selectedSymbol, view } from "../store.js";

const RESORT_S = 3;
const WIDTH = 64;
const HEIGHT = 20;
const NONE = [];
let order = [];
let sortedAt = 0;

function path(closes) {
  const low = Math.min(...closes);
  const span = Math.max(...closes) - low || 1;
  const step = WIDTH / Math.max(1, closes.length - 1);
  return closes.map((close, i) => `${(i * step).toFixed(1)},${(HEIGHT - 1 - ((close - low) / span) * (HEIGHT - 2)).toFixed(1)}`).join(" ");
}

// Closed candles only: a picture that changes once a minute costs no paint with every quote.
class Spark extends Component {
  shouldComponentUpdate(next) {
    return next.newest !== this.props.newest || next.line.length !== this.length;
  }

  render({ line }) {
    this.length = line.length;
    if (line.length < 2) return html`<span class="note">–</span>`;
    const closes = line.map((point) => point[1]);
    return html`<svg class=${`spark ${tone(closes[closes.length - 1] - closes[0])}`} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"><polyline points=${path(closes)} /></svg>`;
  }
}

// The rows keep their places for three seconds, so that one can be clicked.
function sorted(quotes) {
  const bySymbol = new Map(quotes.map((quote) => [quote.symbol, quote]));
  if (now.value - sortedAt > RESORT_S || order.length !== quotes.length) {
    sortedAt = now.value;
    order = [...quotes]
      .sort((a, b) => Number(b.change_24h ?? 0) - Number(a.change_24h ?? 0) || a.symbol.localeCompare(b.symbol))
      .map((quote) => quote.symbol);
  }
  return order.map((symbol) => bySymbol.get(symbol)).filter(Boolean);
}

// Past the age at which no entry is decided on it, a price says how old it is instead of how it moved.
function oldness(quote) {
  const limit = Number(view.limits.value?.price_age_s ?? 10);
  const seconds = now.value - Date.parse(quote.received_at) / 1000;
  return seconds > limit ? age(seconds) : "";
}

const Change = ({ quote, old }) => old
  ? html`<td class="num old" data-old=${quote.symbol} title="No fresh quote: nothing is bought at this price">${old} old</td>`
  : html`<td class=${`num ${tone(quote.change_24h)}`}><span aria-hidden="true">${arrow(quote.change_24h)}</span> ${signed(quote.change_24h, percent)}</td>`;

const draw = ({ quote, line, newest, chosen, old, paused }) => html`<tr class=${chosen ? "chosen" : ""}>
  <td><button type="button" class="link" aria-pressed=${chosen ? "true" : "false"}
    onClick=${() => { selectedSymbol.value = quote.symbol; }}>${base(quote.symbol)}</button>${paused && html` <abbr class="note" title=${`Paused: ${paused}`}>paused</abbr>`}</td>
  <td class="trend"><${Spark} line=${line} newest=${newest} /></td>
  <td class="num">${price(quote.last)}</td>
  <${Change} quote=${quote} old=${old} />
</tr>`;

export function Movers() {
  const quotes = view.quotes.value;
  const sparks = view.sparks.value;
  const paused = view.outlook.value?.paused ?? {};
  if (!quotes.length) return html`<${Empty}>No quotes yet.<//>`;
  return html`<${Table} label="Movers" heads=${[["Symbol", ""], ["Trend", "trend"], ["Last", "num"], ["24 h", "num"]]}>
    ${sorted(quotes).map((quote) => {
      const line = sparks.get(quote.symbol) ?? NONE;
      return html`<${Row} key=${quote.symbol} draw=${draw} quote=${quote} line=${line} newest=${line[line.length - 1]?.[0]}
        chosen=${selectedSymbol.value === quote.symbol} old=${oldness(quote)} paused=${paused[quote.symbol]} />`;
    })}<//>`;
}
