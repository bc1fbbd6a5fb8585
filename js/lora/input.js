/**
 * Hands on the LoRA figure: edges and points that are dragged, tokens that are trained, cells that
 * are held or painted.
 */
import { hit, rankAt } from "./layout.js";
import { bendTo, hold, paint, setRank, toggleToken } from "./actions.js";
import { momentAt, layoutOf } from "./state.js";
import { brushFor } from "./paint.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Event} event */
const placeUnder = (event) =>
  /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-place]"))?.dataset.place ?? "";

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
  const point = (event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const { x, y } = point(event);
    return hit(at, { n: reading.n, r: momentAt(scene).r }, x, y);
  };
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const { x, y } = point(event);
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
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
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
      const box = found.part === "token" && (point(event).x < at.labels || onBox(at, point(event).x));
      hold(scene, found);
      if (box) toggleToken(scene, Number(found.i));
    },
  };
}

/** Whether a click on the strip means its box (or, on a phone, its word). @param {import("./layout.js").Layout} at @param {number} x */
const onBox = (at, x) => x < at.strip.x + at.strip.bar;
