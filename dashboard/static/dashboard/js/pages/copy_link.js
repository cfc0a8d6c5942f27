// The address of this page, for who wants to send it to somebody. The answer is said aloud, too.
import { _ } from "../words.js";

const SAID_MS = 6000;
const button = document.querySelector("[data-copy]");
const said = document.getElementById("copied");

// Where the page was not fetched securely the clipboard is closed to scripts; a selected text is not.
function copySelected(text) {
  const field = document.createElement("textarea");
  field.className = "hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const link = new URL(button.dataset.copy, location.origin).href;
    said.textContent = (await copied(link)) ? _("The link is copied.") : _("It could not be copied: %(link)s", { link });
    button.focus();
    setTimeout(() => { said.textContent = ""; }, SAID_MS);
  });
}
