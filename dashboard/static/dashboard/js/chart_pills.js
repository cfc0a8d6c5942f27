// The pills of levels on a chart's price axis: entry, now, stop. Two that would overlap are moved apart; the lines stay.
import { afterFlush } from "./store.js";

const HEIGHT = 18;

// Each pill as near to its level as the ones before it allow; from the top down, then pushed back up from the bottom.
export function apart(levels, height) {
  const placed = levels.filter((level) => level.y !== null && level.y !== undefined).sort((a, b) => a.y - b.y)
    .map((level) => ({ ...level, top: level.y - HEIGHT / 2 }));
  for (let i = 1; i < placed.length; i += 1) placed[i].top = Math.max(placed[i].top, placed[i - 1].top + HEIGHT + 1);
  let bottom = height - HEIGHT;
  for (let i = placed.length - 1; i >= 0; i -= 1) {
    placed[i].top = Math.min(placed[i].top, bottom);
    bottom = placed[i].top - HEIGHT - 1;
  }
  return placed;
}

export function keepPills(element, wanted) {
  const layer = document.createElement("div");
  layer.className = "pills";
  element.append(layer);
  const known = new Map();
  // Asking the element itself would have the whole page laid out each time.
  let height = element.clientHeight;
  new ResizeObserver(() => { height = element.clientHeight; }).observe(element);
  const draw = () => {
    const pills = apart(wanted(), height);
    const names = new Set(pills.map((pill) => pill.name));
    for (const [name, pill] of known) if (!names.has(name)) { pill.remove(); known.delete(name); }
    for (const { name, text, top } of pills) {
      if (!known.has(name)) {
        const pill = document.createElement("span");
        pill.className = `pill ${name}`;
        layer.append(pill);
        known.set(name, pill);
      }
      const pill = known.get(name);
      if (pill.textContent !== text) pill.textContent = text;
      const place = `translateY(${Math.max(0, top).toFixed(0)}px)`;
      if (pill.style.transform !== place) pill.style.transform = place;
    }
  };
  afterFlush(draw);
  return draw;
}
