// Applies the chosen theme before the first paint; a classic script, so that no page flashes in the wrong colours.
(() => {
  const choice = localStorage.getItem("cdb-theme") || "system";
  const dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.dataset.themeChoice = choice;
})();
