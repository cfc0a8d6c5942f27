// The sum of the closed round trips that are listed, after each of them.
import { AreaSeries } from "../../vendor/lightweight-charts.js";
import { faded, newChart, token } from "../charts.js";
import { money } from "../format.js";

const points = JSON.parse(document.getElementById("trips-curve-points").textContent);
const element = document.getElementById("trips-curve");
let series;

function paint() {
  series.applyOptions({ lineColor: token("--accent"), topColor: faded("--accent", 0.22), bottomColor: faded("--accent", 0.02) });
}

// The chart wants ascending whole seconds: of trips closed within one the last counts.
function bySecond() {
  const seconds = new Map(points.map(([at, value]) => [Math.floor(at), Number(value)]));
  return [...seconds.entries()].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }));
}

const chart = newChart(element, paint);
series = chart.addSeries(AreaSeries, { lineWidth: 2, priceFormat: { type: "custom", minMove: 0.01, formatter: money } });
paint();
series.setData(bySecond());
chart.timeScale().fitContent();
element.dataset.points = points.length;
