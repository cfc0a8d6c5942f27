// A small line of a figure's last values, newest at the right, with its highest in words for who does not see it.
import { html } from "../vendor/preact.js";

const WIDTH = 96;
const HEIGHT = 18;

// `floor`: the scale reaches at least so far, so that a calm line looks calm.
export function Sparkline({ values, most, floor = 1, label }) {
  const top = Math.max(floor, ...values);
  const points = values.map((value, i) => `${(WIDTH - (values.length - 1 - i) * (WIDTH / (most - 1))).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`);
  return html`<svg class="spark" width=${WIDTH} height=${HEIGHT} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label}>
    ${points.length > 1 && html`<polyline class="nofill s-fill" points=${points.join(" ")} />`}</svg>`;
}
