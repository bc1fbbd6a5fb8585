/**
 * What hands and keys do in the LoRA view, each act once.
 */
import { tellRow } from "../kit/link.js";
import { painted } from "./paint.js";
import { placeOf } from "./state.js";
import { rankOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Spot} Spot */

/** @param {Scene} scene @param {number} rank */
export function setRank(scene, rank) {
  const reading = readingOf(scene.trace);
  const now = rankOf(reading, scene.act.store.params.rank);
  const next = rankOf(reading, rank);
  scene.ui.own.merged = false;
  if (next !== now) scene.act.edit({ rank: next });
}

/** Hold a spot and give it the keyboard. @param {Scene} scene @param {Spot} spot @param {any} [open] */
export function hold({ act, trace }, spot, open = null) {
  act.show({ focus: spot, open, hover: null }, "step");
  act.focusLater(placeOf(spot));
  act.reportCursor();
  if (spot.i !== undefined) tellRow(act, readingOf(trace).rows[spot.i]);
}

/** Train a token, or leave it out. @param {Scene} scene @param {number} i */
export function toggleToken(scene, i) {
  const { act, trace } = scene;
  const { rows } = readingOf(trace);
  const seen = /** @type {number[]} */ (act.store.params.seen ?? []);
  const row = rows[i];
  const had = seen.includes(row);
  if (!had && seen.length >= 16) return act.show({ note: "At most 16 rows are trained here: leave one out first." });
  scene.ui.own.merged = false;
  act.edit({ seen: had ? seen.filter((other) => other !== row) : [...seen, row].sort((a, b) => a - b) });
}

/** Bend the predicted curve at a rank. @param {Scene} scene @param {number} r @param {number} value */
export function bendTo({ act, ui }, r, value) {
  ui.own.point = r;
  act.bend(r - 1, Math.round(Math.max(0, Math.min(1, value)) * 100) / 100);
}

/** Tell Python: this cell of the change has this value. @param {Scene} scene @param {number} i @param {number} c @param {number} value */
export function paint(scene, i, c, value) {
  const { act, trace, params } = scene;
  if (params.target !== "painted") return act.show({ note: "Choose “painted” on the left, then paint the change." });
  const edits = /** @type {[number, number, number][]} */ (act.store.params.edits ?? []);
  const next = painted(edits, readingOf(trace).rows[i], c, value);
  if (next.length > 200) return act.show({ note: "At most 200 cells are painted: clear some first." });
  scene.ui.own.merged = false;
  act.edit({ edits: next });
}

/** Bake A and B into the table, or take them out again. @param {Scene} scene */
export function merge(scene) {
  const { act, ui, trace } = scene;
  ui.own.merged = !ui.own.merged;
  if (ui.own.merged) act.go(readingOf(trace).F - 1, { patch: { focus: null, playing: false } });
  else act.show({});
}
