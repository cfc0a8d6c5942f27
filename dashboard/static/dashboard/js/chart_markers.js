// What happened, on the candles: fills as arrows with their quantity, trimmed and denied buys as small signs. What
// shares a candle is one marker, and words that would overlap the next ones are left out.
import { quantity } from "./format.js";

const REFUSED = { TRIMMED: ["circle", "--warn"], REJECTED: ["square", "--text-3"], EXPIRED: ["square", "--text-3"] };

function grouped(rows, timeOf, kindOf, known) {
  const groups = new Map();
  for (const row of rows) {
    const time = timeOf(row);
    if (!known(time)) continue;
    const key = `${time} ${kindOf(row)}`;
    const group = groups.get(key) ?? { time, kind: kindOf(row), rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function fillMarker({ time, kind, rows }, token) {
  const total = rows.reduce((sum, fill) => sum + Number(fill.quantity), 0);
  const buy = kind === "BUY";
  return {
    time, position: buy ? "belowBar" : "aboveBar", shape: buy ? "arrowUp" : "arrowDown", color: token("--text"),
    text: `${quantity(total)}${rows.length > 1 ? ` (${rows.length})` : ""}`,
  };
}

function refusedMarker({ time, kind, rows }, token) {
  const [shape, colour] = REFUSED[kind];
  return { time, position: "aboveBar", shape, color: token(colour), size: 0.6, text: rows.length > 1 ? `×${rows.length}` : "" };
}

// A marker keeps its sign but not its words when the next one on its side is so near that they would overlap.
function readable(markers, crowdedS) {
  return markers.map((marker, i) => {
    const next = markers.slice(i + 1).find((other) => other.position === marker.position);
    return next && next.time - marker.time < crowdedS ? { ...marker, text: "" } : marker;
  });
}

export function chartMarkers({ fills, decisions, windowOf, known, token, crowdedS }) {
  const atS = (iso) => windowOf(Date.parse(iso) / 1000);
  const placed = [
    ...grouped(fills, (fill) => atS(fill.executed_at), (fill) => fill.side, known).map((group) => fillMarker(group, token)),
    ...grouped(decisions, (row) => atS(row.at), (row) => row.outcome, known).map((group) => refusedMarker(group, token)),
  ];
  return readable(placed.sort((a, b) => a.time - b.time), crowdedS);
}
