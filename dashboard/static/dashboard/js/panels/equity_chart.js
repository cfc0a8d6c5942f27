// Equity over time and, below, how far it is under the day's opening. The last point is the mark of the status bar.
import { AreaSeries } from "../../vendor/lightweight-charts.js";
import { effect } from "../../vendor/preact.js";
import { atMostEvery, faded, newChart, token } from "../charts.js";
import { view } from "../store.js";

const REPAINT_MS = 200;
// While the history is this short, all of it stays in view.
const YOUNG = 300;
let chart, equity, drawdown;

function paint() {
  equity.applyOptions({ lineColor: token("--accent"), topColor: faded("--accent", 0.25), bottomColor: faded("--accent", 0.02) });
  drawdown.applyOptions({ lineColor: token("--down"), topColor: faded("--down", 0.05), bottomColor: faded("--down", 0.3) });
}

// One point a second at most: the chart wants ascending times.
function bySecond(points) {
  const seconds = new Map();
  for (const [at, value] of points) seconds.set(Math.floor(at), Number(value));
  return [...seconds.entries()].sort((a, b) => a[0] - b[0]);
}

// Only the newest point changes between snapshots; everything is drawn again when the past or the day's opening did.
let drawn = { first: null, count: 0, opening: null };

function draw() {
  const all = view.equity.value;
  if (!all.length) return;
  const opening = Number(view.portfolio.value?.day_opening_equity ?? all[0][1]);
  const under = (value) => (opening ? -Math.max(0, 1 - value / opening) * 100 : 0);
  const [at, newest] = all[all.length - 1];
  if (drawn.first === all[0] && drawn.opening === opening && all.length - drawn.count <= 1) {
    equity.update({ time: Math.floor(at), value: Number(newest) });
    drawdown.update({ time: Math.floor(at), value: under(Number(newest)) });
    if (all.length < YOUNG) chart.timeScale().fitContent();
  } else {
    const points = bySecond(all);
    equity.setData(points.map(([time, value]) => ({ time, value })));
    drawdown.setData(points.map(([time, value]) => ({ time, value: under(value) })));
    chart.timeScale().fitContent();
  }
  drawn = { first: all[0], count: all.length, opening };
  document.getElementById("equity-chart").dataset.last = newest;
}

export function startEquityChart(element) {
  chart = newChart(element, paint);
  const money = { type: "price", precision: 2, minMove: 0.01 };
  equity = chart.addSeries(AreaSeries, { lineWidth: 2, priceFormat: money });
  const per_cent = { type: "custom", minMove: 0.01, formatter: (value) => `${value.toFixed(2)} %` };
  drawdown = chart.addSeries(AreaSeries, { lineWidth: 1, priceFormat: per_cent, invertFilledArea: true, priceLineVisible: false }, 1);
  chart.panes()[0].setStretchFactor(2);
  chart.panes()[1].setStretchFactor(1);
  paint();
  const drawSometimes = atMostEvery(REPAINT_MS, draw);
  effect(() => { view.equity.value; view.portfolio.value; drawSometimes(); });
}
