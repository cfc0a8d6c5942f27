// Find: symbols and pages from what the page knows, orders and decisions by the beginning of their id from the server.
import { Component, html } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { openDialog } from "./dialog.js";
import { base } from "./format.js";
import { KINDS, marketUrl, whyUrl } from "./parts.js";
import { view } from "./store.js";
import { _ } from "./words.js";

const SHOWN = 8;
const PAUSE_MS = 120;
const ID = /^[0-9a-f-]{4,36}$/i;

const matches = (words, wanted) => words.toLowerCase().includes(wanted.toLowerCase());
const beginsFirst = (wanted) => (a, b) => Number(b.title.toLowerCase().startsWith(wanted)) - Number(a.title.toLowerCase().startsWith(wanted));

const pages = () => [...boot.pages, { title: _("Settings"), url: boot.urls.settings, key: "" }];

// Acts that stand on this page: their buttons are pressed, and each asks before it does anything.
const acts = () => [...document.querySelectorAll("[data-act]")].filter((one) => one.getClientRects().length)
  .map((one) => ({ kind: _("act"), title: (one.getAttribute("aria-label") ?? one.textContent).trim(), press: () => one.click() }));

function local(wanted) {
  if (!wanted) return pages().map((page) => ({ kind: _("page"), title: page.title, url: page.url, key: page.key && `g ${page.key}` }));
  const symbols = view.quotes.value.map((quote) => quote.symbol).filter((symbol) => matches(symbol, wanted));
  return [
    ...symbols.map((symbol) => ({ kind: _("symbol"), title: base(symbol), url: marketUrl(symbol) })).sort(beginsFirst(wanted.toLowerCase())),
    ...pages().filter((page) => matches(page.title, wanted)).map((page) => ({ kind: _("page"), title: page.title, url: page.url, key: page.key && `g ${page.key}` })),
    ...acts().filter((act) => matches(act.title, wanted)),
  ];
}

const found = (row) => ({ kind: row.kind === "order" ? _("order") : _("decision"), title: `${row.side === "BUY" ? "▲" : "▼"} ${base(row.symbol)} · ${KINDS[row.cause] ?? row.cause}`, note: row.id.slice(0, 8), url: whyUrl(row.id) });

let typedBefore = "";

class Find extends Component {
  state = { wanted: "", remote: [], at: 0 };

  componentDidMount() {
    this.input.value = typedBefore;
    this.input.focus();
    this.typed({ target: this.input });
  }

  componentWillUnmount() { clearTimeout(this.timer); }

  typed = (event) => {
    const wanted = event.target.value.trim();
    this.setState({ wanted, at: 0, remote: [] });
    clearTimeout(this.timer);
    if (wanted.length >= 2) this.timer = setTimeout(() => this.look(wanted), PAUSE_MS);
  };

  async look(wanted) {
    const answer = await fetch(`${boot.urls.find}?q=${encodeURIComponent(wanted)}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || wanted !== this.state.wanted) return;
    const { orders, symbols } = await answer.json();
    if (wanted !== this.state.wanted) return;
    const known = new Set(view.quotes.value.map((quote) => quote.symbol));
    const others = symbols.filter(({ symbol }) => !known.has(symbol))
      .map(({ symbol, watched }) => ({ kind: _("symbol"), title: base(symbol), note: watched ? "" : _("not watched"), url: marketUrl(symbol), first: watched }));
    this.setState({ remote: [...orders.map(found), ...others] });
  }

  results() {
    const { wanted, remote } = this.state;
    const first = remote.filter((row) => row.first || (ID.test(wanted) && row.note?.length === 8));
    return [...first, ...local(wanted), ...remote.filter((row) => !first.includes(row))].slice(0, SHOWN);
  }

  open(row) {
    this.props.close();
    if (row.press) row.press();
    else location.assign(row.url);
  }

  pressed = (event) => {
    const rows = this.results();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length) {
      event.preventDefault();
      this.setState({ at: (this.state.at + step + rows.length) % rows.length });
    } else if (event.key === "Enter" && rows[this.state.at]) {
      event.preventDefault();
      this.open(rows[this.state.at]);
    }
  };

  render() {
    const rows = this.results();
    const { at, wanted } = this.state;
    return html`<input class="in" type="text" role="combobox" aria-expanded="true" aria-controls="find-results" autocomplete="off" spellcheck="false" maxlength="60"
        aria-activedescendant=${rows[at] ? `find-${at}` : null} aria-label=${_("Find a symbol, an order, a page or an act")}
        placeholder=${_("symbol, order id, page, act")} ref=${(element) => { this.input = element; }} onInput=${this.typed} onKeyDown=${this.pressed} />
      <ul class="res" id="find-results" role="listbox" aria-label=${_("Found")}>${rows.map((row, i) => html`<li id=${`find-${i}`} role="option" key=${`${row.kind} ${row.title} ${row.url}`}
        aria-selected=${i === at ? "true" : "false"} class=${i === at ? "on" : ""} onClick=${() => this.open(row)}>
        <span class="t3 xs kind">${row.kind}</span><span class="b">${row.title}</span>${row.note && html`<span class="t3">${row.note}</span>`}${row.key && html`<kbd>${row.key}</kbd>`}</li>`)}</ul>
      ${!rows.length && html`<p class="none">${_("Nothing is called “%(wanted)s”.", { wanted })}</p>`}`;
  }
}

export function openFind(typed) {
  typedBefore = typed;
  openDialog("find", _("Find"), Find);
}
