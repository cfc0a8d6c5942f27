// Fills the living cells of one symbol, `[data-live]`, from its quote and its rank; what is unknown stays as it came.
import { html } from "../vendor/preact.js";
import { ActButton } from "./acts.js";
import { bps, percent, percentShort, price, signed } from "./format.js";
import { whyOut } from "./market_clock.js";
import { MomentumBar, oldness } from "./panels/momentum.js";
import { view } from "./store.js";
import { _ } from "./words.js";

function spread(quote) {
  const [bid, ask] = [Number(quote.bid), Number(quote.ask)];
  return bid > 0 ? ((ask - bid) / ((ask + bid) / 2)) * 10000 : null;
}

const State = ({ row }) => {
  if (row.paused) return html`<span class="tag warn" title=${row.paused}>${_("paused")}</span>`;
  return row.excluded ? html`<span class="tag">${whyOut(row.excluded)}</span>` : null;
};

const Pause = ({ row }) => html`<${ActButton} key=${Boolean(row.paused)} act=${row.paused ? "unpause_symbol" : "pause_symbol"} params=${{ symbol: row.symbol }}
  label=${row.paused ? _("Resume…") : _("Pause…")} kind="small line" />`;

const texts = {
  rank: (row) => row.rank && String(row.rank),
  last: (row) => row.quote && (oldness(row.quote) ? `${price(row.quote.last)} · ${_("%(age)s old", { age: oldness(row.quote) })}` : price(row.quote.last)),
  momentum: (row) => row.momentum !== null && row.momentum !== undefined && signed(row.momentum, percent),
  change: (row) => row.quote?.change_24h && signed(row.quote.change_24h, percent),
  spread: (row) => row.quote && spread(row.quote) !== null && bps(spread(row.quote)),
  book: (row) => row.quote && `${price(row.quote.bid)} – ${price(row.quote.ask)}`,
  threshold: () => view.limits.value && percentShort(view.limits.value.threshold),
};

const parts = {
  bar: (row) => html`<${MomentumBar} momentum=${row.momentum === null ? null : Number(row.momentum)} threshold=${Number(view.limits.value?.threshold ?? 0)} />`,
  state: (row) => html`<${State} row=${row} />`,
  act: (row) => html`<${Pause} row=${row} />`,
};

export function fillMarket(element, row, render) {
  for (const cell of element.querySelectorAll("[data-live]")) {
    const name = cell.dataset.live;
    const words = texts[name]?.(row);
    if (words && cell.textContent !== words) cell.textContent = words;
    // What the server wrote into a place stays until the first ranking or pause is known.
    if (parts[name] && (name !== "state" || view.outlook.value)) {
      if (!cell.dataset.mine) { cell.replaceChildren(); cell.dataset.mine = "yes"; }
      render(parts[name](row), cell);
    }
  }
}

