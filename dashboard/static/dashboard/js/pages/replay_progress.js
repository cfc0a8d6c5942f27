// A run that is not over: how far it is, asked every second; when it is over, its page is read anew.
const EVERY_MS = 1000;
const panel = document.querySelector("[data-standing]");
const part = (name) => panel.querySelector(name);

async function look() {
  try {
    const answer = await fetch(panel.dataset.standing, { headers: { Accept: "application/json" } });
    if (!answer.ok) return answer.status === 404;
    const { over, progress, percent, step } = await answer.json();
    part("progress").value = progress;
    part("[data-percent]").textContent = percent;
    if (part("[data-step]").textContent !== step) part("[data-step]").textContent = step;
    return over;
  } catch {
    // The banner says that nothing is heard; the next turn asks again.
    return false;
  }
}

async function turn() {
  // No page is taken away under an open question: the next turn looks again.
  if (!document.hidden && !document.querySelector("dialog[open]") && (await look())) location.reload();
  else setTimeout(turn, EVERY_MS);
}

if (panel) setTimeout(turn, EVERY_MS);
