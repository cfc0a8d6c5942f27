// Puts the panels into their places, starts the socket and the flush.
import { effect, html, render } from "../vendor/preact.js";
import { pair } from "./format.js";
import { Alerts } from "./panels/alerts.js";
import { Banners, Outlook, Simulation, SimulationNote } from "./panels/banners.js";
import { startCandleChart } from "./panels/candle_chart.js";
import { DecisionDetail, Decisions } from "./panels/decisions.js";
import { startEquityChart } from "./panels/equity_chart.js";
import { Movers } from "./panels/movers.js";
import { OrderCount, Orders } from "./panels/orders.js";
import { PositionCount, Positions } from "./panels/positions.js";
import { Services } from "./panels/services.js";
import { Signals } from "./panels/signals.js";
import { StatusBar } from "./panels/status_bar.js";
import { Toasts } from "./panels/toasts.js";
import { connect } from "./socket.js";
import { flush, selectedSymbol, view } from "./store.js";

const FLUSH_MS = 100;
const ChartTitle = () => html`${selectedSymbol.value ? pair(selectedSymbol.value) : "Candles"}`;

const PLACES = {
  simulation: Simulation, evidence: SimulationNote, banners: Banners, outlook: Outlook, status: StatusBar,
  toasts: Toasts, movers: Movers, "chart-title": ChartTitle, positions: Positions, "position-count": PositionCount,
  orders: Orders, "order-count": OrderCount, signals: Signals, decisions: Decisions, detail: DecisionDetail,
  services: Services, alerts: Alerts,
};

for (const [place, Panel] of Object.entries(PLACES)) {
  const element = document.getElementById(place);
  element.replaceChildren();
  render(html`<${Panel} />`, element);
}
startCandleChart(document.getElementById("candle-chart"));
startEquityChart(document.getElementById("equity-chart"));

// The first chart: what is held and largest, else the symbol that moves most.
effect(() => {
  if (selectedSymbol.value || !view.quotes.value.length) return;
  const held = [...(view.portfolio.value?.positions ?? [])].sort((a, b) => Number(b.notional) - Number(a.notional));
  const moving = [...view.quotes.value].sort((a, b) => Number(b.change_24h ?? 0) - Number(a.change_24h ?? 0));
  selectedSymbol.value = (held[0] ?? moving[0]).symbol;
});

setInterval(flush, FLUSH_MS);
connect();
