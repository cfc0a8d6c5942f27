// The overview's panels in their places.
import { effect, html } from "../../vendor/preact.js";
import { pair } from "../format.js";
import { Alerts } from "../panels/alerts.js";
import { Outlook } from "../panels/banners.js";
import { startCandleChart } from "../panels/candle_chart.js";
import { DecisionDetail, Decisions } from "../panels/decisions.js";
import { startEquityChart } from "../panels/equity_chart.js";
import { Movers } from "../panels/movers.js";
import { OrderCount, Orders } from "../panels/orders.js";
import { PositionCount, Positions } from "../panels/positions.js";
import { Services } from "../panels/services.js";
import { Signals } from "../panels/signals.js";
import { mount } from "../shell.js";
import { selectedSymbol, view } from "../store.js";

const ChartTitle = () => html`${selectedSymbol.value ? pair(selectedSymbol.value) : "Candles"}`;

mount({
  outlook: Outlook, movers: Movers, "chart-title": ChartTitle, positions: Positions, "position-count": PositionCount,
  orders: Orders, "order-count": OrderCount, signals: Signals, decisions: Decisions, detail: DecisionDetail,
  services: Services, alerts: Alerts,
});
startCandleChart(document.getElementById("candle-chart"));
startEquityChart(document.getElementById("equity-chart"));

// The first chart: what is held and largest, else the symbol that moves most.
effect(() => {
  if (selectedSymbol.value || !view.quotes.value.length) return;
  const held = [...(view.portfolio.value?.positions ?? [])].sort((a, b) => Number(b.notional) - Number(a.notional));
  const moving = [...view.quotes.value].sort((a, b) => Number(b.change_24h ?? 0) - Number(a.change_24h ?? 0));
  selectedSymbol.value = (held[0] ?? moving[0]).symbol;
});
