// One square per layer: full passed, black denied, amber trimmed, hollow not asked.
import { html } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { _ } from "./words.js";

const LOOKS = { PASS: "f-fill", REJECT: "f-text", TRIM: "f-warn", TRIGGER: "f-text" };
const WORDS = { PASS: _("pass"), REJECT: _("deny"), TRIM: _("trim"), TRIGGER: _("trigger"), SKIP: _("not asked") };

export function LayerMarks({ layers }) {
  const verdicts = Array.from({ length: boot.layers }, (_none, i) => layers.find((layer) => layer.layer === i + 1)?.verdict ?? "SKIP");
  return html`<svg class="lm" width=${9 * boot.layers - 2} height="7" role="img"
    aria-label=${_("Layers 1 to %(count)s: %(verdicts)s", { count: boot.layers, verdicts: verdicts.map((verdict) => WORDS[verdict]).join(", ") })}>
    ${verdicts.map((verdict, i) => (LOOKS[verdict]
      ? html`<rect key=${i} x=${9 * i} width="7" height="7" rx="1" class=${LOOKS[verdict]} />`
      : html`<rect key=${i} x=${9 * i + 0.5} y=".5" width="6" height="6" rx="1" class="nofill s-ctl o5" />`))}</svg>`;
}

// The layer that made the decision what it is: who denied or trimmed, else nobody.
export const decisive = (layers) => layers.find((layer) => ["REJECT", "TRIM", "TRIGGER"].includes(layer.verdict));
