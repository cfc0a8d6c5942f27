// Level lines of a series that stay on screen: price lines alone do not widen the scale, so the levels do.
import { LineStyle } from "../vendor/lightweight-charts.js";
import { token } from "./charts.js";

// `wanted` are {name, word, price, colour}; drawn again when a price or, with `anew`, the theme has changed.
export function keepLines(series) {
  let lines = [];
  let drawn = "";
  const kept = { levels: [] };
  series.applyOptions({
    autoscaleInfoProvider: (original) => {
      const info = original();
      if (!info || !kept.levels.length) return info;
      const prices = kept.levels.map((level) => level.price);
      const { minValue, maxValue } = info.priceRange;
      return { ...info, priceRange: { minValue: Math.min(minValue, ...prices), maxValue: Math.max(maxValue, ...prices) } };
    },
  });
  kept.draw = (wanted, anew = false) => {
    const key = wanted.map((level) => `${level.name} ${level.price}`).join();
    if (!anew && key === drawn) return;
    drawn = key;
    for (const line of lines) series.removePriceLine(line);
    kept.levels = wanted;
    lines = wanted.map(({ price, colour }) => series.createPriceLine({
      price, color: token(colour), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: false, title: "",
    }));
  };
  return kept;
}
