// Candles of the chosen symbol with volume, fills, entry and stop. The last bar grows with the quotes until the
// closed candle replaces it.
import { CandlestickSeries, HistogramSeries, LineStyle, createSeriesMarkers } from "../../vendor/lightweight-charts.js";
import { effect } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { atMostEvery, faded, newChart, token } from "../charts.js";
import { priceDigits, quantity } from "../format.js";
import { ask, on } from "../socket.js";
import { onCandle, quoteOf, selectedSymbol, view } from "../store.js";

const REPAINT_MS = 250;
let chart, candles, volumes, markers;
let bars = new Map();
let forming = null;
let fills = [];
let lines = [];
let levels = [];
let drawnLevels = "";

const bar = ([time, open, high, low, close, volume]) => ({ time, open, high, low, close, volume });
const volumeBar = (row) => ({ time: row.time, value: row.volume, color: faded(row.close >= row.open ? "--up" : "--down", 0.45) });

function paint() {
  candles.applyOptions({
    upColor: token("--up"), downColor: token("--down"), wickUpColor: token("--up"), wickDownColor: token("--down"),
    borderVisible: false,
  });
  volumes.setData([...bars.values()].map(volumeBar));
  drawMarkers();
  drawnLevels = "";
  drawLevels();
}

// The stop stays on screen: price lines alone do not widen the scale.
function scaleWithLevels(original) {
  const info = original();
  if (!info || !levels.length) return info;
  const { minValue, maxValue } = info.priceRange;
  return { ...info, priceRange: { minValue: Math.min(minValue, ...levels), maxValue: Math.max(maxValue, ...levels) } };
}

const WORDS_BARS = 14;

function markerOf(time, side, group) {
  const total = group.reduce((sum, fill) => sum + Number(fill.quantity), 0);
  const buy = side === "BUY";
  return {
    time, position: buy ? "belowBar" : "aboveBar", shape: buy ? "arrowUp" : "arrowDown",
    color: token(buy ? "--accent" : "--warn"), text: `${buy ? "B" : "S"} ${quantity(total)}${group.length > 1 ? ` (${group.length})` : ""}`,
  };
}

// Fills that share a bar and a side are one marker.
function drawMarkers() {
  const groups = new Map();
  for (const fill of fills) {
    const time = Math.floor(Date.parse(fill.executed_at) / 1000 / boot.interval_s) * boot.interval_s;
    if (!bars.has(time) && forming?.time !== time) continue;
    const key = `${time} ${fill.side}`;
    groups.set(key, { time, side: fill.side, group: [...(groups.get(key)?.group ?? []), fill] });
  }
  const placed = [...groups.values()].sort((a, b) => a.time - b.time).map((g) => markerOf(g.time, g.side, g.group));
  markers.setMarkers(placed.map((marker, i) => isCrowded(marker, placed[i + 1]) ? { ...marker, text: "" } : marker));
}

// A marker keeps its arrow but not its words when the next one is so near that they would overlap.
function isCrowded(marker, next) {
  return next !== undefined && next.position === marker.position && next.time - marker.time < WORDS_BARS * boot.interval_s;
}

function drawLevels() {
  const held = view.portfolio.value?.positions.find((row) => row.symbol === selectedSymbol.value);
  const wanted = held ? `${held.avg_entry_price} ${held.stop_price}` : "none";
  if (wanted === drawnLevels) return;
  drawnLevels = wanted;
  for (const line of lines) candles.removePriceLine(line);
  levels = held ? [Number(held.avg_entry_price), Number(held.stop_price)] : [];
  const styles = [["entry", "--accent"], ["stop", "--down"]];
  lines = levels.map((price, i) => candles.createPriceLine({
    price, title: styles[i][0], color: token(styles[i][1]), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true,
  }));
}

function show(message) {
  if (message.symbol !== selectedSymbol.value) return;
  bars = new Map(message.candles.map((row) => [row[0], bar(row)]));
  fills = message.fills;
  forming = null;
  const last = message.candles[message.candles.length - 1];
  const digits = last ? priceDigits(last[4]) : 2;
  candles.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 1 / 10 ** digits } });
  candles.setData([...bars.values()]);
  paint();
  chart.timeScale().setVisibleLogicalRange({ from: bars.size - 90, to: bars.size + 4 });
}

function closed(row) {
  if (row.symbol !== selectedSymbol.value) return;
  const next = bar([row.t, ...[row.o, row.h, row.l, row.c, row.v].map(Number)]);
  bars.set(row.t, next);
  if (forming && forming.time <= row.t) forming = null;
  const newest = Math.max(...bars.keys(), forming?.time ?? 0);
  if (row.t < newest) candles.setData([...bars.values()].sort((a, b) => a.time - b.time));
  else candles.update(next);
  volumes.update(volumeBar(next), row.t < newest);
  drawMarkers();
}

function grow() {
  const quote = quoteOf(selectedSymbol.value);
  if (!quote || !bars.size) return;
  const time = Math.floor(Date.parse(quote.event_at) / 1000 / boot.interval_s) * boot.interval_s;
  if (time <= Math.max(...bars.keys())) return;
  const last = Number(quote.last);
  if (forming?.time !== time) forming = { time, open: last, high: last, low: last, close: last };
  else forming = { ...forming, high: Math.max(forming.high, last), low: Math.min(forming.low, last), close: last };
  candles.update(forming);
}

function takeFills() {
  const known = new Set(fills.map((fill) => `${fill.order_id} ${fill.trade_id}`));
  const added = view.orders.value.filter((order) => order.symbol === selectedSymbol.value)
    .flatMap((order) => order.fills.map((fill) => ({ ...fill, order_id: order.id, side: order.side })))
    .filter((fill) => !known.has(`${fill.order_id} ${fill.trade_id}`));
  if (!added.length) return;
  fills = [...fills, ...added];
  drawMarkers();
}

export function startCandleChart(element) {
  chart = newChart(element, paint);
  candles = chart.addSeries(CandlestickSeries, { autoscaleInfoProvider: scaleWithLevels });
  volumes = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false }, 1);
  markers = createSeriesMarkers(candles, []);
  chart.panes()[0].setStretchFactor(4);
  chart.panes()[1].setStretchFactor(1);
  paint();
  on("chart", show);
  on("snapshot", () => { if (selectedSymbol.value) ask({ chart: selectedSymbol.value }); });
  onCandle(closed);
  effect(() => { if (selectedSymbol.value) ask({ chart: selectedSymbol.value }); });
  const growSometimes = atMostEvery(REPAINT_MS, grow);
  effect(() => { view.quotes.value; growSometimes(); });
  effect(() => { view.orders.value; takeFills(); });
  effect(() => { view.portfolio.value; selectedSymbol.value; drawLevels(); });
}
