// Candles of the chosen symbol with volume, momentum and its thresholds, fills and refused buys, entry and stop. The
// server folds wide candles; the last one grows with the quotes until its closed candle comes.
import { CandlestickSeries, HistogramSeries, LineSeries, createSeriesMarkers } from "../../vendor/lightweight-charts.js";
import { effect, signal } from "../../vendor/preact.js";
import { boot } from "../boot.js";
import { atMostEvery, faded, newChart, token } from "../charts.js";
import { keepLines } from "../chart_lines.js";
import { chartMarkers } from "../chart_markers.js";
import { keepPills } from "../chart_pills.js";
import { price, priceAt, tickDigits } from "../format.js";
import { ask, on } from "../socket.js";
import { onCandle, quoteOf, selectedSymbol, view } from "../store.js";
import { onPhone } from "../width.js";
import { _ } from "../words.js";

const REPAINT_MS = 250;
// The momentum of a candle that has just closed is the server's to tell.
const REFRESH_MS = 5000;
const SHOWN = 90;
const STORED = "cdb-interval";

export const interval = signal(boot.intervals.includes(localStorage.getItem(STORED)) ? localStorage.getItem(STORED) : boot.interval);
export const legend = signal(null);

let chart, candles, volumes, momentum, markers, levels, thresholds;
let bars = new Map();
let told = null;
let forming = null;
let decisions = [];
let fills = [];
let digits = 2;

export function chooseInterval(name) {
  localStorage.setItem(STORED, name);
  interval.value = name;
}

const bar = ([time, open, high, low, close, volume, moved]) => ({ time, open, high, low, close, volume, moved });
const volumeBar = (row) => ({ time: row.time, value: row.volume, color: faded(row.close >= row.open ? "--up" : "--down", 0.35) });
const windowOf = (epochS) => Math.floor(epochS / told.length_s) * told.length_s;
const newestTime = () => [...bars.keys()].pop() ?? 0;

function paint() {
  candles.applyOptions({ upColor: token("--up"), downColor: token("--down"), wickUpColor: token("--up"), wickDownColor: token("--down"), borderVisible: false });
  momentum.applyOptions({ color: token("--fill"), lineWidth: 1.5 });
  volumes.setData([...bars.values()].map(volumeBar));
  drawThresholds(true);
  drawMarkers();
  drawLevels(true);
}

// Both thresholds are always in the pane, so that the way to a buy can be seen.
function drawThresholds(anew = false) {
  const limits = view.limits.value;
  const wanted = limits ? [["threshold", limits.threshold, "--accent"], ["exit", limits.exit, "--text-3"]] : [];
  thresholds.draw(wanted.map(([name, value, colour]) => ({ name, price: Number(value) * 100, colour })), anew);
}

function drawMarkers() {
  if (!told) return;
  markers.setMarkers(chartMarkers({ fills, decisions, windowOf, known: (time) => bars.has(time) || forming?.time === time, token, crowdedS: told.length_s * 12 }));
}

function drawLevels(anew = false) {
  const held = view.portfolio.value?.positions.find((row) => row.symbol === selectedSymbol.value);
  const wanted = held ? [["entry", _("entry"), held.avg_entry_price, "--accent"], ["stop", _("stop"), held.stop_price, "--bad"]] : [];
  levels.draw(wanted.map(([name, word, value, colour]) => ({ name, word, price: Number(value), colour })), anew);
}

function last() {
  return forming ?? bars.get(newestTime()) ?? null;
}

// Level pills with the price of each; "now" is the last candle's close.
function wantedPills() {
  const now = last();
  if (!now || told?.symbol !== selectedSymbol.value) return [];
  return [...levels.levels, { name: "now", word: _("now"), price: now.close }]
    .map((level) => ({ ...level, text: `${level.word} ${priceAt(level.price, digits)}`, y: candles.priceToCoordinate(level.price) }));
}

const shortOf = (row) => row && { symbol: told.symbol, o: row.open, h: row.high, l: row.low, c: row.close, digits };

function setAll() {
  const rows = [...bars.values()];
  candles.setData(rows);
  volumes.setData(rows.map(volumeBar));
  momentum.setData(rows.map((row) => (row.moved === null ? { time: row.time } : { time: row.time, value: row.moved * 100 })));
}

function show(message) {
  if (message.symbol !== selectedSymbol.value) return;
  const same = told?.symbol === message.symbol && told.interval === message.interval;
  told = message;
  bars = new Map(message.candles.map((row) => [row[0], bar(row)]));
  ({ fills, decisions } = message);
  if (!same || forming?.time <= newestTime()) forming = null;
  const close = last()?.close;
  digits = message.tick ? tickDigits(message.tick) : close ? (price(close).split(/[.,]/).pop() ?? "").length : 2;
  candles.applyOptions({ priceFormat: { type: "custom", minMove: 1 / 10 ** digits, formatter: (value) => priceAt(value, digits) } });
  setAll();
  if (forming) candles.update(forming);
  paint();
  if (!same) chart.timeScale().setVisibleLogicalRange({ from: bars.size - (onPhone.value ? 60 : SHOWN), to: bars.size + 3 });
  legend.value = shortOf(last());
  const element = document.getElementById("candle-chart");
  Object.assign(element.dataset, { symbol: message.symbol, interval: message.interval, bars: bars.size });
}

const refresh = atMostEvery(REFRESH_MS, () => askFor(selectedSymbol.value, interval.value));

// A closed candle joins the one of its window.
function closed(row) {
  if (!told || row.symbol !== told.symbol) return;
  const time = windowOf(row.t);
  const old = bars.get(time);
  const [open, high, low, close, volume] = [row.o, row.h, row.l, row.c, row.v].map(Number);
  const next = old && told.length_s > boot.interval_s
    ? { ...old, high: Math.max(old.high, high), low: Math.min(old.low, low), close, volume: old.volume + volume }
    : { time, open, high, low, close, volume, moved: old?.moved ?? null };
  if (time < newestTime()) return;
  bars.set(time, next);
  if (forming && forming.time <= time) forming = null;
  candles.update(next);
  volumes.update(volumeBar(next));
  legend.value = shortOf(next);
  refresh();
}

function grow() {
  const quote = quoteOf(selectedSymbol.value);
  if (!quote || !bars.size || told?.symbol !== selectedSymbol.value) return;
  const time = windowOf(Date.parse(quote.event_at) / 1000);
  const now = Number(quote.last);
  if (time < newestTime()) return;
  const from = forming?.time === time ? forming : bars.get(time) ?? { time, open: now, high: now, low: now };
  if (bars.has(time) && told.length_s === boot.interval_s) return;
  forming = { ...from, high: Math.max(from.high, now), low: Math.min(from.low, now), close: now };
  candles.update(forming);
  legend.value = shortOf(forming);
}

function takeFills() {
  const known = new Set(fills.map((fill) => `${fill.order_id} ${fill.trade_id}`));
  const added = view.orders.value.filter((order) => order.symbol === told?.symbol)
    .flatMap((order) => order.fills.map((fill) => ({ ...fill, order_id: order.id, side: order.side })))
    .filter((fill) => !known.has(`${fill.order_id} ${fill.trade_id}`));
  const seen = new Set(decisions.map((row) => row.id));
  const refused = view.decisions.value.filter((row) => row.symbol === told?.symbol && row.side === "BUY" && row.outcome !== "APPROVED" && !seen.has(row.id));
  if (!added.length && !refused.length) return;
  fills = [...fills, ...added];
  decisions = [...decisions, ...refused];
  drawMarkers();
}

function askFor(symbol, name) {
  if (symbol) ask({ chart: symbol, interval: name });
}

export function startCandleChart(element) {
  chart = newChart(element, paint);
  candles = chart.addSeries(CandlestickSeries, { lastValueVisible: false, priceLineVisible: false });
  volumes = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false, priceScaleId: "volume" });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.18 } });
  const percent = { type: "custom", minMove: 0.01, formatter: (value) => `${priceAt(value, 2)} %` };
  momentum = chart.addSeries(LineSeries, { priceFormat: percent, priceLineVisible: false, lastValueVisible: false }, 1);
  markers = createSeriesMarkers(candles, []);
  chart.panes()[0].setStretchFactor(5);
  chart.panes()[1].setStretchFactor(1);
  levels = keepLines(candles);
  thresholds = keepLines(momentum);
  keepPills(element, wantedPills);
  paint();
  chart.subscribeCrosshairMove((at) => { legend.value = shortOf(at.time ? bars.get(at.time) ?? last() : last()); });
  on("chart", show);
  on("snapshot", () => askFor(selectedSymbol.value, interval.value));
  onCandle(closed);
  effect(() => askFor(selectedSymbol.value, interval.value));
  const growSometimes = atMostEvery(REPAINT_MS, grow);
  effect(() => { view.quotes.value; growSometimes(); });
  const takeSometimes = atMostEvery(REPAINT_MS, takeFills);
  effect(() => { view.orders.value; view.decisions.value; takeSometimes(); });
  effect(() => { view.portfolio.value; selectedSymbol.value; drawLevels(); });
  effect(() => { view.limits.value; drawThresholds(); });
}
