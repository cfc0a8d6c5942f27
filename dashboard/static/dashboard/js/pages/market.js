// One symbol: its chart, and its standing as it is now.
import { effect, render } from "../../vendor/preact.js";
import { fillMarket } from "../market_cells.js";
import { startCandleChart } from "../panels/candle_chart.js";
import { ChartActs, ChartLegend, ChartTitle, SimulatedMark } from "../panels/chart_head.js";
import { watched } from "../ranks.js";
import { mount } from "../shell.js";
import { selectedSymbol, view } from "../store.js";

const { symbol } = document.getElementById("market").dataset;

selectedSymbol.value = symbol;
mount({ "chart-title": ChartTitle, "chart-legend": ChartLegend, "chart-acts": ChartActs, "chart-mark": SimulatedMark });
startCandleChart(document.getElementById("candle-chart"));
effect(() => {
  view.quotes.value;
  const row = watched().find((one) => one.symbol === symbol);
  if (row) fillMarket(document.getElementById("main"), row, render);
});
