/**
 * Pointer and keyboard on the lookup figure.
 */
import { fixed, parseNumber } from "../kit/format.js";
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { positionIn } from "../kit/pointer.js";
import { PAGE_ROWS, clamp, nextCell } from "../kit/roving_tabindex.js";
import { STEP, finishEdit, focusSpot, select, startEdit, sendEdit } from "./actions.js";
import { hit } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */

// ---- pointer -------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Layout} at
 */
export function pointer(scene, derived, at) {
  const { explorer, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    return hit(at, ui.local.windows, derived, x, y);
  };
  return {
    /** @param {PointerEvent} event */
    move: (event) => {
      if (event.pointerType !== "touch" && !ui.local.editing) explorer.setHover(spot(event)); // a finger taps, it does not hover
    },
    leave: () => explorer.setHover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const target = spot(event);
      if (target && !(/** @type {HTMLElement} */ (event.target).closest("input")))
        select(scene, target);
    },
    /** @param {MouseEvent} event */
    edit: (event) => {
      const target = spot(event);
      if (target?.part === "table" && !ui.prediction)
        startEdit(scene, Number(target.row), Number(target.col));
    },
  };
}

// ---- keyboard ------------------------------------------------------------------------------------

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const [part, a, b] = focusedPlace(event);
  const derived = derive(scene.trace);
  if (part === "edit") return editKey(event, scene);
  if (part === "chip") return chipKey(event, scene, derived, Number(a));
  if (part === "cell") return cellKey(event, scene, derived, Number(a), Number(b));
  if (part === "out") return outKey(event, scene, derived, Number(a), Number(b));
  if (part === "map") return mapKey(event, scene, derived);
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived @param {number} n */
function chipKey({ key }, scene, derived, n) {
  if (key === "Enter") {
    scene.explorer.updateUi({
      open: { kind: "word", n, from: `chip:${n}` },
      focus: { part: "chip", n },
      hover: null,
    });
    return true;
  }
  const to = nextCell(asVertical(key), { row: n, col: 0 }, { rows: derived.N, cols: 1 });
  if (to) {
    scene.explorer.goToStep(to.row, { patch: { focus: { part: "chip", n: to.row } } });
    scene.explorer.focusAfterPaint(`chip:${to.row}`);
  }
  return isNavigationKey(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 */
function cellKey({ key }, scene, derived, row, col) {
  const predicting = scene.ui.prediction?.phase === "open";
  if (predicting && (key === "Enter" || key === " ")) {
    scene.explorer.choose(row);
    return true;
  }
  if (key === "Enter" && !scene.ui.prediction) {
    startEdit(scene, row, col);
    return true;
  }
  const to = nextCell(key, { row, col }, { rows: derived.V, cols: derived.D });
  if (to) focusSpot(scene, { part: "table", ...to });
  return isNavigationKey(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} n
 * @param {number} col
 */
function outKey({ key }, scene, derived, n, col) {
  if (key === "Enter") {
    focusSpot(scene, { part: "out", n, col }, { kind: "out", n, col, from: `out:${n}:${col}` });
    return true;
  }
  const to = nextCell(key, { row: n, col }, { rows: derived.N, cols: derived.D });
  if (to)
    focusSpot(
      scene,
      { part: "out", n: to.row, col: to.col },
      scene.ui.open && { kind: "out", n: to.row, col: to.col, from: `out:${to.row}:${to.col}` },
    );
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived */
function mapKey({ key }, scene, { V }) {
  const { focus, local } = scene.ui;
  const row = focus?.part === "map" ? focus.row : local.windows.row;
  const by = {
    ArrowUp: -1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowRight: 1,
    PageUp: -2 * PAGE_ROWS,
    PageDown: 2 * PAGE_ROWS,
  }[key];
  if (by) focusSpot(scene, { part: "map", row: clamp(row + by, V) });
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene */
function editKey(event, scene) {
  const { editing } = scene.ui.local;
  if (!editing) return false;
  if (event.key === "Enter") finishEdit(scene, true);
  else if (event.key === "Escape") finishEdit(scene, false);
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const by = (event.shiftKey ? STEP.fine : STEP.coarse) * (event.key === "ArrowUp" ? 1 : -1);
    const value = Math.round(((parseNumber(editing.text) ?? editing.before) + by) * 100) / 100;
    editing.text = fixed(value);
    sendEdit(scene, value);
  } else return false;
  return true;
}
