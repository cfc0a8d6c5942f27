// Break it, live: the course of a fault, the last faults, what goes on meanwhile, and the books' proof at the end.
import { html, signal } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { age, fixed } from "../format.js";
import { mount } from "../shell.js";
import { FaultCourse } from "../panels/fault_course.js";
import { FaultsBefore } from "../panels/faults_before.js";
import { feed, openAlerts, tradingState } from "../standing.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const EVERY_MS = 1000;
const told = signal(null);
const proof = signal(null);
// The run whose course is shown; the newest while nobody has chosen.
let chosen = "";
const token = () => document.querySelector("#acting [name=csrfmiddlewaretoken]").value;

async function read() {
  try {
    const answer = await fetch(`/break-it/standing/?run=${encodeURIComponent(chosen)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    told.value = await answer.json();
    markCards(told.value);
  } catch {
    const before = told.value ?? { runs: [], shown: "", course: [] };
    told.value = { ...before, problem: _("The server does not answer; what is shown is from before.") };
  }
}

async function readAgain() {
  await read();
  setTimeout(readAgain, EVERY_MS);
}

function show(name) {
  chosen = name;
  read();
}

function Runs() {
  if (!told.value) return html`<p class="pad">${_("Asking the simulator…")}</p>`;
  const { runs, problem, shown, course } = told.value;
  const run = runs.find((one) => one.name === shown);
  return html`${problem && html`<p class="banner bad" role="status">${problem}</p>`}
    ${run ? html`<${FaultCourse} run=${run} course=${course} />` : html`<p class="pad t2">${_("Nothing was broken yet.")}</p>`}`;
}

const Before = () => told.value && html`<${FaultsBefore} runs=${told.value.runs} shown=${told.value.shown} show=${show} />`;

// The cards are the server's; which of them hold now is told by the simulator.
function markCards({ runs }) {
  for (const card of document.querySelectorAll("[data-kind]")) {
    const held = runs.find((run) => run.holds && run.kind === card.dataset.kind);
    card.classList.toggle("run", Boolean(held));
    card.querySelector("[data-left]").textContent = held ? _("%(left)s left", { left: age(held.seconds_left) }) : "";
  }
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

mount({ runs: Runs, before: Before, meanwhile: Meanwhile, proof: Proof });
readAgain();
