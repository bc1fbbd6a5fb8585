/**
 * Keys inside the LoRA figure.
 */
import { move } from "../kit/roving_tabindex.js";
import { bendTo, hold, merge, paint, setRank, toggleToken } from "./actions.js";
import { brushFor } from "./paint.js";
import { readingOf } from "./trace.js";
import { layoutOf, momentAt } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @type {Record<string, Record<string, number>>} */
const GROWS = {
  a: { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 },
  b: { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }, // B grows downwards
};

/** @type {Record<string, number>} */
const BENDS = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 };

/** True when the key was used. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { key } = event;
  const [part, first, second] = (/** @type {HTMLElement} */ (event.target)?.dataset?.place ?? "").split(":");
  if (key.toLowerCase() === "m" && !scene.ui.prediction) {
    merge(scene);
    return true;
  }
  if (part === "edge" || part === "cut") return edgeKey(key, scene, first ?? "a");
  if (part === "curve") return curveKey(key, scene, Number(first));
  if (part === "token") return tokenKey(key, scene, Number(first));
  if (["w", "a", "b", "m", "d"].includes(part)) return cellKey(key, scene, part, Number(first), Number(second));
  return false;
}

/** @param {string} key */
const isArrow = (key) => key.startsWith("Arrow") || key === "PageUp" || key === "PageDown";

/** @param {string} key @param {Scene} scene @param {string} which */
function edgeKey(key, scene, which) {
  const by = GROWS[which === "b" ? "b" : "a"][key];
  if (by) setRank(scene, momentAt(scene).r + by);
  return isArrow(key);
}

/** @param {string} key @param {Scene} scene @param {number} r */
function curveKey(key, scene, r) {
  const { K } = readingOf(scene.trace);
  const bend = BENDS[key];
  if (bend) bendTo(scene, r, (scene.ui.prediction?.drawn[r - 1] ?? 0) + bend);
  else if (key === "ArrowLeft" || key === "ArrowRight") {
    const next = Math.max(1, Math.min(K, r + (key === "ArrowRight" ? 1 : -1)));
    scene.ui.own.point = next;
    scene.act.focusLater(`curve:${next}`);
  } else return false;
  return true;
}

/** @param {string} key @param {Scene} scene @param {number} i */
function tokenKey(key, scene, i) {
  if (key === " ") {
    toggleToken(scene, i);
    return true;
  }
  if (key === "Enter") {
    hold(scene, { part: "token", i }, { kind: "token", i, from: `token:${i}` });
    return true;
  }
  const turned = key === "ArrowLeft" ? "ArrowUp" : key === "ArrowRight" ? "ArrowDown" : key;
  const to = move(turned, { row: i, col: 0 }, { rows: readingOf(scene.trace).n, cols: 1 });
  if (to) hold(scene, { part: "token", i: to.row }, scene.ui.open && { kind: "token", i: to.row, from: `token:${to.row}` });
  return isArrow(key);
}

/** @param {string} key @param {Scene} scene @param {string} part @param {number} row @param {number} col */
function cellKey(key, scene, part, row, col) {
  const { n, delta } = readingOf(scene.trace);
  const { r } = momentAt(scene);
  const { cols } = layoutOf(scene);
  const paints = part === "d" && scene.params.target === "painted";
  if (paints && (key === "Enter" || key === " ")) {
    paint(scene, row, col, brushFor(delta(row)[col]));
    return true;
  }
  /** @param {number} y @param {number} x */
  const spot = (y, x) => (part === "a" ? { part, i: y, k: x } : part === "b" ? { part, k: y, c: x } : { part, i: y, c: x });
  const opened = (/** @type {number} */ y, /** @type {number} */ x) => ({ kind: "cell", spot: spot(y, x), from: `${part}:${y}:${x}` });
  if (key === "Enter") {
    hold(scene, spot(row, col), opened(row, col));
    return true;
  }
  const to = move(key, { row, col }, { rows: part === "b" ? r : n, cols: part === "a" ? r : cols });
  if (to) hold(scene, spot(to.row, to.col), scene.ui.open?.kind === "cell" ? opened(to.row, to.col) : null);
  return isArrow(key);
}
