/**
 * Pointer and keyboard on the window figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { positionIn } from "../kit/pointer.js";
import { clamp, nextCell } from "../kit/roving_tabindex.js";
import { focusSpot, goToWord, itemOf, placeOf, select } from "./actions.js";
import { hit } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Derived} derived @param {import("./layout.js").Layout} at */
export function pointer(scene, derived, at) {
  const { explorer, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    const sizes = { V: derived.V, N: derived.N, P: derived.pairs(ui.step).length };
    return hit(at, sizes, { step: ui.step, pair: ui.local.pair }, x, y);
  };
  return {
    /** @param {PointerEvent} event */
    move: (event) => {
      const target = event.pointerType === "touch" ? null : spot(event); // a finger taps, it does not hover
      explorer.setHover(target?.part === "word" ? null : target);
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
  const [part, a, b, c] = focusedPlace(event);
  const derived = derive(scene.trace);
  if (part === "word") return wordKey(event, scene, derived, Number(a));
  if (part === "pair") return pairKey(event, scene, derived, Number(a));
  if (part === "cell")
    return cellKey(event, scene, derived, { side: Number(a), row: Number(b), col: Number(c) });
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived @param {number} n */
function wordKey({ key }, scene, { N }, n) {
  if (scene.predicting) return isNavigationKey(key); // the window stays where the question is asked
  if (key === "Enter") {
    scene.explorer.updateUi({ open: { kind: "fact", id: "loss", from: `word:${n}` } });
    return true;
  }
  const to = nextCell(asVertical(key), { row: n, col: 0 }, { rows: N, cols: 1 });
  if (to) goToWord(scene, to.row);
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived @param {number} k */
function pairKey({ key }, scene, derived, k) {
  /** @param {number} to @param {boolean} pinned */
  const go = (to, pinned) =>
    focusSpot(
      scene,
      { part: "pair", k: to },
      pinned ? { kind: "pair", k: to, from: `pair:${to}` } : null,
    );
  if (key === "Enter") {
    if (!scene.predicting) go(k, true);
    return true;
  }
  const by = { ArrowUp: -1, ArrowDown: 1 }[asVertical(key)];
  if (by) go(clamp(k + by, derived.pairs(scene.ui.step).length), scene.ui.open?.kind === "pair");
  return isNavigationKey(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {{ side: number, row: number, col: number }} cell
 */
function cellKey({ key }, scene, derived, cell) {
  if (scene.predicting && (key === "Enter" || key === " ")) {
    scene.explorer.choose(itemOf(scene, { part: "cell", ...cell }));
    return true;
  }
  /** @param {{ side: number, row: number, col: number }} to @param {boolean} pinned */
  const go = (to, pinned) => {
    /** @type {import("./trace.js").Spot} */
    const spot = { part: "cell", ...to };
    focusSpot(scene, spot, pinned ? { kind: "row", ...to, from: placeOf(spot) } : null);
  };
  if (key === "Enter") {
    go(cell, true);
    return true;
  }
  const to = nextCell(key, cell, { rows: derived.V, cols: derived.D });
  if (to) go({ side: cell.side, ...to }, scene.ui.open?.kind === "row");
  return isNavigationKey(key);
}
