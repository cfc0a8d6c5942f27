// The chart of one chain: the candles around it, the lookback that momentum was computed over, what was filled, and the
// levels that came of it. A picture of the past: nothing in it moves.
import { CandlestickSeries, HistogramSeries, LineStyle, createSeriesMarkers } from "../../vendor/lightweight-charts.js";
import { boot } from "../boot.js";
import { faded, newChart, token } from "../charts.js";
import { priceDigits, quantity } from "../format.js";
import { _ } from "../words.js";

const told = JSON.parse(document.getElementById("chain-chart").textContent);
const COLOURS = { entry: "--accent", exit: "--accent", price: "--accent", stop: "--down" };
const NAMES = { entry: _("entry"), exit: _("exit"), price: _("price"), stop: _("stop") };
const bars = told.candles.map(([time, open, high, low, close, volume]) => ({ time, open, high, low, close, volume }));
const levels = told.levels.map(([, price]) => price);

// Price lines alone do not widen the scale.
function withLevels(original) {
  const info = original();
  if (!info || !levels.length) return info;
  const { minValue, maxValue } = info.priceRange;
  return { ...info, priceRange: { minValue: Math.min(minValue, ...levels), maxValue: Math.max(maxValue, ...levels) } };
}

// Fills of one bar are one marker.
function markersOf() {
  const groups = new Map();
  for (const fill of told.fills) {
    const time = Math.floor(fill.at / boot.interval_s) * boot.interval_s;
    if (!bars.some((bar) => bar.time === time)) continue;
    groups.set(time, { side: fill.side, sum: (groups.get(time)?.sum ?? 0) + Number(fill.quantity) });
  }
  return [...groups].map(([time, { side, sum }]) => ({
    time, position: side === "BUY" ? "belowBar" : "aboveBar", shape: side === "BUY" ? "arrowUp" : "arrowDown", color: token("--text"),
    text: side === "BUY" ? _("%(quantity)s bought", { quantity: quantity(sum) }) : _("%(quantity)s sold", { quantity: quantity(sum) }),
  }));
}

const chart = newChart(document.getElementById("chain-candles"), paint);
const digits = priceDigits(bars[bars.length - 1].close);
const shade = chart.addSeries(HistogramSeries, {
  priceScaleId: "lookback", priceLineVisible: false, lastValueVisible: false, base: 0,
});
const candles = chart.addSeries(CandlestickSeries, {
  autoscaleInfoProvider: withLevels, priceLineVisible: false, lastValueVisible: false, borderVisible: false,
  priceFormat: { type: "price", precision: digits, minMove: 1 / 10 ** digits },
});
const volumes = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false }, 1);
const markers = createSeriesMarkers(candles, []);
let lines = [];

function paint() {
  candles.applyOptions({ upColor: token("--up"), downColor: token("--down"), wickUpColor: token("--up"), wickDownColor: token("--down") });
  volumes.setData(bars.map((bar) => ({ time: bar.time, value: bar.volume, color: faded(bar.close >= bar.open ? "--up" : "--down", 0.3) })));
  const [from, to] = told.lookback ?? [1, 0];
  shade.setData(bars.filter((bar) => bar.time > from && bar.time <= to).map((bar) => ({ time: bar.time, value: 1, color: faded("--accent", 0.12) })));
  markers.setMarkers(markersOf());
  for (const line of lines) candles.removePriceLine(line);
  lines = told.levels.map(([name, price]) => candles.createPriceLine({
    price, title: NAMES[name], color: token(COLOURS[name]), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true,
  }));
}

candles.setData(bars);
shade.priceScale().applyOptions({ visible: false, scaleMargins: { top: 0, bottom: 0 } });
chart.panes()[0].setStretchFactor(4);
chart.panes()[1].setStretchFactor(1);
chart.applyOptions({ handleScroll: false, handleScale: false });
paint();
chart.timeScale().fitContent();
