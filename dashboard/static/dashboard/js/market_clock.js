// Market time and what comes next, from the clock the server shares.
import { base } from "./format.js";
import { now, view } from "./store.js";

const ANCHOR_LIFETIME_S = 5;

export function marketNow(clock, wallS) {
  const elapsed = wallS - clock.wall_s;
  return clock.market_s + (clock.simulated ? Math.min(elapsed, ANCHOR_LIFETIME_S) : elapsed) * clock.rate;
}

function untilNextCandle(clock, wallS) {
  const market = marketNow(clock, wallS);
  const close = (Math.floor(market / clock.interval_s) + 1) * clock.interval_s;
  return Math.ceil((close - market) / clock.rate);
}

const points = (momentum) => {
  const value = Number(momentum) * 100;
  return `${value >= 0 ? "+" : "\u2212"}${Math.abs(value).toFixed(2)}`;
};

// "Next candle in 4 s. Nearest to the threshold: SOL +0.82 of +1.00 %"
export function whatComesNext() {
  const { clock, outlook, limits } = { clock: view.clock.value, outlook: view.outlook.value, limits: view.limits.value };
  const parts = [];
  if (clock) parts.push(`Next candle in ${untilNextCandle(clock, now.value)} s.`);
  if (limits && outlook?.nearest.length) {
    const first = outlook.nearest[0];
    parts.push(`Nearest to the threshold: ${base(first.symbol)} ${points(first.momentum)} of ${points(limits.threshold)} %`);
  } else if (outlook && !outlook.ranked_at) {
    parts.push("The first ranking follows when the lookback is filled.");
  }
  return parts.join(" ");
}

const REASONS = { VOLUME: "too little volume", SPREAD: "spread too wide", STATUS: "not trading", PAUSED: "paused", RANK: "ranked too low" };

export function whoIsOut() {
  const out = view.outlook.value?.out ?? [];
  return out.map((row) => `${base(row.symbol)} ${points(row.momentum)} % is out: ${REASONS[row.excluded] ?? row.excluded}`).join(" · ");
}
