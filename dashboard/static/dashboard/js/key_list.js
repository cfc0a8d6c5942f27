// All keys, in one list.
import { html } from "../vendor/preact.js";
import { boot } from "./boot.js";
import { CloseButton, openDialog } from "./dialog.js";
import { _ } from "./words.js";

const keys = () => [
  [["/"], _("find a symbol, an order, a page or an act")],
  ...boot.pages.filter((page) => page.key).map((page) => [["g", page.key], page.title]),
  [["j", "k"], _("next row, row before")],
  [["Enter"], _("open the row")],
  [["w"], _("why: the story behind the row")],
  [["Esc"], _("close what is open")],
  [["Shift", "H"], _("open the dialog that halts trading; it never halts by itself")],
  [["?"], _("this list")],
];

const KeyList = ({ close }) => html`<h2>${_("All keys")}</h2>
  <dl class="kv keylist">${keys().map(([names, words]) => html`<dt>${names.map((name) => html`<kbd>${name}</kbd> `)}</dt><dd>${words}</dd>`)}</dl>
  ${boot.keys === false && html`<p>${_("Keys are switched off in Settings.")}</p>`}<${CloseButton} close=${close} />`;

export const openKeyList = () => openDialog("keys", _("All keys"), KeyList);
