// Risk: the panels that move are read anew from the server when the account's mark or its trading state changes, and
// every few seconds besides, for breakers and proposals; the form beside them is left alone.
import { effect } from "../../vendor/preact.js";
import { loadDocument, patch } from "../fragment.js";
import { connection, view } from "../store.js";

const ADDRESS = "/risk/now/";
const GAP_MS = 2000;
const EVERY_MS = 5000;
const WITHIN_MS = 10000;
let reading = false;
let readAt = performance.now();
let due = 0;

async function read() {
  if (reading || document.hidden || connection.peek() !== "live") return;
  reading = true;
  readAt = performance.now();
  try {
    const { status, page } = await loadDocument(ADDRESS, WITHIN_MS);
    if (status === 200 && page) for (const fresh of page.querySelectorAll("section[id]")) replace(fresh);
  } catch {
    // The banner says that nothing is heard; the next turn asks again.
  } finally {
    reading = false;
  }
}

function replace(fresh) {
  const old = document.getElementById(fresh.id);
  if (old) patch(old, fresh);
}

function readSoon() {
  if (due) return;
  due = setTimeout(() => { due = 0; read(); }, Math.max(0, GAP_MS - (performance.now() - readAt)));
}

effect(() => {
  if (view.portfolio.value || view.books.value) readSoon();
});
setInterval(() => { if (performance.now() - readAt > EVERY_MS) read(); }, EVERY_MS);
