/**
 * Pointer and keyboard on the gradient figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { positionIn } from "../kit/pointer.js";
import { clamp, nextCell } from "../kit/roving_tabindex.js";
import { focusSpot, openArithmetic, select, placeOf } from "./actions.js";
import { hit } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */

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
      if (event.pointerType !== "touch") explorer.setHover(spot(event)); // a finger taps, it does not hover
    },
    leave: () => explorer.setHover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const target = spot(event);
      if (target) select(scene, target);
    },
    /** @param {MouseEvent} event */
    open: (event) => {
      const target = spot(event);
      if (target && !ui.prediction) openArithmetic(scene, target);
    },
  };
}

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const [part, a, b] = focusedPlace(event);
  if (part !== "chip" && part !== "back" && part !== "cell") return false;
  const derived = derive(scene.trace);
  const spot = spotAt(part, Number(a), Number(b));
  const { prediction, local } = scene.ui;
  if (event.key === "Enter" || (event.key === " " && prediction?.phase === "open")) {
    if (prediction?.phase === "open") {
      if (part === "cell" && local.asks === "rows") scene.explorer.choose(Number(a));
    } else openArithmetic(scene, spot);
    return true;
  }
  const to = next(event.key, spot, derived);
  if (to) focusSpot(scene, to, followOpenCard(scene, to));
  return isNavigationKey(event.key);
}

/** @param {string} part @param {number} a @param {number} b */
function spotAt(part, a, b) {
  if (part === "chip") return { part, n: a };
  return part === "back" ? { part, n: a, col: b } : { part, row: a, col: b };
}

/**
 * Return the spot an arrow key leads to, or null.
 * @param {string} key
 * @param {any} spot
 * @param {Derived} derived
 */
function next(key, spot, { N, D, rows, rowIndex }) {
  if (spot.part === "chip") {
    const to = nextCell(asVertical(key), { row: spot.n, col: 0 }, { rows: N, cols: 1 });
    return to && { part: "chip", n: to.row };
  }
  if (spot.part === "back") {
    const to = nextCell(key, { row: spot.n, col: spot.col }, { rows: N, cols: D });
    return to && { part: "back", n: to.row, col: to.col };
  }
  const to = nextCell(
    key,
    { row: rowIndex(spot.row), col: spot.col },
    { rows: rows.length, cols: D },
  );
  return to && { part: "cell", row: rows[clamp(to.row, rows.length)], col: to.col };
}

/** Return the open card for the newly focused spot. @param {Scene} scene @param {any} to */
function followOpenCard({ ui }, to) {
  if (!ui.open || ui.open.kind === "fact" || to.part === "chip") return null;
  const { part, ...where } = to;
  return { kind: part, ...where, from: placeOf(to) };
}
