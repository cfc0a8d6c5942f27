// What this page saw of the services while it was open: who fell silent, who came back, who runs in a new process.
import { effect, signal } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { feed, services } from "./standing.js";
import { view, wallNow } from "./store.js";
import { _ } from "./words.js";

const KEPT = 100;
const known = new Map();
let fromRest = null;
export const notes = signal([]);

const titleOf = (name) => boot.services.find((service) => service.name === name)?.title ?? name;
const WORDS = {
  silent: (service) => _("%(service)s is silent", { service }),
  FAILING: (service) => _("%(service)s says that it fails", { service }),
  DEGRADED: (service) => _("%(service)s says that it is degraded", { service }),
  RECOVERING: (service) => _("%(service)s recovers and does not work yet", { service }),
  OK: (service) => _("%(service)s turns", { service }),
};

function add(text) {
  notes.value = [...notes.peek().slice(1 - KEPT), { at: wallNow(), text }];
}

function compare({ name, word }, pid) {
  const before = known.get(name);
  known.set(name, { word, pid });
  if (!before) return;
  if (before.word !== word && WORDS[word]) add(WORDS[word](titleOf(name)));
  else if (before.pid !== pid) add(_("%(service)s runs in a new process", { service: titleOf(name) }));
}

effect(() => {
  const pids = new Map(view.health.value.map((beat) => [beat.service, beat.pid]));
  for (const row of services()) if (row.word !== "UNHEARD") compare(row, pids.get(row.name));
  const { instead } = feed();
  if (fromRest !== null && fromRest !== instead) add(instead ? _("Quotes come over REST instead of the sockets") : _("Quotes come over the sockets again"));
  fromRest = instead;
});

// Notes of a run: from its beginning until its aftermath is over.
export const notesBetween = (fromS, untilS) => notes.value.filter((note) => note.at >= fromS && note.at <= untilS);
