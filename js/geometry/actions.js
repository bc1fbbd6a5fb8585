/**
 * Commands of the geometry view: each thing that pointer, keys and buttons can do, once.
 */
import { SLOTS } from "./analogy_slots.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Pick a word: neighbors and distances are measured from it. @param {Scene} scene @param {number} row */
export function pickWord({ explorer, trace }, row) {
  const derived = derive(trace);
  explorer.updateUi({ hover: null, open: null, focus: null });
  if (row !== derived.picked) explorer.edit({ word: derived.text(row) });
}

/** Put a word into a slot of the analogy. @param {Scene} scene @param {number} row @param {string} slot */
export function setTerm({ explorer, trace }, row, slot) {
  if (SLOTS.some((name) => name === slot)) explorer.edit({ [slot]: derive(trace).text(row) });
}
