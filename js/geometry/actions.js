/**
 * Commands of the geometry view: each thing that pointer, keys and buttons can do, once.
 */
import { SLOTS } from "./analogy_slots.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Put a word in the middle. @param {Scene} scene @param {number} row */
export function pick({ act, trace }, row) {
  const reading = readingOf(trace);
  act.show({ hover: null, open: null, focus: null });
  if (row !== reading.picked) act.edit({ word: reading.text(row) });
}

/** Put a word into a slot. @param {Scene} scene @param {number} row @param {string} slot */
export function put({ act, trace }, row, slot) {
  if (SLOTS.some((name) => name === slot)) act.edit({ [slot]: readingOf(trace).text(row) });
}
