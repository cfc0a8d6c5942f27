// What the panels use of Preact, its signals and htm, as one module.
import { h } from "preact";
import htm from "htm";

export { h, render, Component, Fragment, createRef } from "preact";
export { signal, computed, effect, batch, untracked } from "@preact/signals";
export const html = htm.bind(h);
