// The title of the tab: what is wrong, what the account is worth, which page. "▲ 1 critical · 101,809 · Trades"
import { effect } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { whole } from "./format.js";
import { openAlerts, tradingState } from "./standing.js";
import { now, view } from "./store.js";
import { _, ngettext } from "./words.js";

function title() {
  // With the clock and not with each mark: every change of a title costs the browser a message.
  const mark = now.value && view.portfolio.peek();
  const critical = openAlerts().filter((row) => row.level === "CRITICAL").length;
  const parts = [
    critical ? `▲ ${ngettext("%(count)s critical", "%(count)s critical", critical)}` : "",
    tradingState() === "HALTED" ? `■ ${_("HALTED")}` : "",
    mark ? whole(mark.equity) : "",
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
