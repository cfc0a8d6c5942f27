// Small pieces shared by the panels.
import { Component, html } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { base } from "./format.js";
import { whatComesNext } from "./market_clock.js";
import { _ } from "./words.js";

// A row that is drawn again only when its own values change.
export class Row extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((name) => name !== "draw" && next[name] !== this.props[name]);
  }

  render({ draw, ...values }) {
    return draw(values);
  }
}

export const Empty = ({ children }) => html`<p class="empty">${children} <span class="next">${whatComesNext()}</span></p>`;

export const Table = ({ label, heads, kind = "", children, foot }) => html`
  <table class=${`t ${kind}`}>
    <caption class="hidden">${label}</caption>
    <thead><tr>${heads.map(([name, look, span]) => html`<th scope="col" class=${look} colspan=${span}>${name}</th>`)}</tr></thead>
    <tbody>${children}</tbody>${foot && html`<tfoot>${foot}</tfoot>`}
  </table>`;

// Sides are grey: green and red mean money alone.
export const Side = ({ side }) => html`<span class="side"><i aria-hidden="true">${side === "BUY" ? "▲" : "▼"}</i> ${side === "BUY" ? _("Buy") : _("Sell")}</span>`;

const OUTCOMES = {
  APPROVED: ["approved", "✓", _("Approved")], TRIMMED: ["trimmed", "✂", _("Trimmed")],
  REJECTED: ["rejected", "✕", _("Denied")], EXPIRED: ["expired", "✕", _("Expired")],
};

export const Outcome = ({ value }) => {
  const [look, sign, word] = OUTCOMES[value] ?? ["rejected", "·", value];
  return html`<span class=${`out ${look}`}><i aria-hidden="true">${sign}</i> ${word}</span>`;
};

const STATES = {
  FILLED: ["", _("Filled")], PARTIALLY_FILLED: ["warn", _("Partly filled")], NEW: ["off", _("New")],
  SUBMITTED: ["off", _("Sent")], CANCELED: ["off", _("Canceled")], EXPIRED: ["off", _("Expired")],
  REJECTED: ["bad", _("Rejected")], UNKNOWN: ["warn", _("Unknown")],
};

export const OrderState = ({ value, reason }) => {
  const [dot, word] = STATES[value] ?? ["off", value];
  return html`<span class="t2 nowrap" data-state=${value} title=${reason}><span class=${`dot ${dot}`}></span> ${word}</span>`;
};

export const KINDS = { SIGNAL: _("Signal"), STOP: _("Stop"), HALT: _("Halt"), OPERATOR: _("Operator") };

export const whyUrl = (id) => boot.urls.why.replace("WHICH", id);
export const marketUrl = (symbol) => boot.urls.market.replace("WHICH", encodeURIComponent(symbol));
export const Why = ({ id, of }) => html`<a class="why" href=${whyUrl(id)} aria-label=${_("Why: %(what)s", { what: of })}>${_("Why")}</a>`;
export const SymbolLink = ({ symbol }) => html`<a class="plain sym" href=${marketUrl(symbol)}>${base(symbol)}</a>`;
export const pageUrl = (name) => boot.pages.find((page) => page.name === name)?.url ?? "/";
