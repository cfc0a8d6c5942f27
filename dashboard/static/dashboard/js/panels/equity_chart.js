// Equity of the day against its opening. The last point is the mark of the status bar.
import { AreaSeries, LineStyle } from "../../vendor/lightweight-charts.js";
import { effect, html } from "../../vendor/preact.js";
import { atMostEvery, faded, newChart, token } from "../charts.js";
import { keepPills } from "../chart_pills.js";
import { money } from "../format.js";
import { view } from "../store.js";
import { _ } from "../words.js";

const REPAINT_MS = 250;
let chart, equity, line, newest, opening;

function paint() {
  equity.applyOptions({ lineColor: token("--accent"), topColor: faded("--accent", 0.16), bottomColor: faded("--accent", 0.04) });
  drawOpening();
}

function drawOpening() {
  if (line) equity.removePriceLine(line);
  line = opening ? equity.createPriceLine({ price: opening, color: token("--text-3"), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: false }) : null;
}

function scaleWithOpening(original) {
  const info = original();
  if (!info || !opening) return info;
  const { minValue, maxValue } = info.priceRange;
  return { ...info, priceRange: { minValue: Math.min(minValue, opening), maxValue: Math.max(maxValue, opening) } };
}

// One point a second at most: the chart wants ascending times.
function bySecond(points) {
  const seconds = new Map();
  for (const [at, value] of points) seconds.set(Math.floor(at), Number(value));
  return [...seconds.entries()].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }));
}

// Only the newest point changes between snapshots; everything is drawn again when the past or the opening did.
let drawn = { first: null, count: 0, opening: null };

function draw() {
  const since = Date.parse(view.today.value?.since ?? 0) / 1000;
  const all = view.equity.value.filter(([at]) => at >= since);
  if (!all.length) return;
  opening = Number(view.portfolio.value?.day_opening_equity ?? all[0][1]);
  const [at, value] = all[all.length - 1];
  newest = Number(value);
  if (drawn.first === all[0] && drawn.opening === opening && all.length - drawn.count <= 1 && all.length >= drawn.count) {
    equity.update({ time: Math.floor(at), value: newest });
  } else {
    equity.setData(bySecond(all));
    drawOpening();
  }
  if (all.length !== drawn.count) chart.timeScale().fitContent();
  drawn = { first: all[0], count: all.length, opening };
  document.getElementById("equity-chart").dataset.last = value;
}

const pills = () => (newest === undefined ? [] : [
  { name: "now", text: money(newest), y: equity.priceToCoordinate(newest) },
  { name: "opening", text: _("opening"), y: equity.priceToCoordinate(opening) },
]);

export const EquityNote = () => (view.portfolio.value ? html`${_("opening %(money)s", { money: money(view.portfolio.value.day_opening_equity) })}` : null);

export function startEquityChart(element) {
  chart = newChart(element, paint);
  const format = { type: "custom", minMove: 0.01, formatter: money };
  equity = chart.addSeries(AreaSeries, { lineWidth: 1.5, priceFormat: format, priceLineVisible: false, lastValueVisible: false, autoscaleInfoProvider: scaleWithOpening });
  chart.timeScale().applyOptions({ rightOffset: 1 });
  keepPills(element, pills);
  paint();
  const drawSometimes = atMostEvery(REPAINT_MS, draw);
  effect(() => { view.equity.value; view.portfolio.value; view.today.value; drawSometimes(); });
}
