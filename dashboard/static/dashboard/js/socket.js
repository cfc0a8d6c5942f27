// The page's socket: hello, then snapshot or replay, then numbered batches. A gap asks for a new beginning; a lost
// connection comes back with jittered, growing pauses. `<html data-conn>` says how it stands.
import { boot } from "./boot.js";
import { applyChanges, applySnapshot, connection, serverSaid } from "./store.js";
import { inMyWords } from "./words.js";

const SILENCE_MS = 6000;
const PAUSE_MIN_MS = 300;
const PAUSE_MAX_MS = 10000;
const VERSION = 1;
const NOT_LOGGED_IN = 4401;
// The page is another version's, or draws buttons that its person no longer has: it is fetched again.
const PAGE_IS_OLD = [4403, 4406];
const RELOAD_MS = 3000;

let socket = null;
let known = null;
let received = 0;
// The server gives up on who says nothing for five times as long.
const ACK_MS = 4000;
let ackedAt = -Infinity;
let heardAt = null;
const openedAt = performance.now();
let failures = 0;
const listeners = { chart: [], toast: [], snapshot: [] };

// Seconds since the server was last heard; before its first word, since the page was opened.
export const silentS = () => (performance.now() - (heardAt ?? openedAt)) / 1000;

export function on(kind, listener) {
  listeners[kind].push(listener);
}

export function ask(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function show(state) {
  if (connection.value !== state) connection.value = state;
  document.documentElement.dataset.conn = state;
}

function tell(kind, message) {
  for (const listener of listeners[kind]) listener(message);
}

function startAnew() {
  known = null;
  socket.close();
}

const handlers = {
  hello: (message) => {
    const resume = known && known.epoch === message.epoch ? known : null;
    if (!resume) known = null;
    else show("live");
    ask({ version: VERSION, resume, want: boot.want });
  },
  snapshot: (message) => {
    known = { epoch: message.epoch, seq: message.seq };
    serverSaid(message.server_s);
    applySnapshot(message.state);
    show("live");
    tell("snapshot", message);
  },
  batch: (message) => {
    if (!known || message.seq_to <= known.seq) return;
    if (message.seq_from > known.seq + 1) {
      startAnew();
      return;
    }
    known.seq = message.seq_to;
    applyChanges(message.changes);
  },
  tick: (message) => serverSaid(message.server_s),
  toast: (message) => tell("toast", inMyWords(message.alert)),
  chart: (message) => tell("chart", message),
};

function acknowledge() {
  received += 1;
  heardAt = performance.now();
  failures = 0;
  if (heardAt - ackedAt >= ACK_MS) {
    ackedAt = heardAt;
    ask({ ack: received });
  }
}

// A page that was fetched a moment ago is not the old one: whatever the server means, it is not helped by another.
const mayReload = () => performance.now() > RELOAD_MS;

function again() {
  const pause = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** failures);
  failures += 1;
  setTimeout(connect, pause * (0.5 + Math.random() / 2));
}

export function connect() {
  received = 0;
  ackedAt = -Infinity;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/overview/`);
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    handlers[message.type]?.(message);
    acknowledge();
  };
  socket.onclose = (event) => {
    if (event.code === NOT_LOGGED_IN) {
      location.assign("/login/");
      return;
    }
    show("stale");
    if (PAGE_IS_OLD.includes(event.code) && mayReload()) location.reload();
    else again();
  };
}

// A connection that is open and silent is as good as none: ticks come every two seconds. Measured by time that only runs
// forward: a clock set back would keep the page "live".
setInterval(() => {
  if (socket?.readyState === WebSocket.OPEN && heardAt !== null && performance.now() - heardAt > SILENCE_MS) {
    show("stale");
    socket.close();
  }
}, 1000);
