// A position between its stop and its gain: red mark the stop, grey mark the entry, dot the price now.
import { html } from "../vendor/preact.js";
import { price } from "./format.js";
import { _ } from "./words.js";

const LEFT = 5;
const RIGHT_GAP = 7;
const ENTRY_SHARE = 0.32;

export function StopTrack({ stop, entry, mark, width = 100 }) {
  const right = width - RIGHT_GAP;
  const unit = (ENTRY_SHARE * (right - LEFT)) / (entry - stop || 1);
  const at = (value) => Math.max(LEFT, Math.min(right, LEFT + (value - stop) * unit));
  const [from, to] = [at(Math.min(entry, mark)), at(Math.max(entry, mark))];
  return html`<svg class="in track" width=${width} height="18" viewBox=${`0 0 ${width} 18`} role="img"
      aria-label=${_("stop %(stop)s, entry %(entry)s, mark %(mark)s", { stop: price(stop), entry: price(entry), mark: price(mark) })}>
    <line x1=${LEFT} x2=${right} y1="9" y2="9" class="s-ctl o3" stroke-width="2" />
    <line x1=${from.toFixed(1)} x2=${to.toFixed(1)} y1="9" y2="9" class=${mark < entry ? "s-down" : "s-up"} stroke-width="3" />
    <rect x="4" y="3" width="2" height="12" class="f-down" /><rect x=${(at(entry) - 0.75).toFixed(1)} y="4" width="1.5" height="10" class="f-t3" />
    <circle cx=${at(mark).toFixed(1)} cy="9" r="4" class="f-text" /></svg>`;
}
