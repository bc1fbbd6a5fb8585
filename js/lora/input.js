/**
 * Pointer and keyboard on the LoRA figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { nextCell } from "../kit/roving_tabindex.js";
import {
  bendCurveAt,
  focusSpot,
  toggleMerge,
  paintCell,
  setRank,
  toggleTrained,
} from "./actions.js";
import { hit, rankAt } from "./layout.js";
import { nextBrushValue } from "./paint.js";
import { momentAt, layoutOf } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/**
 * Return what a press on this place drags.
 * @param {string} place
 * @returns {"a" | "b" | "cut" | "curve" | null}
 */
function handleOf(place) {
  if (place === "edge:a" || place === "edge:b") return place === "edge:a" ? "a" : "b";
  return place === "cut" ? "cut" : place.startsWith("curve:") ? "curve" : null;
}

/** @param {Scene} scene */
export function pointer(scene) {
  const { explorer, ui } = scene;
  const at = layoutOf(scene);
  const derived = derive(scene.trace);
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = positionIn(event);
    return hit(at, { n: derived.n, r: momentAt(scene).r }, x, y);
  };
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const { x, y } = positionIn(event);
    const { drag: active } = ui.local;
    if (active.part === "paint") {
      const target = spot(event);
      if (target?.part === "d" && `${target.i}:${target.c}` !== active.last) {
        active.last = `${target.i}:${target.c}`;
        paintCell(scene, Number(target.i), Number(target.c), active.value);
      }
    } else if (active.part === "curve") {
      const r = rankAt("curve", at, derived.K, x, y);
      bendCurveAt(scene, r, 1 - (y - at.spectrum.y) / at.spectrum.h);
    } else setRank(scene, rankAt(active.part, at, derived.K, x, y));
  };
  return {
    /** @param {PointerEvent} event */
    down: (event) => {
      if (event.button !== 0) return;
      const part = handleOf(placeUnder(event));
      const target = spot(event);
      const paints = scene.params.target === "painted" && target?.part === "d";
      if (!part && !paints) return;
      event.preventDefault(); // no text is selected, and the page does not scroll along
      capturePointer(event);
      ui.local.drag = part
        ? { part }
        : {
            part: "paint",
            value: nextBrushValue(derived.delta(Number(target?.i))[Number(target?.c)]),
            last: "",
          };
      if (part) explorer.focusAfterPaint(placeUnder(event));
      drag(event);
    },
    /** @param {PointerEvent} event */
    move: (event) => {
      if (ui.local.drag) return drag(event);
      if (event.pointerType !== "touch") explorer.setHover(spot(event));
    },
    up: () => {
      if (!ui.local.drag) return;
      ui.local.drag = null;
      ui.local.dragged = true; // the click that follows belongs to the drag
      explorer.repaint();
    },
    leave: () => {
      if (!ui.local.drag) explorer.setHover(null);
    },
    /** @param {MouseEvent} event */
    click: (event) => {
      const dragged = ui.local.dragged;
      ui.local.dragged = false;
      const target = spot(event);
      if (dragged || !target) return;
      const box =
        target.part === "token" &&
        (positionIn(event).x < at.labels || onBox(at, positionIn(event).x));
      focusSpot(scene, target);
      if (box) toggleTrained(scene, Number(target.i));
    },
  };
}

/**
 * Return whether a click on the strip means its checkbox (or, on a phone, its word).
 * @param {import("./layout.js").Layout} at
 * @param {number} x
 */
const onBox = (at, x) => x < at.strip.x + at.strip.bar;

/** @type {Record<string, Record<string, number>>} */
const RANK_KEYS = {
  a: { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 },
  b: { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }, // B grows downwards
};

/** @type {Record<string, number>} */
const CURVE_KEYS = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 };

/** True when the key was used. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const { key } = event;
  const [part, first, second] = focusedPlace(event);
  if (key.toLowerCase() === "m" && !scene.ui.prediction) {
    toggleMerge(scene);
    return true;
  }
  if (part === "edge" || part === "cut") return edgeKey(key, scene, first ?? "a");
  if (part === "curve") return curveKey(key, scene, Number(first));
  if (part === "token") return tokenKey(key, scene, Number(first));
  if (["w", "a", "b", "m", "d"].includes(part))
    return cellKey(key, scene, part, Number(first), Number(second));
  return false;
}

/** @param {string} key @param {Scene} scene @param {string} which */
function edgeKey(key, scene, which) {
  const by = RANK_KEYS[which === "b" ? "b" : "a"][key];
  if (by) setRank(scene, momentAt(scene).r + by);
  return isNavigationKey(key);
}

/** @param {string} key @param {Scene} scene @param {number} r */
function curveKey(key, scene, r) {
  const { K } = derive(scene.trace);
  const bend = CURVE_KEYS[key];
  if (bend) bendCurveAt(scene, r, (scene.ui.prediction?.curve[r - 1] ?? 0) + bend);
  else if (key === "ArrowLeft" || key === "ArrowRight") {
    const next = Math.max(1, Math.min(K, r + (key === "ArrowRight" ? 1 : -1)));
    scene.ui.local.point = next;
    scene.explorer.focusAfterPaint(`curve:${next}`);
  } else return false;
  return true;
}

/** @param {string} key @param {Scene} scene @param {number} i */
function tokenKey(key, scene, i) {
  if (key === " ") {
    toggleTrained(scene, i);
    return true;
  }
  if (key === "Enter") {
    focusSpot(scene, { part: "token", i }, { kind: "token", i, from: `token:${i}` });
    return true;
  }
  const to = nextCell(
    asVertical(key),
    { row: i, col: 0 },
    { rows: derive(scene.trace).n, cols: 1 },
  );
  if (to)
    focusSpot(
      scene,
      { part: "token", i: to.row },
      scene.ui.open && { kind: "token", i: to.row, from: `token:${to.row}` },
    );
  return isNavigationKey(key);
}

/**
 * @param {string} key
 * @param {Scene} scene
 * @param {string} part
 * @param {number} row
 * @param {number} col
 */
function cellKey(key, scene, part, row, col) {
  const { n, delta } = derive(scene.trace);
  const { r } = momentAt(scene);
  const { cols } = layoutOf(scene);
  const paints = part === "d" && scene.params.target === "painted";
  if (paints && (key === "Enter" || key === " ")) {
    paintCell(scene, row, col, nextBrushValue(delta(row)[col]));
    return true;
  }
  /** @param {number} y @param {number} x */
  const spot = (y, x) =>
    part === "a"
      ? { part, i: y, k: x }
      : part === "b"
        ? { part, k: y, c: x }
        : { part, i: y, c: x };
  const opened = (/** @type {number} */ y, /** @type {number} */ x) => ({
    kind: "cell",
    spot: spot(y, x),
    from: `${part}:${y}:${x}`,
  });
  if (key === "Enter") {
    focusSpot(scene, spot(row, col), opened(row, col));
    return true;
  }
  const to = nextCell(
    key,
    { row, col },
    { rows: part === "b" ? r : n, cols: part === "a" ? r : cols },
  );
  if (to)
    focusSpot(
      scene,
      spot(to.row, to.col),
      scene.ui.open?.kind === "cell" ? opened(to.row, to.col) : null,
    );
  return isNavigationKey(key);
}
