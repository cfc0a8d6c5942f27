// The course of one fault: what was expected by when beside what was seen when, in seconds since it began.
import { html } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { notesBetween } from "../fault_notes.js";
import { age, fixed } from "../format.js";
import { now } from "../store.js";
import { _ } from "../words.js";

const AFTERMATH_S = 90;
const WIDTH = 300;
const SIGNS = { SEEN: ["t2", "●"], LATE: ["badc", "✗"], MISSED: ["badc", "✗"], WAITING: ["t3", "○"] };
const token = () => document.querySelector("#acting [name=csrfmiddlewaretoken]").value;
const seconds = (value) => _("%(seconds)s s", { seconds: fixed(value, 1) });
const placeOf = (row) => row.at_s ?? row.due_s;

function signOf(row) {
  if (row.kind === "CHECK" && row.state === "SEEN") return ["okc", "✓"];
  return SIGNS[row.state];
}

// The expectation in words, and how it stands.
function dueWords(row, passed) {
  if (row.due_s === null) return "";
  const due = fixed(row.due_s, 0);
  if (row.state === "WAITING") return row.due_s > passed ? _("in %(left)s at most", { left: age(row.due_s - passed) }) : _("any moment");
  if (row.kind !== "CHECK") return "";
  if (row.state === "SEEN") return _("expected ≤ %(due)s s", { due });
  return row.state === "LATE" ? _("late: expected ≤ %(due)s s", { due }) : _("missed: expected ≤ %(due)s s", { due });
}

const Line = ({ row, passed, rate }) => html`<div class="course" data-course=${row.kind} data-state=${row.state}>
  <span class=${signOf(row)[0]}><span aria-hidden="true">${signOf(row)[1]}</span></span>
  <span class="nowrap">${row.at_s === null ? "" : `+${seconds(row.at_s)}`}<br /><span class="t3 sm">${row.at_s === null || rate === 1 ? "" : _("market %(time)s", { time: age(row.at_s * rate) })}</span></span>
  <span class="said">${row.text}</span><span class="sm t3 right">${dueWords(row, passed)}</span></div>`;

// Where on the way the fault is, with a tick for each expectation and a longer one for its end.
function Bar({ run, rows, passed }) {
  const longest = Math.max(run.ends_after_s, passed < run.ends_after_s + AFTERMATH_S ? passed : 0, ...rows.map(placeOf), 1);
  const at = (value) => ((Math.min(value, longest) / longest) * WIDTH).toFixed(1);
  return html`<svg class="in course-bar" viewBox=${`0 0 ${WIDTH} 16`} preserveAspectRatio="none" role="img"
    aria-label=${_("%(passed)s passed of %(longest)s; the fault ends after %(ends)s", { passed: age(Math.min(passed, longest)), longest: age(longest), ends: age(run.ends_after_s) })}>
    <rect class="f-line" width=${WIDTH} height="6" y="5" /><rect class="f-soft" width=${at(run.ends_after_s)} height="6" y="5" />
    <rect class=${run.holds ? "f-warn" : "f-fill"} width=${at(Math.min(passed, run.ends_after_s))} height="6" y="5" />
    ${rows.filter((row) => row.kind === "CHECK").map((row, i) => html`<rect key=${i} class="f-text" x=${at(placeOf(row))} width="1.5" height="12" y="2" />`)}
    <rect class="f-text" x=${at(run.ends_after_s)} width="1.5" height="16" /></svg>`;
}

const End = ({ run }) => html`<form method="post" action=${`/break-it/end/${run.id}/`}>
  <input type="hidden" name="csrfmiddlewaretoken" value=${token()} /><button class="btn small">${_("End it")}</button></form>`;

// Heartbeats are no rows of the server: this page has seen them, or has not.
function withNotes(run, course) {
  const seen = notesBetween(run.began_s, run.began_s + run.ends_after_s + AFTERMATH_S);
  const rows = seen.map((note) => ({ kind: "HEARD", at_s: note.at - run.began_s, due_s: null, state: "SEEN", text: note.text }));
  return [...course, ...rows].sort((one, other) => placeOf(one) - placeOf(other));
}

export function FaultCourse({ run, course }) {
  const passed = Math.max(0, now.value - run.began_s);
  const rows = withNotes(run, course);
  const about = [...run.symbols, run.service].filter(Boolean).join(", ");
  return html`<div data-run=${run.name} data-holds=${run.holds}><div class="run"><div class="row between">
      <b>${run.title} ${about}</b>${run.may_end && boot.may.operate && html`<${End} run=${run} />`}</div>
    <p class="t3 sm">${run.id ? _("#%(id)s by %(by)s, %(ago)s ago", { id: run.id, by: run.by, ago: age(passed) }) : _("by %(by)s, %(ago)s ago", { by: run.by, ago: age(passed) })}
      ${" · "}${run.holds ? _("running, %(left)s left", { left: age(run.seconds_left) }) : _("over")} ${Object.entries(run.done).map(([deed, count]) => `${count} ${deed}`).join(", ")}</p>
    <${Bar} run=${run} rows=${rows} passed=${passed} />
    ${run.checks.length === 0 && html`<p class="sm t3">${_("No alert is promised of it; see what it says on its card.")}</p>`}</div>
    ${rows.map((row, i) => html`<${Line} key=${`${row.kind}-${i}`} row=${row} passed=${passed} rate=${run.rate} />`)}</div>`;
}
