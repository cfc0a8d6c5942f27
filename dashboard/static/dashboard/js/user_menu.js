// The menu of the person: the theme changes at once and is kept at the server; the rest is links and forms that need no
// script. Charts listen to "themechange" and repaint.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const menu = document.getElementById("user-menu");
const themes = document.getElementById("theme-choice");

function apply(choice) {
  const dark = choice === "dark" || (choice === "system" && system.matches);
  root.dataset.themeChoice = choice;
  root.dataset.theme = dark ? "dark" : "light";
  for (const button of themes?.querySelectorAll("button") ?? []) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  document.dispatchEvent(new Event("themechange"));
}

// What the server did not keep is not shown as if it were.
async function choose(form, choice) {
  const before = root.dataset.themeChoice;
  apply(choice);
  const body = new FormData(form);
  body.set("theme", choice);
  const kept = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (!kept || (kept.type !== "opaqueredirect" && !kept.ok)) apply(before);
}

themes?.addEventListener("submit", (event) => {
  if (!event.submitter) return;
  event.preventDefault();
  choose(themes, event.submitter.value);
});
system.addEventListener("change", () => apply(root.dataset.themeChoice));

function close() {
  if (menu) menu.open = false;
}

document.addEventListener("click", (event) => { if (menu && !menu.contains(event.target)) close(); });
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  close();
  menu.querySelector("summary").focus();
});
