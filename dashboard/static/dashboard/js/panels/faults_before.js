// The last faults and whether they brought what was expected; each can be looked at again.
import { html } from "../../vendor/preact.js";
import { secondOf } from "../format.js";
import { _, ngettext } from "../words.js";

function verdict({ checks, holds }) {
  const failed = checks.filter((check) => check.state === "MISSED" || check.state === "LATE");
  if (failed.length) return ["badc", `✗ ${failed.map((check) => check.code).join(", ")}`];
  const waiting = checks.filter((check) => check.state === "WAITING").length;
  if (waiting || holds) return ["t3", `○ ${waiting ? ngettext("%(count)s is awaited", "%(count)s are awaited", waiting) : _("running")}`];
  return checks.length ? ["okc", `✓ ${_("as expected")}`] : ["t3", _("nothing was promised")];
}

export function FaultsBefore({ runs, shown, show }) {
  if (!runs.length) return html`<p class="pad t2">${_("Nothing was broken yet.")}</p>`;
  return html`<table class="t"><thead><tr><th>${_("Time")}</th><th>${_("Fault")}</th><th class="opt-col">${_("By")}</th><th>${_("Outcome")}</th><th><span class="hidden">${_("Course")}</span></th></tr></thead>
    <tbody>${runs.map((run) => html`<tr key=${run.name} class=${run.name === shown ? "on" : ""} data-before=${run.name}><td>${secondOf(run.began_s)}</td>
      <td class="wrap"><b>${run.title}</b> <span class="t3">${[...run.symbols, run.service].filter(Boolean).join(", ")}</span></td><td class="t2 opt-col">${run.by}</td>
      <td class=${`wrap ${verdict(run)[0]}`}>${verdict(run)[1]}</td>
      <td class="num"><button type="button" class="btn small quiet" aria-pressed=${run.name === shown} onClick=${() => show(run.name)}>${_("Course")}</button></td></tr>`)}</tbody></table>`;
}
