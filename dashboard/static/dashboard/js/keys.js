// The keyboard: find, go to a page, walk rows, ask why. Never while somebody types; switched off in Settings.
import { boot } from "./boot.js";

const PREFIX_MS = 1500;
const ROWS = "main table.t tbody tr, main .feedrow, main .alertrow, main a.mp";
const REACHABLE = "a[href], button:not([disabled])";
let prefixAt = -Infinity;

const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
const busy = () => document.querySelector("dialog[open]") !== null;

const reachable = (row) => (row.matches(REACHABLE) ? row : row.querySelector(REACHABLE));
const visible = (element) => element.getClientRects().length > 0;

function rows() {
  return [...document.querySelectorAll(ROWS)].filter((row) => visible(row) && reachable(row));
}

const currentRow = () => document.activeElement?.closest(ROWS) ?? null;

// Rows go in the order of the page; j from nowhere is the first one.
function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(currentRow());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step));
  const target = reachable(all[next]);
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

function why() {
  const row = currentRow();
  const link = row && [row, ...row.querySelectorAll("a[href]")].find((one) => one.getAttribute("href")?.includes(boot.urls.why.replace("WHICH/", "")));
  const address = row?.dataset.why ?? link?.getAttribute("href");
  if (address) location.assign(address);
}

function goTo(letter) {
  const page = boot.pages.find((one) => one.key === letter);
  if (page) location.assign(page.url);
  return Boolean(page);
}

// Fetched when they are asked for; what is typed until then is for them.
let opening = null;
function fetched(module, open) {
  if (opening !== null || busy()) return;
  opening = "";
  module.then((found) => open(found, opening)).finally(() => { opening = null; });
}
const openFind = () => fetched(import("./find.js"), (find, typed) => find.openFind(typed));
const openKeyList = () => fetched(import("./key_list.js"), (list) => list.openKeyList());

const ACTS = { "/": openFind, "?": openKeyList, j: () => walk(1), k: () => walk(-1), w: why };

function pressed(event) {
  if (opening !== null && event.key.length === 1) {
    opening += event.key;
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || busy()) return;
  const afterPrefix = event.timeStamp - prefixAt < PREFIX_MS;
  prefixAt = -Infinity;
  if (afterPrefix && goTo(event.key)) { event.preventDefault(); return; }
  if (event.key === "g") { prefixAt = event.timeStamp; return; }
  const act = Object.hasOwn(ACTS, event.key) ? ACTS[event.key] : null;
  if (!act) return;
  event.preventDefault();
  act();
}

export function startKeys() {
  document.getElementById("find")?.addEventListener("click", openFind);
  document.getElementById("all-keys")?.addEventListener("click", openKeyList);
  if (boot.keys !== false) document.addEventListener("keydown", pressed);
}
