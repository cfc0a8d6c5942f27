// The overview's panels in their places.
import { effect } from "../../vendor/preact.js";
import { Alerts, AlertsActs, AlertsFoot } from "../panels/alerts.js";
import { startCandleChart } from "../panels/candle_chart.js";
import { ChartActs, ChartLegend, ChartTitle, SimulatedMark } from "../panels/chart_head.js";
import { DecisionFeed, FeedNews } from "../panels/decision_feed.js";
import { EquityNote, startEquityChart } from "../panels/equity_chart.js";
import { Momentum, MomentumFoot, MomentumTitle } from "../panels/momentum.js";
import { Orders, OrdersFoot } from "../panels/orders.js";
import { PositionCount, Positions } from "../panels/positions.js";
import { Services, ServicesNote } from "../panels/services.js";
import { watched } from "../ranks.js";
import { mount } from "../shell.js";
import { selectedSymbol, view } from "../store.js";

mount({
  "momentum-title": MomentumTitle, momentum: Momentum, "momentum-foot": MomentumFoot,
  "chart-title": ChartTitle, "chart-legend": ChartLegend, "chart-acts": ChartActs, "chart-mark": SimulatedMark,
  positions: Positions, "position-count": PositionCount, decisions: DecisionFeed, "decisions-news": FeedNews,
  orders: Orders, "orders-foot": OrdersFoot, alerts: Alerts, "alerts-foot": AlertsFoot, "alerts-acts": AlertsActs, "equity-note": EquityNote,
  services: Services, "services-note": ServicesNote,
});
startCandleChart(document.getElementById("candle-chart"));
startEquityChart(document.getElementById("equity-chart"));

// The first chart: what is held and largest, else who is nearest to a buy.
effect(() => {
  if (selectedSymbol.value || !view.portfolio.value || !view.quotes.value.length) return;
  const held = [...view.portfolio.value.positions].sort((a, b) => Number(b.notional) - Number(a.notional));
  selectedSymbol.value = (held[0] ?? watched()[0]).symbol;
});
