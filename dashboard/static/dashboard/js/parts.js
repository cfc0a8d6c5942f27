// Small pieces shared by the panels.
import { Component, html } from "../vendor/preact.js";
import { whatComesNext } from "./market_clock.js";

// A table row that is drawn again only when its own values change.
export class Row extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((name) => name !== "draw" && next[name] !== this.props[name]);
  }

  render({ draw, ...values }) {
    return draw(values);
  }
}

export const Chip = ({ tone, sign, children }) =>
  html`<span class=${`chip ${tone}`}>${sign && html`<span aria-hidden="true">${sign} </span>`}${children}</span>`;

export const Empty = ({ children }) => html`<p class="empty">${children} <span class="next">${whatComesNext()}</span></p>`;

export const Table = ({ label, heads, children }) => html`
  <div class="scroll" role="group" aria-label=${`${label}, table`} tabindex="0">
    <table>
      <caption class="hidden">${label}</caption>
      <thead><tr>${heads.map(([name, kind]) => html`<th scope="col" class=${kind}>${name}</th>`)}</tr></thead>
      <tbody>${children}</tbody>
    </table>
  </div>`;

export const Side = ({ side }) => html`<span class=${side === "BUY" ? "up" : "down"}>${side}</span>`;

const STATUS = {
  FILLED: ["ok", "●"], PARTIALLY_FILLED: ["info", "◐"], NEW: ["info", "○"], SUBMITTED: ["info", "○"],
  CANCELED: ["muted", "✕"], EXPIRED: ["muted", "✕"], REJECTED: ["bad", "✕"], UNKNOWN: ["warn", "?"],
  APPROVED: ["ok", "✓"], TRIMMED: ["warn", "✂"], PASS: ["ok", "✓"], TRIM: ["warn", "✂"], REJECT: ["bad", "✕"],
  SKIP: ["muted", "–"], TRIGGER: ["bad", "!"],
};

export const Status = ({ value, short }) => {
  const [tone, sign] = STATUS[value] ?? ["muted", "·"];
  const word = value.replaceAll("_", " ");
  return html`<span class=${`status ${tone}`} title=${short ? word : null}><span aria-hidden="true">${sign}</span>${" "}
    <span class=${short ? "hidden" : null}>${word}</span></span>`;
};
