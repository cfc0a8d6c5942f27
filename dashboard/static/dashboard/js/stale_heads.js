// While nothing is heard, every panel that moves says in its head how old its numbers are.
import { effect } from "../vendor/preact.js";
import { age, clockTime } from "./format.js";
import { silentS } from "./socket.js";
import { connection, now, wallNow } from "./store.js";
import { _ } from "./words.js";

const HEADS = ".panel[data-live] > header";

function mark(words, classes) {
  const span = document.createElement("span");
  span.className = `${classes} stale-age`;
  span.textContent = words;
  return span;
}

function tell(seconds) {
  const old = _("%(age)s old", { age: age(seconds, 0) });
  for (const head of document.querySelectorAll(HEADS)) {
    const told = head.querySelector(".stale-age");
    if (told) told.textContent = old;
    else head.firstElementChild.after(mark(old, "tag warn"), mark(_("as of %(time)s", { time: clockTime((wallNow() - seconds) * 1000) }), "note"));
  }
}

export function startStaleHeads() {
  effect(() => {
    if (connection.value === "stale") {
      if (now.value) tell(silentS());
    } else {
      for (const told of document.querySelectorAll(".stale-age")) told.remove();
    }
  });
}
