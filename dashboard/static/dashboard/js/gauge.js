// Every gauge alike: filled is used, the tick at 5/6 is the limit, the thin mark is today's worst. Amber from 90 % of
// the limit on, red past it; `neutral` ones (exposure, position size) stay neutral below it, for full is normal.
import { html } from "../vendor/preact.js";
import { percent, percentShort } from "./format.js";

const TICK_AT = 5 / 6;
const WARN_AT = 0.9;
// 0.9 × 0.05 is a little more than 0.045 in binary.
const TINY = 1e-12;

export function levelOf(value, limit, neutral) {
  if (value > limit) return "f-bad";
  return !neutral && value + TINY >= WARN_AT * limit ? "f-warn" : "f-fill";
}

export function Gauge({ value, limit, worst = 0, label, neutral = false, width = 200, fixed = false }) {
  const at = (part) => (limit > 0 ? Math.max(0, Math.min(1, (part / limit) * TICK_AT)) * width : 0);
  const most = Math.max(worst, value);
  return html`<svg class="gauge" viewBox=${`0 -1.5 ${width} 9`} preserveAspectRatio="none" role="img"
      width=${fixed ? 44 : null} height=${fixed ? 9 : null} data-level=${levelOf(value, limit, neutral)}
      aria-label=${`${label}: ${percent(value)} / ${percentShort(limit)}`}>
    <rect class="f-soft" width=${width} height="6" rx="1" />
    <rect class=${levelOf(value, limit, neutral)} width=${at(value).toFixed(1)} height="6" rx="1" />
    ${most > 0 && worst > value && html`<rect class="f-t3" data-worst x=${Math.min(width - 2, at(most)).toFixed(1)} width="2" height="6" />`}
    <rect class="f-text" x=${(width * TICK_AT - 0.75).toFixed(1)} y="-1.5" width="1.5" height="9" />
  </svg>`;
}
