// A dialog over the page, made when it is opened and gone when it is closed; the focus returns to where it was.
import { html, render } from "../vendor/preact.js";
import { _ } from "./words.js";

export function openDialog(kind, title, Content) {
  const before = document.activeElement;
  const dialog = document.createElement("dialog");
  dialog.className = `dialog ${kind}`;
  dialog.setAttribute("aria-label", title);
  const close = () => dialog.close();
  dialog.addEventListener("close", () => {
    render(null, dialog);
    dialog.remove();
    before?.focus?.();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  document.body.append(dialog);
  render(html`<${Content} close=${close} />`, dialog);
  dialog.showModal();
}

export const CloseButton = ({ close }) => html`<div class="acts"><button type="button" class="btn" onClick=${close}>${_("Close")}</button></div>`;
