// What every page has: the status bar, banners, toasts, the market's clock, and the socket that feeds them.
import { html, render } from "../vendor/preact.js";
import { Banners, Simulation, SimulationNote } from "./panels/banners.js";
import { StatusBar } from "./panels/status_bar.js";
import { Toasts } from "./panels/toasts.js";
import { connect } from "./socket.js";
import { flush } from "./store.js";

const FLUSH_MS = 100;

// Puts components into the elements of these ids; a place that a page lacks stays empty.
export function mount(places) {
  for (const [place, Panel] of Object.entries(places)) {
    const element = document.getElementById(place);
    if (!element) continue;
    element.replaceChildren();
    render(html`<${Panel} />`, element);
  }
}

mount({ simulation: Simulation, evidence: SimulationNote, banners: Banners, status: StatusBar, toasts: Toasts });
setInterval(flush, FLUSH_MS);
connect();
