// How wide the window is, as the grid has it: a phone has one column, a wide screen longer lists.
import { signal } from "../vendor/preact.js";

function matching(query) {
  const media = matchMedia(query);
  const matches = signal(media.matches);
  media.addEventListener("change", () => { matches.value = media.matches; });
  return matches;
}

export const onPhone = matching("(max-width: 800px)");
const onWide = matching("(min-width: 1680px)");

// So many rows a list shows, and six more on a wide screen.
export const rowsOf = (usual, phone = usual, wide = usual + 6) => (onPhone.value ? phone : onWide.value ? wide : usual);
