// The three cells of the bar that tell states in words: trading, alerts, feed with services and books.
import { html } from "../../vendor/preact.js";
import { age, base } from "../format.js";
import { pageUrl } from "../parts.js";
import { countBy, feed, openAlerts, openBreakers, services, tradingState } from "../standing.js";
import { view } from "../store.js";
import { _, ngettext } from "../words.js";

const Dot = ({ level }) => html`<span class=${`dot ${level}`}></span>`;

const Cell = ({ name, title, page, kind = "", level, word, note, sub, hint }) => html`<a class=${`cell ${kind}`} data-cell=${name} href=${pageUrl(page)} title=${hint}>
  <div class="k">${title}<span></span></div>
  <div class="v word"><${Dot} level=${level} />${word}${note && html`<span class="note">${note}</span>`}</div>
  <div class="s">${sub}</div></a>`;

const STATES = { ACTIVE: ["", _("ACTIVE")], REDUCING: ["warn", _("EXITS ONLY")], HALTED: ["bad", _("HALTED")] };
const nameOf = (row) => (row.symbol ? base(row.symbol) : row.kind);

// One breaker by its name, several counted; the title names them all, so that the cell never wraps.
function breakers() {
  const rows = openBreakers.value;
  if (!rows.length) return { words: _("no breaker open"), hint: null, count: 0 };
  const names = [...new Set(rows.map(nameOf))].join(", ");
  const words = ngettext("%(count)s breaker: %(names)s", "%(count)s breakers: %(names)s", rows.length, { names });
  return { words, hint: rows.map((row) => (row.symbol ? `${row.kind} ${base(row.symbol)}` : row.kind)).join(", "), count: rows.length };
}

export function TradingCell() {
  const state = tradingState();
  const [level, word] = STATES[state] ?? ["off", _("unknown")];
  const { words, hint, count } = breakers();
  return html`<${Cell} name="trading" title=${_("Trading")} page="risk" level=${level} word=${word} hint=${hint}
    sub=${html`<span data-breakers=${count}>${words}</span>`} />`;
}

const COUNTED = {
  CRITICAL: (count) => ngettext("%(count)s critical", "%(count)s critical", count),
  WARNING: (count) => ngettext("%(count)s warning", "%(count)s warnings", count),
  INFO: (count) => ngettext("%(count)s note", "%(count)s notes", count),
};
const DOTS = { CRITICAL: "bad", WARNING: "warn", INFO: "off" };

function seenWords(open) {
  if (!open.length) return _("%(count)s today", { count: view.today.value?.alerts ?? 0 });
  const unseen = open.filter((row) => row.state !== "ACKNOWLEDGED");
  if (unseen.length) return ngettext("%(count)s unseen", "%(count)s unseen", unseen.length);
  return _("seen by %(names)s", { names: [...new Set(open.map((row) => row.acknowledged_by))].join(", ") });
}

export function AlertsCell() {
  const open = openAlerts();
  const [first, ...rest] = countBy(open);
  const others = rest.map(([level, count]) => COUNTED[level](count)).join(", ");
  const phone = html`<span class="only-phone">${feedWords()} · ${turning()} · </span>`;
  return html`<${Cell} name="alerts" title=${_("Alerts")} page="alerts" level=${first ? DOTS[first[0]] : ""}
    word=${first ? COUNTED[first[0]](first[1]) : _("none open")} sub=${html`${phone}${[others, seenWords(open)].filter(Boolean).join(" · ")}`}
    hint=${[others, seenWords(open)].filter(Boolean).join(" · ")} />`;
}

export function AlertCount() {
  const open = openAlerts();
  const [worst] = countBy(open);
  return worst ? html`<span class=${`count ${DOTS[worst[0]]}`}>${open.length}<span class="hidden"> ${_("open")}</span></span>` : null;
}

const FRESH_S = 3;

function feedStanding() {
  const state = feed();
  const limit = view.limits.value?.feed_silence_s ?? 30;
  if (state.age === null) return { ...state, level: "off" };
  if (state.silenced || state.age > limit) return { ...state, level: "bad" };
  return { ...state, level: state.instead || state.age > FRESH_S ? "warn" : "" };
}

const feedWords = () => {
  const { age: seconds, instead } = feedStanding();
  if (seconds === null) return _("no quotes");
  return instead ? _("REST instead") : age(seconds);
};

function turning() {
  const rows = services();
  return `${rows.filter((row) => row.level === "").length}/${rows.length}`;
}

function booksWords() {
  const books = view.books.value;
  if (!books?.audited_at) return _("books: not audited yet");
  if (books.violations === 0) return _("books: no difference");
  return ngettext("books: %(count)s difference", "books: %(count)s differences", books.violations);
}

export function FeedCell() {
  const { level, socketAge, instead, silenced } = feedStanding();
  const silent = (instead || silenced) && socketAge !== null ? _("sockets silent for %(age)s", { age: age(socketAge) }) : null;
  const worst = view.books.value?.violations > 0 ? "bad" : level;
  return html`<${Cell} name="feed" title=${_("Feed · services")} page="system-health" kind="wide" level=${worst} word=${feedWords()}
    note=${turning()} sub=${silent ?? booksWords()} hint=${silent ? booksWords() : null} />`;
}
