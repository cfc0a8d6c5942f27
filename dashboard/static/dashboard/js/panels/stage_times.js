// From the stored candle to the booked fill, step by step: the median of each on one scale, one after the other.
import { html } from "../../vendor/preact.js";
import { fixed } from "../format.js";
import { _, ngettext } from "../words.js";

const WIDTH = 300;
const NAMES = { candle: _("candle stored"), signal: _("signal"), decision: _("decision"), order: _("order"), claimed: _("sent"), filled: _("fill") };
const ms = (value) => (value < 10000 ? _("%(count)s ms", { count: fixed(value, value < 10 ? 1 : 0) }) : `${fixed(value / 1000, 1)} s`);

function Step({ step, from, whole }) {
  const scale = (value) => (value / whole) * WIDTH;
  return html`<tr data-step=${step.to}><td>${_("%(from)s → %(to)s", { from: NAMES[step.from], to: NAMES[step.to] })}</td>
    <td class="opt-col"><svg width=${WIDTH} height="10" viewBox=${`0 0 ${WIDTH} 10`} aria-hidden="true">
      <rect class="f-line" width=${WIDTH} height="2" y="4" /><rect class="f-fill" x=${scale(from).toFixed(1)} width=${Math.max(1, scale(step.p50_ms)).toFixed(1)} height="10" /></svg></td>
    <td class="num">${ms(step.p50_ms)}</td><td class="num t2">${ms(step.p95_ms)}</td><td class="num t3">${fixed(step.count, 0)}</td></tr>`;
}

export function StageTimes({ told }) {
  const { steps, whole, signals } = told;
  if (!steps.length) return html`<p class="pad t2">${_("How long each step takes is told as soon as there are signals.")}</p>`;
  const length = Math.max(1, steps.reduce((sum, step) => sum + step.p50_ms, 0));
  let from = 0;
  const rows = steps.map((step) => {
    const begun = from;
    from += step.p50_ms;
    return html`<${Step} key=${step.to} step=${step} from=${begun} whole=${length} />`;
  });
  return html`<table class="t"><thead><tr><th>${_("Step")}</th><th class="opt-col">${_("One after the other")}</th><th class="num">${_("Median")}</th><th class="num">${_("95 of 100")}</th><th class="num">${_("Signals")}</th></tr></thead>
    <tbody>${rows}</tbody></table>
    <p class="pad sm t3" data-whole>${whole && ngettext("Candle to fill: median %(p50)s, 95 of 100 within %(p95)s, of %(count)s filled entry or exit.", "Candle to fill: median %(p50)s, 95 of 100 within %(p95)s, of %(count)s filled entries and exits.", whole.count, { p50: ms(whole.p50_ms), p95: ms(whole.p95_ms) })}
      ${steps.some((step) => step.p95_ms === 0) && html` ${_("0.0 ms: both are booked in one transaction, which has one time.")}`}
      ${" "}${ngettext("By the newest signal, in wall time.", "By the newest %(count)s signals, in wall time.", signals)}</p>`;
}
