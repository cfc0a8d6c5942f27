// What people do: a button asks for the act's question, the dialog sends the wish once, and stays locked until the
// engine's echo is seen or the refusal can be read. Without this script the button is a link to the same question.
import { effect, html } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { loadDocument } from "./fragment.js";
import { connection, view } from "./store.js";
import { _ } from "./words.js";

const ADMINISTERS = new Set(["reset_account", "deposit", "withdraw", "ask_live_trading"]);
// Longer than a busy engine needs; then the answer is shown without its echo.
const ECHO_WITHIN_MS = 10000;
const ASK_AGAIN_MS = 500;
const SAID = "act-said";
const STRICTNESS = ["ACTIVE", "REDUCING", "HALTED"];

export const mayAct = (act) => (ADMINISTERS.has(act) ? boot.may.administer : boot.may.operate);

const addressOf = (act, params) => `/acts/${act}/?${new URLSearchParams({ ...params, next: location.pathname + location.search })}`;

// The button of an act in a live panel; nothing for who may not.
export const ActButton = ({ act, params = {}, label, kind = "", reload = false }) =>
  mayAct(act) && html`<a class=${`btn ${kind}`} href=${addressOf(act, params)} data-act=${act} data-reload=${reload || null}>${label}</a>`;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const load = async (address) => (await loadDocument(address, ECHO_WITHIN_MS)).page?.querySelector("form.act-form");

function dialogWith(...children) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "act-title");
  dialog.append(...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("cancel", (event) => { if (dialog.dataset.locked) event.preventDefault(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function cannotAsk(address) {
  const title = document.createElement("h2");
  title.id = "act-title";
  title.textContent = _("The server does not answer.");
  const again = document.createElement("a");
  again.className = "btn big";
  again.href = address;
  again.textContent = _("Try again on a page of its own");
  const close = document.createElement("button");
  close.className = "btn big";
  close.textContent = _("Close");
  const acts = document.createElement("div");
  acts.className = "acts";
  acts.append(close, again);
  const dialog = dialogWith(title, acts);
  close.onclick = () => dialog.close();
}

let opening = false;

export async function openAct(address, { reload = false } = {}) {
  if (opening || document.querySelector("dialog[open]")) return;
  opening = true;
  try {
    const [path, query = ""] = address.split("?");
    const form = await load(`${path}dialog/?${query}`);
    if (!form) location.assign(address);
    else ask(document.importNode(form, true), reload);
  } catch {
    cannotAsk(address);
  } finally {
    opening = false;
  }
}

function ask(form, reload) {
  const dialog = dialogWith(form);
  form.querySelector("[autofocus]")?.focus();
  form.querySelector("[data-cancel]").addEventListener("click", (event) => {
    event.preventDefault();
    if (!dialog.dataset.locked) dialog.close();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!dialog.dataset.locked) send(dialog, form, reload);
  });
}

function lock(dialog, form) {
  const button = form.querySelector("button[type=submit]");
  const idle = button.textContent;
  dialog.dataset.locked = "1";
  button.disabled = true;
  button.textContent = form.dataset.busy;
  return () => {
    delete dialog.dataset.locked;
    button.disabled = false;
    button.textContent = idle;
  };
}

async function send(dialog, form, reload) {
  const said = form.querySelector("[data-said]");
  const body = new FormData(form);
  said.textContent = "";
  const unlock = lock(dialog, form);
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    let answer = await response.json();
    while (answer.state === "UNDER_WAY") {
      said.textContent = answer.words;
      await pause(ASK_AGAIN_MS);
      answer = await (await fetch(`/acts/answers/${body.get("key")}/`)).json();
    }
    if (answer.state !== "DONE") {
      said.textContent = answer.words;
      form.elements.key.value = newKey();
      unlock();
      return;
    }
    await echoOf(form.dataset.act, body.get("how"));
    finish(dialog, answer, reload);
  } catch {
    // The key stays: whether the wish arrived or not, it is done once.
    said.textContent = _("The server gave no answer. Try again: the same wish is not done twice.");
    unlock();
  }
}

function stateWanted(act, how) {
  if (act === "exits_only" || (act === "halt" && how === "exits_only")) return "REDUCING";
  return act === "halt" ? "HALTED" : null;
}

// Until the socket tells of the new trading state; a screen that hears nothing does not wait for it.
function echoOf(act, how) {
  const wanted = stateWanted(act, how);
  if (!wanted || connection.peek() !== "live") return null;
  return new Promise((resolve) => {
    let stop = null;
    const done = () => { resolve(); queueMicrotask(() => stop?.()); };
    stop = effect(() => {
      const state = view.books.value?.trading_state;
      if (STRICTNESS.indexOf(state) >= STRICTNESS.indexOf(wanted)) done();
    });
    setTimeout(done, ECHO_WITHIN_MS);
  });
}

// An answer names the page to go on to where the present one is about something that is gone.
function finish(dialog, { words, next = "" }, reload) {
  dialog.close();
  if (reload) {
    sessionStorage.setItem(SAID, words);
    if (next && next !== location.pathname) location.assign(next);
    else location.reload();
  } else {
    say(words);
  }
}

function say(words) {
  const lane = document.getElementById("said");
  if (!lane) return;
  lane.textContent = words;
  setTimeout(() => { if (lane.textContent === words) lane.textContent = ""; }, ECHO_WITHIN_MS);
}

const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");

export function startActs() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-act]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    openAct(link.getAttribute("href"), { reload: "reload" in link.dataset });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "H" || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!boot.may.operate || typing(event.target) || boot.keys === false) return;
    event.preventDefault();
    openAct(addressOf("halt", {}));
  });
  const words = sessionStorage.getItem(SAID);
  sessionStorage.removeItem(SAID);
  if (words) say(words);
}
