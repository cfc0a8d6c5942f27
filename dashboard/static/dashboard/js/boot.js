// What the server wrote into the page: zone, quote asset, interval, services.
export const boot = JSON.parse(document.getElementById("boot").textContent);
