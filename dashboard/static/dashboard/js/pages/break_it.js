// Break it, live: each run's expected alerts beside what was seen and after how many seconds, what goes on meanwhile,
// and the books' proof at the end.
import { html, signal } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age, fixed } from "../format.js";
import { mount } from "../shell.js";
import { feed, openAlerts, tradingState } from "../standing.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const EVERY_MS = 1000;
const told = signal(null);
const proof = signal(null);
const token = () => document.querySelector("#acting [name=csrfmiddlewaretoken]").value;

async function readAgain() {
  try {
    const answer = await fetch("/break-it/standing/");
    if (!answer.ok) throw new Error(String(answer.status));
    told.value = await answer.json();
  } catch {
    told.value = { problem: _("The server does not answer; what is shown is from before."), active: [], runs: told.value?.runs ?? [], now_s: told.value?.now_s ?? 0 };
  }
  setTimeout(readAgain, EVERY_MS);
}

const SIGNS = { SEEN: ["okc", "✓"], LATE: ["badc", "✗"], MISSED: ["badc", "✗"], WAITING: ["t3", "○"] };
const seenWords = (check) => {
  if (check.after_s !== null) return _("after %(seconds)s s", { seconds: fixed(check.after_s, 1) });
  return check.state === "WAITING" ? _("not yet") : _("not seen");
};

const Check = ({ check }) => html`<div class="check" data-check=${check.code} data-state=${check.state}>
  <span class=${SIGNS[check.state][0]}>${SIGNS[check.state][1]}</span><span class="t3 sm">${_("≤ %(seconds)s s", { seconds: fixed(check.within_s, 0) })}</span>
  <span>${check.code}</span><span class="sm t3">${seenWords(check)}</span></div>`;

const End = ({ run }) => html`<form method="post" action=${`/break-it/end/${run.id}/`}>
  <input type="hidden" name="csrfmiddlewaretoken" value=${token()} /><button class="btn small">${_("End it")}</button></form>`;

const Run = ({ run, nowS }) => html`<div data-run=${run.id} data-holds=${run.holds}><div class="run"><div class="row between">
    <b>${run.kind} ${run.symbols.join(", ")}</b><span class="t3 sm">${_("#%(id)s by %(by)s, %(ago)s ago", { id: run.id, by: run.by, ago: age(nowS - run.began_s) })}</span>
    ${run.holds && boot.may.operate && html`<${End} run=${run} />`}</div>
  <p class="sm t2">${run.holds ? _("running, %(left)s left", { left: age(run.seconds_left) }) : _("over")} ${Object.entries(run.done).map(([deed, count]) => `${count} ${deed}`).join(", ")}</p>
  ${run.checks.length === 0 && html`<p class="sm t3">${_("No alert is promised of it; see what it says on its card.")}</p>`}</div>
  ${run.checks.map((check) => html`<${Check} key=${check.code} check=${check} />`)}</div>`;

function Runs() {
  if (!told.value) return html`<p class="pad">${_("Asking the simulator…")}</p>`;
  const { runs, problem, now_s: nowS } = told.value;
  return html`${problem && html`<p class="banner bad" role="status">${problem}</p>`}
    ${runs.length ? runs.map((run) => html`<${Run} key=${`${run.id}-${run.began_s}`} run=${run} nowS=${nowS} />`) : html`<p class="pad t2">${_("Nothing was broken yet.")}</p>`}`;
}

const known = (seconds) => (seconds === null ? _("unknown") : age(seconds));

function Meanwhile() {
  const { age: newest, socketAge, instead } = feed();
  const filled = view.orders.value.filter((row) => row.fills.length).length;
  return html`<dl class="kv"><dt>${_("Newest quote")}</dt><dd>${known(newest)} ${instead && _("REST instead of the sockets")}</dd>
    <dt>${_("Newest frame of the sockets")}</dt><dd>${known(socketAge)}</dd>
    <dt>${_("Trading")}</dt><dd>${tradingState() ?? _("unknown")}</dd>
    <dt>${_("Open alerts")}</dt><dd>${openAlerts().map((row) => row.code).join(", ") || _("none")}</dd>
    <dt>${_("Orders with fills, latest")}</dt><dd>${fixed(filled, 0)}</dd></dl>`;
}

async function prove() {
  proof.value = { running: true };
  const answer = await fetch("/break-it/prove/", { method: "POST", headers: { "X-CSRFToken": token() } }).catch(() => null);
  proof.value = answer?.ok ? await answer.json() : { failed: true };
}

const good = (it) => it.violations === 0 && it.lost === 0 && it.twice === 0 && Number(it.difference) === 0 && it.unfinished.length === 0;

function Proof() {
  const it = proof.value;
  return html`${boot.may.operate && html`<button type="button" class="btn small" disabled=${it?.running} onClick=${prove}>${it?.running ? _("Auditing…") : _("Audit now")}</button>`}
    ${it?.failed && html`<p role="status" class="badc">${_("The audit could not be run.")}</p>`}
    ${it && "lost" in it && html`<p data-proof=${good(it) ? "good" : "bad"}><b class=${good(it) ? "okc" : "badc"}>${good(it) ? "✓" : "✗"}</b> ${_("%(lost)s lost, %(twice)s double, cash differs by %(difference)s; %(violations)s differences in all", { ...it, difference: fixed(Number(it.difference), 2) })}</p><p class="sm">${it.first}</p>`}
    ${!it && html`<p class="t2">${_("Counts signals without a decision and fills booked twice, and compares the cash with the ledger.")}</p>`}`;
}

mount({ runs: Runs, meanwhile: Meanwhile, proof: Proof });
readAgain();
