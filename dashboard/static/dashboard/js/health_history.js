// What the page has heard of each service since it was opened, a heartbeat a second: for sparklines and the processor's share.
import { effect, signal } from "../vendor/preact.js";
import { view } from "./store.js";

const KEPT = 120;
// Over so many heartbeats a share of processor time is taken: single ones jump.
const SHARE_OVER = 10;
const heard = new Map();
export const beats = signal(0);

function add(beat) {
  const rows = heard.get(beat.service) ?? [];
  const last = rows[rows.length - 1];
  if (last && last.at === beat.received_s) return false;
  // Another process begins anew, also in processor time.
  const kept = last && last.instance === beat.instance && last.pid === beat.pid ? rows.slice(1 - KEPT) : [];
  kept.push({ at: beat.received_s, instance: beat.instance, pid: beat.pid, lag: beat.lag, loop: beat.loop_age_ms, cpu: beat.cpu_ms });
  heard.set(beat.service, kept);
  return true;
}

effect(() => {
  const added = view.health.value.map(add).some(Boolean);
  if (added) beats.value = beats.peek() + 1;
});

export const historyOf = (service) => heard.get(service) ?? [];

// Processor seconds a second, as a fraction of one core; null while only one heartbeat is known.
export function cpuShare(service) {
  const rows = historyOf(service).slice(-SHARE_OVER);
  const [first, last] = [rows[0], rows[rows.length - 1]];
  if (!first || last.at - first.at < 0.5 || first.cpu === undefined || last.cpu === undefined) return null;
  return Math.max(0, last.cpu - first.cpu) / 1000 / (last.at - first.at);
}
