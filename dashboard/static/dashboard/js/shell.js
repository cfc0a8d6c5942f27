// What every page has: band, status bar, banners, toasts, bell, the tab's title, keys, and the socket that feeds them.
import { html, render } from "../vendor/preact.js";
import { startActs } from "./acts.js";
import { startKeys } from "./keys.js";
import { keepTitle } from "./page_title.js";
import { colourBand, LimitsVersion, MarketClock, ModeBadge, Simulation, SimulationNote } from "./panels/band.js";
import { Banners, HaltButton } from "./panels/banners.js";
import { Bell } from "./panels/bell.js";
import { AlertCount } from "./panels/standing_cells.js";
import { StatusBar } from "./panels/status_bar.js";
import { Toasts } from "./panels/toasts.js";
import { boot } from "./boot.js";
import { connect } from "./socket.js";
import { startStaleHeads } from "./stale_heads.js";
import { startFlushing } from "./store.js";

// Puts components into the elements of these ids; a place that a page lacks stays empty.
export function mount(places) {
  for (const [place, Panel] of Object.entries(places)) {
    const element = document.getElementById(place);
    if (!element) continue;
    element.replaceChildren();
    const panel = element.closest(".panel");
    if (panel) panel.dataset.live = "";
    render(html`<${Panel} />`, element);
  }
}

mount({
  "mode-badge": ModeBadge, simulation: Simulation, clock: MarketClock, evidence: SimulationNote, "limits-version": LimitsVersion, "alert-count": AlertCount,
  banners: Banners, status: StatusBar, toasts: Toasts, bell: Bell, "halt-button": HaltButton,
});
colourBand();
keepTitle();
startKeys();
startActs();
if (boot.sound) import("./sound.js").then((sound) => sound.startSound());
startStaleHeads();
startFlushing();
connect();
