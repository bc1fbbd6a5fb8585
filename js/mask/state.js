/**
 * UI state of the mask view: the selected sentence, and the current drag.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { NARROW, layout } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */
/**
 * @typedef {object} Drag
 * @property {number} [from]    the layer that is moved
 * @property {string} [kind]    the new layer from the palette
 * @property {number} [pad]     the sentence whose end is moved
 * @property {number} x         where it began
 * @property {number} y
 * @property {number | null} gap
 */
/**
 * @typedef {object} LocalUi
 * @property {boolean} begun        whether the first step was set to the layer that loses the mask
 * @property {number} sentence
 * @property {Drag | null} drag
 * @property {number | null} asking  the card that holds the focus while predicting
 * @property {number | null} goal    the layer to select with the next trace
 * @property {boolean} dropped       whether a drag from the palette just ended
 */

/** @returns {LocalUi} */
export function initialUi() {
  return { begun: false, sentence: 1, drag: null, asking: null, goal: null, dropped: false };
}

/**
 * Return the layout, cached.
 * @param {Scene} scene
 * @param {Derived} derived
 */
export function layoutOf(scene, { B, T, D, stages }) {
  const shapes = stages.map(({ form, cells, size }) => ({ form, cells, size }));
  const { figureWidth: width, figureHeight: height } = scene.size;
  const sentence = width < NARROW ? scene.ui.local.sentence : 0; // another one is another layout there
  const what = { width, height, B, T, D, sentence, stages: shapes };
  return cachedLayout(scene.explorer, what, layout);
}

/**
 * Open at the layer that loses the mask, but not while that is asked, and keep the selected sentence valid.
 * @param {Scene} scene
 */
export function clampUi({ trace, ui }) {
  const derived = derive(trace);
  if (ui.prediction?.phase === "open") {
    ui.step = 0;
    ui.local.begun = false;
  } else if (!ui.local.begun) {
    ui.local.begun = true;
    ui.step = derived.lostAt ?? derived.stages.length - 1;
  }
  if (ui.focus?.part === "place") ui.local.sentence = ui.focus.b;
  ui.local.sentence = Math.max(0, Math.min(ui.local.sentence, derived.B - 1));
}

/** Return the cell that holds the tab stop. @param {Scene} scene @param {Derived} derived */
export function tabStop({ ui }, { stages, B }) {
  const { focus } = ui;
  const there =
    focus?.part === "place" &&
    focus.k < stages.length &&
    focus.b < B &&
    focus.cell < stages[focus.k].cells;
  return there
    ? focus
    : { part: "place", k: Math.min(ui.step, stages.length - 1), b: ui.local.sentence, cell: 0 };
}
