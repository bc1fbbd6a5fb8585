/**
 * Pointer and keyboard on the shard figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { positionIn } from "../kit/pointer.js";
import { nextCell } from "../kit/roving_tabindex.js";
import { focusSpot, placeOf, select } from "./actions.js";
import { hit } from "./layout.js";
import { columnsAt, derive, progressAt } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Spot} Spot */

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Derived} derived @param {import("./layout.js").Layout} at */
export function pointer(scene, derived, at) {
  const { explorer, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    const progress = progressAt(derived, ui.step);
    const columns = (/** @type {number} */ n) =>
      scene.predicting ? 0 : columnsAt(derived, progress, n);
    return hit(at, derived, columns, x, y);
  };
  return {
    /** @param {PointerEvent} event */
    move: (event) => {
      explorer.setHover(event.pointerType === "touch" ? null : spot(event)); // a finger taps, it does not hover
    },
    leave: () => explorer.setHover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const target = spot(event);
      if (target) select(scene, target);
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
  if (part === "id") return listKey(event, scene, { part, n: Number(a) }, derived.N);
  if (part === "worker") return listKey(event, scene, { part, w: Number(a) }, derived.W);
  if (part === "cell")
    return cellKey(event, scene, derived, { part, n: Number(a), col: Number(b) });
  return false;
}

/** What Enter opens. @param {Spot} spot */
const opened = (spot) => ({ kind: spot.part, from: placeOf(spot) });

/** @param {KeyboardEvent} event @param {Scene} scene @param {Spot} spot @param {number} count */
function listKey({ key }, scene, spot, count) {
  const name = spot.part === "worker" ? "w" : "n";
  if (scene.predicting && name === "w" && (key === "Enter" || key === " ")) {
    scene.explorer.choose(/** @type {number} */ (spot.w));
    return true;
  }
  if (key === "Enter") {
    if (!scene.predicting) focusSpot(scene, spot, opened(spot));
    return true;
  }
  const from = { row: /** @type {number} */ (spot[name]), col: 0 };
  const to = nextCell(asVertical(key), from, { rows: count, cols: 1 });
  if (to) {
    const next = { ...spot, [name]: to.row };
    focusSpot(scene, next, scene.ui.open?.kind === spot.part ? opened(next) : null);
  }
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived @param {{ part: "cell", n: number, col: number }} spot */
function cellKey({ key }, scene, derived, spot) {
  if (key === "Enter") {
    focusSpot(scene, spot, opened(spot));
    return true;
  }
  const progress = progressAt(derived, scene.ui.step);
  const rows = Array.from({ length: derived.N }, (_, n) => n).filter((n) =>
    columnsAt(derived, progress, n),
  );
  const from = { row: rows.indexOf(spot.n), col: spot.col };
  const size = { rows: rows.length, cols: columnsAt(derived, progress, spot.n) };
  const to = nextCell(key, from, size);
  if (to) {
    /** @type {Spot} */
    const next = { part: "cell", n: rows[to.row], col: to.col };
    focusSpot(scene, next, scene.ui.open?.kind === "cell" ? opened(next) : null);
  }
  return isNavigationKey(key);
}
