// The title of the tab: what is wrong, what the account is worth, which page. "▲ 1 critical · 101,809 · Trades"
import { effect } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { whole } from "./format.js";
import { openAlerts, tradingState } from "./standing.js";
import { view } from "./store.js";
import { _, ngettext } from "./words.js";

function title() {
  const critical = openAlerts().filter((row) => row.level === "CRITICAL").length;
  const parts = [
    critical ? `▲ ${ngettext("%(count)s critical", "%(count)s critical", critical)}` : "",
    tradingState() === "HALTED" ? `■ ${_("HALTED")}` : "",
    view.portfolio.value ? whole(view.portfolio.value.equity) : "",
    boot.title,
  ];
  return parts.filter(Boolean).join(" · ") || "Claire de Binaire";
}

export function keepTitle() {
  effect(() => {
    const words = title();
    if (document.title !== words) document.title = words;
  });
}
