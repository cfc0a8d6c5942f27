// Market time and what comes next, from the clock the server shares.
import { base, percent, percentShort, signed } from "./format.js";
import { now, view } from "./store.js";
import { _ } from "./words.js";

const ANCHOR_LIFETIME_S = 5;

export function marketNow(clock, wallS) {
  const elapsed = wallS - clock.wall_s;
  return clock.market_s + (clock.simulated ? Math.min(elapsed, ANCHOR_LIFETIME_S) : elapsed) * clock.rate;
}

export function untilNextCandle(clock, wallS) {
  const market = marketNow(clock, wallS);
  const close = (Math.floor(market / clock.interval_s) + 1) * clock.interval_s;
  return Math.ceil((close - market) / clock.rate);
}

// "Next candle in 4 s. Nearest to a buy: SOL +0.82 % of 1 %."
export function whatComesNext() {
  const { clock, outlook, limits } = { clock: view.clock.value, outlook: view.outlook.value, limits: view.limits.value };
  const parts = [];
  if (clock) parts.push(_("Next candle in %(seconds)s s.", { seconds: untilNextCandle(clock, now.value) }));
  if (limits && outlook?.nearest.length) {
    const { symbol, momentum } = outlook.nearest[0];
    parts.push(_("Nearest to a buy: %(symbol)s %(momentum)s of %(threshold)s.", {
      symbol: base(symbol), momentum: signed(momentum, percent), threshold: percentShort(limits.threshold),
    }));
  } else if (outlook && !outlook.ranked_at) {
    parts.push(_("The first ranking follows when the lookback is filled."));
  }
  return parts.join(" ");
}

const REASONS = {
  VOLUME: _("too little volume"), SPREAD: _("spread too wide"), STATUS: _("not trading"), PAUSED: _("paused"),
  RANK: _("ranked too low"), NOT_WANTED: _("not wanted"),
};
export const whyOut = (excluded) => REASONS[excluded] ?? excluded;
