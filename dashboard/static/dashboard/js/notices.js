// What somebody must be told of. A critical alert is kept over page loads, in this browser, until somebody has
// acknowledged it; one that ended by itself stays until it is put away here. And which alerts are new since the bell was
// last opened.
import { computed, effect, signal } from "../vendor/preact.js";
import { on } from "./socket.js";
import { view } from "./store.js";

const KEPT = "cdb.criticals";
const LOOKED = "cdb.alerts-looked-at";
const KEPT_MAX = 50;
const SEEN_STAYS_MS = 12000;

function stored(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? fallback;
  } catch {
    return fallback;
  }
}

const asList = (value) => (Array.isArray(value) ? value.filter((row) => typeof row?.id === "string") : []);

function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Without room to store, it holds for this page alone.
  }
}

export const criticals = signal(asList(stored(KEPT, [])));
export const lookedAt = signal(stored(LOOKED, null));
// Who has just seen what: shown for a while, then gone.
export const seenNow = signal([]);

function put(rows) {
  if (JSON.stringify(rows) === JSON.stringify(criticals.peek())) return;
  const kept = rows.slice(0, KEPT_MAX);
  // Not read back: who calls from an effect would wait for its own change.
  criticals.value = kept;
  keep(KEPT, kept);
}

// `over`: its condition lasted, and has ended. What was only a moment is never over.
const noticeOf = ({ id, code, level, text, state, raised_at }, before) =>
  ({ id, code, level, text, state, raised_at, over: Boolean(before?.over) || (before?.state === "RAISED" && state === "CLOSED") });

function tellSeen(row) {
  if (seenNow.peek().some((other) => other.id === row.id)) return;
  seenNow.value = [{ id: row.id, code: row.code, text: row.text, by: row.acknowledged_by }, ...seenNow.peek()];
  setTimeout(() => { seenNow.value = seenNow.peek().filter((other) => other.id !== row.id); }, SEEN_STAYS_MS);
}

function take(row) {
  const rest = criticals.peek().filter((other) => other.id !== row.id);
  const known = rest.length < criticals.peek().length;
  if (row.acknowledged_by) {
    if (known) tellSeen(row);
    put(rest);
  } else if (known || row.state === "RAISED") {
    const notice = noticeOf(row, criticals.peek().find((other) => other.id === row.id));
    put(known ? criticals.peek().map((other) => (other.id === row.id ? notice : other)) : [notice, ...rest]);
  }
}

export function dismiss(ids) {
  put(criticals.peek().filter((row) => !ids.includes(row.id)));
}

export function looked() {
  const newest = view.alerts.peek().reduce((latest, row) => (row.raised_at > latest ? row.raised_at : latest), lookedAt.peek() ?? "");
  lookedAt.value = newest;
  keep(LOOKED, newest);
}

export const unseen = computed(() => {
  const since = lookedAt.value;
  return view.alerts.value.filter((row) => (since === null ? row.state === "RAISED" : row.raised_at > since)).length;
});

effect(() => { for (const row of view.alerts.value) if (row.level === "CRITICAL") take(row); });

// A momentary one is over with its raising; the screen hears of it all the same.
on("toast", (row) => {
  if (row.level === "CRITICAL" && !row.acknowledged_by) put([noticeOf(row), ...criticals.peek().filter((other) => other.id !== row.id)]);
});

// All open alerts are in a snapshot: what was open and is not there has ended meanwhile.
on("snapshot", (message) => {
  const open = new Set(message.state.alerts.filter((row) => row.state !== "CLOSED").map((row) => row.id));
  put(criticals.peek().map((row) => (row.state === "RAISED" && !open.has(row.id) ? { ...row, state: "CLOSED", over: true } : row)));
});

// What another tab put away or kept.
addEventListener("storage", (event) => {
  if (event.key === KEPT) criticals.value = asList(stored(KEPT, []));
  if (event.key === LOOKED) lookedAt.value = stored(LOOKED, null);
});
