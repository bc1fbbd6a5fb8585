/**
 * Pointer and keyboard on the LoRA figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { move } from "../kit/roving_tabindex.js";
import { bendTo, hold, merge, paint, setRank, toggleToken } from "./actions.js";
import { hit, rankAt } from "./layout.js";
import { brushFor } from "./paint.js";
import { momentAt, layoutOf } from "./state.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** What a press on this place drags. @param {string} place @returns {"a" | "b" | "cut" | "curve" | null} */
function handleOf(place) {
  if (place === "edge:a" || place === "edge:b") return place === "edge:a" ? "a" : "b";
  return place === "cut" ? "cut" : place.startsWith("curve:") ? "curve" : null;
}

/** @param {Scene} scene */
export function pointer(scene) {
  const { act, ui } = scene;
  const at = layoutOf(scene);
  const reading = readingOf(scene.trace);
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    return hit(at, { n: reading.n, r: momentAt(scene).r }, x, y);
  };
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const { x, y } = positionIn(event);
    const { drag: held } = ui.own;
    if (held.part === "paint") {
      const found = spot(event);
      if (found?.part === "d" && `${found.i}:${found.c}` !== held.last) {
        held.last = `${found.i}:${found.c}`;
        paint(scene, Number(found.i), Number(found.c), held.value);
      }
    } else if (held.part === "curve") {
      const r = rankAt("curve", at, reading.K, x, y);
      bendTo(scene, r, 1 - (y - at.error.y) / at.error.h);
    } else setRank(scene, rankAt(held.part, at, reading.K, x, y));
  };
  return {
    /** @param {PointerEvent} event */
    down: (event) => {
      if (event.button !== 0) return;
      const part = handleOf(placeUnder(event));
      const found = spot(event);
      const paints = scene.params.target === "painted" && found?.part === "d";
      if (!part && !paints) return;
      event.preventDefault(); // no text is selected, and the page does not scroll along
      capturePointer(event);
      ui.own.drag = part
        ? { part }
        : { part: "paint", value: brushFor(reading.delta(Number(found?.i))[Number(found?.c)]), last: "" };
      if (part) act.focusLater(placeUnder(event));
      drag(event);
    },
    /** @param {PointerEvent} event */
    move: (event) => {
      if (ui.own.drag) return drag(event);
      if (event.pointerType !== "touch") act.hover(spot(event));
    },
    up: () => {
      if (!ui.own.drag) return;
      ui.own.drag = null;
      ui.own.dragged = true; // the click that follows belongs to the drag
      act.repaint();
    },
    leave: () => {
      if (!ui.own.drag) act.hover(null);
    },
    /** @param {MouseEvent} event */
    click: (event) => {
      const dragged = ui.own.dragged;
      ui.own.dragged = false;
      const found = spot(event);
      if (dragged || !found) return;
      const box = found.part === "token" && (positionIn(event).x < at.labels || onBox(at, positionIn(event).x));
      hold(scene, found);
      if (box) toggleToken(scene, Number(found.i));
    },
  };
}

/** Whether a click on the strip means its box (or, on a phone, its word). @param {import("./layout.js").Layout} at @param {number} x */
const onBox = (at, x) => x < at.strip.x + at.strip.bar;

/** @type {Record<string, Record<string, number>>} */
const GROWS = {
  a: { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 },
  b: { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }, // B grows downwards
};

/** @type {Record<string, number>} */
const BENDS = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 };

/** True when the key was used. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const { key } = event;
  const [part, first, second] = focusedPlace(event);
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

/** @param {string} key @param {Scene} scene @param {string} which */
function edgeKey(key, scene, which) {
  const by = GROWS[which === "b" ? "b" : "a"][key];
  if (by) setRank(scene, momentAt(scene).r + by);
  return isNavigationKey(key);
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
  const to = move(asVertical(key), { row: i, col: 0 }, { rows: readingOf(scene.trace).n, cols: 1 });
  if (to) hold(scene, { part: "token", i: to.row }, scene.ui.open && { kind: "token", i: to.row, from: `token:${to.row}` });
  return isNavigationKey(key);
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
  return isNavigationKey(key);
}

