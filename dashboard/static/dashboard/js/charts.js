// What all charts share: colours from the tokens, times in the page's zone, no attribution picture (the footer has it).
import { ColorType, createChart } from "../vendor/lightweight-charts.js";
import { dayOf, fullTime, minuteOf, secondOf } from "./format.js";
import { afterFlush } from "./store.js";

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A token's colour with an opacity, as the canvas wants it.
export function faded(name, opacity) {
  const hex = token(name).replace("#", "");
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  const [red, green, blue] = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

function look() {
  return {
    layout: {
      background: { type: ColorType.Solid, color: token("--surface") }, textColor: token("--text-2"), fontSize: 11,
      fontFamily: "Inter, sans-serif", attributionLogo: false, panes: { separatorColor: token("--line") },
    },
    grid: { vertLines: { color: token("--line-faint") }, horzLines: { color: token("--line-faint") } },
    rightPriceScale: { borderColor: token("--line"), minimumWidth: 98 },
    timeScale: { borderColor: token("--line") },
    crosshair: { vertLine: { color: token("--control") }, horzLine: { color: token("--control") } },
  };
}

// `act` now, then at most once per pause: a chart's repaint is the dearest thing on the page.
// What waits is done with a later flush of the panels, for a frame of its own would cost as much again.
export function atMostEvery(pauseMs, act) {
  let doneMs = -Infinity;
  let wanted = false;
  const perhaps = () => {
    if (!wanted || performance.now() - doneMs < pauseMs) return;
    wanted = false;
    doneMs = performance.now();
    act();
  };
  afterFlush(perhaps);
  return () => {
    wanted = true;
    perhaps();
  };
}

export function newChart(element, paint) {
  element.replaceChildren();
  const chart = createChart(element, {
    autoSize: true,
    localization: { timeFormatter: fullTime },
    ...look(),
    timeScale: {
      ...look().timeScale, timeVisible: true, secondsVisible: true, rightOffset: 3,
      tickMarkFormatter: (time, kind) => (kind < 3 ? dayOf(time) : kind === 4 ? secondOf(time) : minuteOf(time)),
    },
    handleScale: { mouseWheel: false }, handleScroll: { mouseWheel: false, vertTouchDrag: false },
  });
  document.addEventListener("themechange", () => {
    chart.applyOptions(look());
    paint();
  });
  return chart;
}
