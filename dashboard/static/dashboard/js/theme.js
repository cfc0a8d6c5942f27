// Resolves the theme "as the system has it" before the first paint; a classic script, so that no page flashes in the
// wrong colours. A theme that was chosen stands in the page already.
(() => {
  const root = document.documentElement;
  if (root.dataset.theme !== "system") return;
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})();
