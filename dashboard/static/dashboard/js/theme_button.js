// The theme button: dark, light, as the system has it. Charts listen to "themechange" and repaint.
const ORDER = ["dark", "light", "system"];
const SIGNS = { dark: "☾", light: "☀", system: "◐" };
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function apply(choice) {
  const dark = choice === "dark" || (choice === "system" && system.matches);
  root.dataset.themeChoice = choice;
  root.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  if (button) {
    button.textContent = SIGNS[choice];
    button.setAttribute("aria-label", `Theme: ${choice}`);
    button.title = `Theme: ${choice}`;
  }
  document.dispatchEvent(new Event("themechange"));
}

function chosen() {
  return root.dataset.themeChoice || "system";
}

document.getElementById("theme")?.addEventListener("click", () => {
  const next = ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length];
  localStorage.setItem("cdb-theme", next);
  apply(next);
});
system.addEventListener("change", () => apply(chosen()));
apply(chosen());
