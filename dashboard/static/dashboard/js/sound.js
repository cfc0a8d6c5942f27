// A short sound with each new critical alert, for who has chosen one in the settings. A browser that lets no page sound
// before somebody has touched it stays silent.
import { on } from "./socket.js";

const TONES = [[880, 0], [660, 0.18]];
const LASTS_S = 0.15;
const LOUDNESS = 0.12;
const NOT_AGAIN_MS = 2000;
let context = null;
let soundedAt = -Infinity;

function sound() {
  context ??= new AudioContext();
  for (const [hertz, afterS] of TONES) {
    const tone = new OscillatorNode(context, { frequency: hertz });
    const level = new GainNode(context, { gain: LOUDNESS });
    tone.connect(level).connect(context.destination);
    tone.start(context.currentTime + afterS);
    tone.stop(context.currentTime + afterS + LASTS_S);
  }
}

export function startSound() {
  on("toast", (row) => {
    if (row.level !== "CRITICAL" || row.acknowledged_by || performance.now() - soundedAt < NOT_AGAIN_MS) return;
    soundedAt = performance.now();
    document.documentElement.dataset.sounded = Number(document.documentElement.dataset.sounded ?? 0) + 1;
    sound();
  });
}
