// A file is received here, so that the page can say how far it is, and that it broke off; without this module the
// browser keeps it by itself.
import { fixed } from "../format.js";
import { _ } from "../words.js";

const LINE_END = 10;
const TAIL_BYTES = 1000;
const AFTER_MS = 60000;
const box = document.querySelector("[data-count]");

const part = (name) => box.querySelector(name);

function say(words) {
  part("[data-said]").textContent = words;
}

function show(rows) {
  const count = Number(box.dataset.count);
  part("progress").value = Math.min(rows, count);
  const done = { rows: fixed(Math.min(rows, count), 0), count: fixed(count, 0) };
  say(_("%(rows)s of %(count)s rows", done));
}

const lines = (bytes) => bytes.reduce((sum, byte) => sum + (byte === LINE_END), 0);

async function received(body, head) {
  const chunks = [];
  let rows = -head;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
    rows += lines(value);
    show(Math.max(0, rows));
  }
}

// A file that broke off says so in its last line.
async function brokeOff(file) {
  const last = (await file.slice(-TAIL_BYTES).text()).trimEnd().split("\n").at(-1);
  return last.startsWith("# ") ? last.slice(2) : last.startsWith('{"broken_off"') ? JSON.parse(last).broken_off : "";
}

function keep(file, answer) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))[1];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), AFTER_MS);
}

async function get(link, signal) {
  const answer = await fetch(link.href, { signal });
  if (!answer.ok) return (await answer.json()).detail;
  const chunks = await received(answer.body, Number(link.dataset.head));
  const file = new Blob(chunks, { type: answer.headers.get("content-type") });
  const broken = await brokeOff(file);
  if (broken) return broken;
  keep(file, answer);
  return _("The file is whole.");
}

function working(on) {
  part("[data-stop]").hidden = part("progress").hidden = !on;
  box.setAttribute("aria-busy", String(on));
}

async function start(link) {
  if (box.getAttribute("aria-busy") === "true") return;
  const stopping = new AbortController();
  part("[data-stop]").onclick = () => stopping.abort();
  part("progress").value = 0;
  working(true);
  try {
    say(await get(link, stopping.signal));
  } catch {
    say(stopping.signal.aborted ? _("Stopped; nothing was kept.") : _("The server gave no answer; nothing was kept. Try again."));
  } finally {
    working(false);
  }
}

for (const link of box?.querySelectorAll("a[download][data-head]") ?? []) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    start(link);
  });
}
