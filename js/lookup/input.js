/**
 * Hands on the lookup figure: the pointer, the keyboard, and the field that changes a weight.
 */
import { fixed, parseNumber } from "../kit/format.js";
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { positionIn } from "../kit/pointer.js";
import { PAGE, clamp, move } from "../kit/roving_tabindex.js";
import { STEP, finish, hold, pick, startEdit, write } from "./actions.js";
import { hit } from "./layout.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./layout.js").Layout} Layout */

// ---- pointer -------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Reading} reading
 * @param {Layout} at
 */
export function pointer(scene, reading, at) {
  const { act, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    return hit(at, ui.own.windows, reading, x, y);
  };
  return {
    /** @param {PointerEvent} event */
    move: (event) => {
      if (event.pointerType !== "touch" && !ui.own.editing) act.hover(spot(event)); // a finger taps, it does not hover
    },
    leave: () => act.hover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const found = spot(event);
      if (found && !(/** @type {HTMLElement} */ (event.target).closest("input"))) pick(scene, found);
    },
    /** @param {MouseEvent} event */
    edit: (event) => {
      const found = spot(event);
      if (found?.part === "table" && !ui.prediction) startEdit(scene, Number(found.row), Number(found.col));
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
  const reading = readingOf(scene.trace);
  if (part === "edit") return editKey(event, scene);
  if (part === "chip") return chipKey(event, scene, reading, Number(a));
  if (part === "cell") return cellKey(event, scene, reading, Number(a), Number(b));
  if (part === "out") return outKey(event, scene, reading, Number(a), Number(b));
  if (part === "map") return mapKey(event, scene, reading);
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} n */
function chipKey({ key }, scene, reading, n) {
  if (key === "Enter") {
    scene.act.show({ open: { kind: "word", n, from: `chip:${n}` }, focus: { part: "chip", n }, hover: null });
    return true;
  }
  const to = move(asVertical(key), { row: n, col: 0 }, { rows: reading.N, cols: 1 });
  if (to) {
    scene.act.go(to.row, { patch: { focus: { part: "chip", n: to.row } } });
    scene.act.focusLater(`chip:${to.row}`);
  }
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col */
function cellKey({ key }, scene, reading, row, col) {
  const asked = scene.ui.prediction?.phase === "open";
  if (asked && (key === "Enter" || key === " ")) {
    scene.act.choose(row);
    return true;
  }
  if (key === "Enter" && !scene.ui.prediction) {
    startEdit(scene, row, col);
    return true;
  }
  const to = move(key, { row, col }, { rows: reading.V, cols: reading.D });
  if (to) hold(scene, { part: "table", ...to });
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} n @param {number} col */
function outKey({ key }, scene, reading, n, col) {
  if (key === "Enter") {
    hold(scene, { part: "out", n, col }, { kind: "out", n, col, from: `out:${n}:${col}` });
    return true;
  }
  const to = move(key, { row: n, col }, { rows: reading.N, cols: reading.D });
  if (to)
    hold(
      scene,
      { part: "out", n: to.row, col: to.col },
      scene.ui.open && { kind: "out", n: to.row, col: to.col, from: `out:${to.row}:${to.col}` },
    );
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading */
function mapKey({ key }, scene, { V }) {
  const { focus, own } = scene.ui;
  const row = focus?.part === "map" ? focus.row : own.windows.row;
  const by = {
    ArrowUp: -1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowRight: 1,
    PageUp: -2 * PAGE,
    PageDown: 2 * PAGE,
  }[key];
  if (by) hold(scene, { part: "map", row: clamp(row + by, V) });
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene */
function editKey(event, scene) {
  const { editing } = scene.ui.own;
  if (!editing) return false;
  if (event.key === "Enter") finish(scene, true);
  else if (event.key === "Escape") finish(scene, false);
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const by = (event.shiftKey ? STEP.fine : STEP.coarse) * (event.key === "ArrowUp" ? 1 : -1);
    const value = Math.round(((parseNumber(editing.text) ?? editing.before) + by) * 100) / 100;
    editing.text = fixed(value);
    write(scene, value);
  } else return false;
  return true;
}

