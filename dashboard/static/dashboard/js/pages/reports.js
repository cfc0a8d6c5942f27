// The account against the universe, in per cent since the period's start, and how far both are below their highest.
import { AreaSeries, LineSeries } from "../../vendor/lightweight-charts.js";
import { faded, newChart, token } from "../charts.js";
import { percent } from "../format.js";

const points = JSON.parse(document.getElementById("report-points").textContent);
const element = document.getElementById("report-chart");
const format = { type: "custom", minMove: 0.01, formatter: (value) => percent(value / 100) };
const names = ["universe", "account", "universe_below", "below"];
let series = [];

function paint() {
  const [universe, account, universeBelow, below] = series;
  for (const one of [universe, universeBelow]) one.applyOptions({ color: token("--fill") });
  account.applyOptions({ lineColor: token("--accent"), topColor: faded("--accent", 0.16), bottomColor: faded("--accent", 0.02) });
  below.applyOptions({ lineColor: token("--down"), topColor: faded("--down", 0.05), bottomColor: faded("--down", 0.25) });
}

// The chart wants ascending whole seconds.
function bySecond(rows) {
  const seconds = new Map(rows.map(([at, value]) => [Math.floor(at), value]));
  return [...seconds.entries()].map(([time, value]) => ({ time, value }));
}

const chart = newChart(element, paint);
const common = { lineWidth: 2, priceFormat: format, priceLineVisible: false };
series = [
  chart.addSeries(LineSeries, common),
  chart.addSeries(AreaSeries, common),
  chart.addSeries(LineSeries, { ...common, lineWidth: 1 }, 1),
  chart.addSeries(AreaSeries, { ...common, lineWidth: 1, invertFilledArea: true }, 1),
];
chart.panes()[0].setStretchFactor(2);
chart.panes()[1].setStretchFactor(1);
paint();
names.forEach((name, place) => series[place].setData(bySecond(points[name])));
chart.timeScale().fitContent();
element.dataset.points = points.account.length;
