// Health: every service by its heartbeat, the way of the signals, topics, feed, books and servers. What no heartbeat
// tells is read anew every few seconds; what is not known says so.
import { html, signal } from "../../vendor/preact.js";
import { age, fixed } from "../format.js";
import { mount } from "../shell.js";
import { LatestEvents } from "../panels/latest_events.js";
import { ServicesNote, ServiceTable } from "../panels/service_table.js";
import { StageTimes } from "../panels/stage_times.js";
import { feed, quotedSymbols } from "../standing.js";
import { now, view } from "../store.js";
import { _, ngettext } from "../words.js";

const EVERY_MS = 5000;
const RATE_OVER_S = 60;
const facts = signal(JSON.parse(document.getElementById("health-facts").textContent));
const unread = signal(false);
let read = [facts.peek()];

async function readAgain() {
  try {
    const answer = await fetch("/system/health/facts/");
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    read = [...read.filter((before) => told.at_s - before.at_s <= RATE_OVER_S), told];
    facts.value = told;
    unread.value = false;
  } catch {
    unread.value = true;
  }
}

const UNKNOWN = _("unknown");
const count = (value) => (value === null || value === undefined ? UNKNOWN : fixed(value, 0));
const megabytes = (bytes) => (bytes ? `${fixed(bytes / 2 ** 20, 0)} MB` : UNKNOWN);

const Tile = ({ name, title, value, note }) => html`<div data-stage=${name}><div class="k">${title}</div><div class="v">${value}</div><div class="s">${note}</div></div>`;

function Stages() {
  const { signals, outcomes, undecided, orders, fills } = facts.value.stages;
  const of = (name) => count(outcomes[name] ?? 0);
  const decided = Object.values(outcomes).reduce((sum, one) => sum + one, 0);
  const verdict = undecided === 0 ? _("✓ received = decided") : ngettext("%(count)s is not decided", "%(count)s are not decided", undecided);
  return html`<div class="tiles">
    <${Tile} name="signals" title=${_("Signals")} value=${count(signals)} note=${verdict} />
    <${Tile} name="decisions" title=${_("Decided")} value=${count(decided)} note=${_("%(approved)s approved, %(trimmed)s trimmed, %(denied)s denied, %(expired)s expired", { approved: of("APPROVED"), trimmed: of("TRIMMED"), denied: of("REJECTED"), expired: of("EXPIRED") })} />
    <${Tile} name="orders" title=${_("Orders")} value=${count(orders)} note=${_("entries and exits")} />
    <${Tile} name="fills" title=${_("Fills")} value=${count(fills)} note=${_("in the ledger")} /></div>
    <${StageTimes} told=${facts.value.stage_times} />`;
}

function TopicsNote() {
  const dead = facts.value.topics.reduce((sum, row) => sum + row.dead, 0);
  return html`${_("outbox %(outbox)s · dead letters %(dead)s", { outbox: facts.value.outbox, dead })}`;
}

// Events a second over the last minute, or since the page was opened; a server that began anew counts from there.
function rate(row) {
  const at = facts.value.at_s;
  const before = read[0].topics.find((other) => other.topic === row.topic);
  const more = row.added === null || before?.added == null ? -1 : row.added - before.added;
  return more < 0 || at === read[0].at_s ? "–" : fixed(more / (at - read[0].at_s), 1);
}

const Topics = () => html`<table class="t"><thead><tr><th>${_("Topic")}</th><th class="num">${_("Per second")}</th><th class="num opt-col">${_("Entries")}</th><th class="num">${_("Lag")}</th><th class="num">${_("Dead letters")}</th></tr></thead>
  <tbody>${facts.value.topics.map((row) => html`<tr key=${row.topic} data-topic=${row.topic}><td class="mono">${row.topic}</td>
    <td class="num" data-rate>${rate(row)}</td><td class="num opt-col">${count(row.length)}</td><td class="num">${row.lag === null ? "–" : count(row.lag)}</td><td class=${`num ${row.dead ? "badc" : "t2"}`}>${count(row.dead)}</td></tr>`)}</tbody></table>
  ${facts.value.topics.some((row) => row.dead) && html`<p class="pad">${_("To do: manage.py dead_letters lists them with their errors, and sends one again.")}</p>`}`;

const Row = ({ name, title, children }) => html`<dt>${title}</dt><dd data-fact=${name}>${children}</dd>`;

function Feed() {
  const { age: newest, socketAge, fromRest, instead } = feed();
  const limit = view.limits.value?.feed_silence_s;
  const source = instead ? _("REST instead of the sockets") : fromRest > 0 ? ngettext("sockets, %(count)s symbol from REST", "sockets, %(count)s symbols from REST", fromRest) : _("sockets");
  const rest = view.health.value.find((beat) => beat.service === "rest");
  return html`<dl class="kv">
    <${Row} name="quotes" title=${_("Newest quote")}>${newest === null ? UNKNOWN : age(newest)}${limit ? html` <span class="t3">${_("silent at %(limit)s", { limit: age(limit) })}</span>` : ""}<//>
    <${Row} name="sockets" title=${_("Newest frame of the sockets")}>${socketAge === null ? UNKNOWN : age(socketAge)}<//>
    <${Row} name="source" title=${_("Source")}>${rest ? source : UNKNOWN}<//>
    <${Row} name="symbols" title=${_("Symbols with a quote")}>${count(quotedSymbols())}<//></dl>`;
}

function Books() {
  const books = facts.value.books;
  if (!books) return html`<p>${_("Not audited yet.")}</p><${Venue} />`;
  const ago = age(now.value - Date.parse(books.at) / 1000);
  return html`<dl class="kv">
    <${Row} name="audit" title=${_("Last audit")}>${_("%(ago)s ago, %(checks)s checks in %(ms)s ms", { ago, checks: books.checks, ms: books.ms })}<//>
    <${Row} name="differences" title=${_("Differences")}><b class=${books.violations ? "badc" : ""}>${count(books.violations)}</b> ${books.first}<//>
    <${Row} name="acknowledged" title=${_("Acknowledged")}>${count(books.acknowledged)}<//>
    <${Row} name="full" title=${_("Looked at")}>${books.full ? _("everything") : _("what was new")}<//></dl>
    <${Venue} />`;
}

const FOUND = { EVEN: _("even"), DIFFERENT: _("differs"), UNSETTLED: _("not compared, orders were under way"), UNANSWERED: _("no answer") };

// The books beside the venue's own lists: what the last look found, both sides of what differs.
function Venue() {
  const look = facts.value.venue;
  if (!look) return html`<h3>${_("Beside the venue")}</h3><p>${_("Not compared yet.")}</p>`;
  const ago = age(now.value - Date.parse(look.at) / 1000);
  return html`<h3>${_("Beside the venue")}</h3><dl class="kv">
    <${Row} name="venue" title=${look.venue}><b class=${look.result === "DIFFERENT" ? "badc" : look.result === "EVEN" ? "okc" : "warnc"}>${FOUND[look.result]}</b> ${_("%(ago)s ago", { ago })} <span data-as-is>${look.said}</span><//>
    ${look.differences.map((one) => html`<${Row} key=${one.what} name=${`venue-${one.what}`} title=${one.what}>${_("venue %(venue)s, books %(books)s", { venue: one.venue, books: one.books })}<//>`)}
    <${Row} name="booked" title=${_("Missed and booked")}>${count(look.fills_booked)}<//>
    <${Row} name="external" title=${_("Orders of others")}>${count(look.external)}<//></dl>
    ${look.result === "DIFFERENT" && html`<p>${_("To do: manage.py reconcile --last shows both sides and what can be done.")}</p>`}`;
}

function Servers() {
  const { database, redis, retention } = facts.value;
  return html`${unread.value && html`<p role="status" class="warnc">${_("These figures cannot be read now; they are from before.")}</p>`}<dl class="kv">
    <${Row} name="database" title="PostgreSQL">${_("version %(version)s, %(size)s", { version: database.version, size: megabytes(database.bytes) })}<//>
    <${Row} name="redis" title="Redis">${redis ? _("%(used)s used, %(policy)s", { used: megabytes(redis.bytes), policy: redis.policy }) : _("does not answer")}<//>
    <${Row} name="aof" title=${_("Append-only file")}>${!redis ? UNKNOWN : redis.aof ? _("on, last write %(state)s", { state: redis.aof_ok }) : _("off")}<//>
    <${Tape} /></dl>
    <h3>${_("Kept for")}</h3><dl class="kv">${retention.map((rule) => html`<dt class="mono">${rule.table}</dt><dd>${keptFor(rule)}</dd>`)}</dl>`;
}

// The recorded quotes: until when they are written, how many bytes and holes the last 24 hours brought.
function Tape() {
  const { tape } = facts.value;
  if (!tape) return html`<${Row} name="tape" title=${_("Quotes' tape")}>${_("nothing yet")}<//>`;
  const ago = age(Math.max(0, now.value - Date.parse(tape.written_at) / 1000));
  const holes = tape.holes ? ngettext("%(count)s hole", "%(count)s holes", tape.holes) : _("no holes");
  return html`<${Row} name="tape" title=${_("Quotes' tape")}>${_("written %(ago)s ago, %(size)s in 24 hours", { ago, size: megabytes(tape.bytes) })}, <span class=${tape.holes ? "warnc" : ""}>${holes}</span><//>`;
}

function keptFor(rule) {
  if (!rule.days) return _("for ever");
  if (rule.one_a === "minute") return _("%(count)s days, then one a minute", { count: rule.days });
  if (rule.one_a === "hour") return _("%(count)s days, then one an hour", { count: rule.days });
  return ngettext("%(count)s day", "%(count)s days", rule.days);
}

mount({ services: ServiceTable, "services-note": ServicesNote, stages: Stages, topics: Topics, "topics-note": TopicsNote, feed: Feed, books: Books, servers: Servers, latest: () => html`<${LatestEvents} acts=${facts.value.acts} />` });
setInterval(readAgain, EVERY_MS);
