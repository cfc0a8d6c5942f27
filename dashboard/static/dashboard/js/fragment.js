// Pieces of pages that the server writes, fetched as documents: the browser parses them and runs no script of theirs.

// The document and its status; rejected when nobody answers in time.
export function loadDocument(address, withinMs) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.timeout = withinMs;
    request.onload = () => resolve({ status: request.status, page: request.response });
    request.onerror = request.ontimeout = reject;
    request.send();
  });
}

// What a row is about. A row about something else is another row: no button turns into another's under the hand.
const keyOf = (node) => node.dataset?.position ?? node.dataset?.breaker ?? node.dataset?.proposal ?? null;
const alike = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

function takeAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

// Makes the old tree like the fresh one in place: what has not changed stays itself, with its focus and selection.
export function patch(old, fresh) {
  if (!alike(old, fresh)) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  takeAttributes(old, fresh);
  const had = [...old.childNodes];
  const wanted = [...fresh.childNodes];
  wanted.forEach((child, place) => (place < had.length ? patch(had[place], child) : old.append(document.importNode(child, true))));
  for (const child of had.slice(wanted.length)) child.remove();
}
