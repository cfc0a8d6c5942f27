// Signals and decisions as one feed, each with its reason. Sells of what nobody holds are folded into one row. While
// somebody points at the feed or has its focus there, it stands still: what came meanwhile is counted in the head.
import { Component, html, signal } from "../../vendor/preact.js";
import { base, minuteTime, percent, quantity, signed } from "../format.js";
import { LayerMarks, decisive } from "../layer_marks.js";
import { Empty, KINDS, Outcome, Row, Side, whyUrl } from "../parts.js";
import { view } from "../store.js";
import { rowsOf } from "../width.js";
import { _, ngettext } from "../words.js";

const ROWS = 9;
const ROWS_PHONE = 5;
const waiting = signal(0);
const NOTHING_HELD = "POSITION_NONE";

// The outcome stands beside the sentence already.
const withoutOutcome = (sentence) => {
  const short = sentence.replace(/^\p{L}+: /u, "").replace(/\.$/, "");
  return short.charAt(0).toUpperCase() + short.slice(1);
};

function reason(row) {
  if (row.more !== undefined) return row.more ? ngettext("nothing held · %(count)s more like it", "nothing held · %(count)s more like it", row.more) : _("nothing held");
  if (!row.decision) return _("to be decided");
  const { outcome, side, layers, sentence, quantity: allowed, wanted } = row.decision;
  const layer = decisive(layers);
  if (outcome === "APPROVED" && side === "BUY") return _("%(quantity)s as wanted", { quantity: quantity(allowed) });
  if (outcome === "APPROVED") return _("exit of all %(quantity)s; exits pass every layer", { quantity: quantity(allowed) });
  if (outcome === "TRIMMED") return `${layer ? `${layer.layer} · ` : ""}${quantity(wanted)} → ${quantity(allowed)}: ${withoutOutcome(sentence)}`;
  if (!layers.length) return _("before the layers: %(reason)s", { reason: withoutOutcome(sentence) });
  return layer ? `${layer.layer} · ${withoutOutcome(sentence)}` : withoutOutcome(sentence);
}

// Newest first: decisions with their signals' momentum, and signals that wait for their decision.
function rows() {
  const signals = new Map(view.signals.value.map((row) => [row.id, row]));
  const decided = new Set(view.decisions.value.map((row) => row.signal_id));
  const all = [
    ...view.decisions.value.map((row) => ({ id: row.id, at: row.at, side: row.side, symbol: row.symbol, kind: row.kind, decision: row, momentum: signals.get(row.signal_id)?.momentum })),
    ...view.signals.value.filter((row) => !decided.has(row.id)).map((row) => ({ ...row, kind: "SIGNAL", decision: null })),
  ];
  return folded(all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)));
}

// The newest sell of nothing stands for all others in the feed.
function folded(all) {
  const shown = [];
  let group = null;
  for (const row of all) {
    if (row.decision?.reason_code !== NOTHING_HELD) shown.push(row);
    else if (group) group.more += 1;
    else shown.push((group = { ...row, more: 0 }));
  }
  return shown;
}

const draw = (row) => html`<a class="feedrow" href=${whyUrl(row.id)} data-feed=${row.id} title=${row.decision?.sentence}>
  <span class="when">${minuteTime(row.at)}</span>
  <span><${Side} side=${row.side} /> <span class="sym">${base(row.symbol)}</span> <span class="t3">${row.kind === "SIGNAL"
    ? row.momentum !== undefined && signed(row.momentum, percent) : KINDS[row.kind]}</span></span>
  ${row.decision ? html`<${Outcome} value=${row.decision.outcome} />` : html`<span class="out t3">…</span>`}
  <span class="ly"><${LayerMarks} layers=${row.decision?.layers ?? []} /></span><span class="w">${reason(row)}</span></a>`;

export class DecisionFeed extends Component {
  hold = () => { this.held ??= rows(); };

  release = (event) => {
    const feed = event.currentTarget;
    if (event.type === "mouseleave" ? feed.contains(document.activeElement) : feed.contains(event.relatedTarget) || feed.matches(":hover")) return;
    this.held = null;
    this.forceUpdate();
  };

  // A row that is read stays where it is; only its own news is taken in.
  shown(all) {
    if (!this.held) return all;
    const newer = new Map(all.map((row) => [row.id, row]));
    return this.held.map((row) => newer.get(row.id) ?? row);
  }

  render() {
    const all = rows();
    const shown = this.shown(all);
    const held = new Set(shown.map((row) => row.id));
    const count = this.held ? all.findIndex((row) => held.has(row.id)) : 0;
    if (waiting.peek() !== count) queueMicrotask(() => { waiting.value = Math.max(0, count); });
    if (!all.length) return html`<${Empty}>${_("No signals yet.")}<//>`;
    return html`<div onMouseEnter=${this.hold} onFocusIn=${this.hold} onMouseLeave=${this.release} onFocusOut=${this.release}>
      ${shown.slice(0, rowsOf(ROWS, ROWS_PHONE)).map((row) => html`<${Row} key=${row.id} draw=${draw} ...${row} />`)}</div>`;
  }
}

export const FeedNews = () => (waiting.value > 0 ? html`<span data-waiting=${waiting.value}>${ngettext("%(count)s new", "%(count)s new", waiting.value)}</span>` : null);
