// The theme that the person has chosen on the dashboard, before the first paint; a classic script for that.
(() => {
  const chosen = document.currentScript.dataset.theme;
  const ofSystem = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen === "system" ? ofSystem : chosen;
})();
