/**
 * Hands on the training figure: the pointer and the keyboard.
 */
import { isShortcut } from "../kit/keys.js";
import { capturePointer, positionIn } from "../kit/pointer.js";
import { clamp } from "../kit/roving_tabindex.js";
import { STEPS_UP, bendTo, branchOrDrop, done, look, pin } from "./actions.js";
import { hit } from "./layout.js";
import { dots } from "./positions.js";
import { curveBox, topOf } from "./predict.js";
import { drawingOf } from "./state.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Drawing} Drawing */

const HERE = { kind: "cell", from: "here" };

/** @type {WeakMap<object, number | null>} the point of the curve that the pointer holds, by explorer */
const held = new WeakMap();

/** @param {Drawing} d */
export function pointer(d) {
  const { scene, at, reading } = d;
  const { act, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event @returns {[number, number]} */
  const place = (event) => {
    const { x, y } = positionIn(event);
    return [x, y];
  };
  const onCurve = (/** @type {[number, number]} */ [x, y]) => {
    const box = curveBox(d);
    return d.asked && x > box.x - 8 && x < box.x + box.w + 10 && y > box.y - 10 && y < box.y + box.h + 10;
  };
  return {
    /** @param {PointerEvent} event */
    down(event) {
      const spot = place(event);
      if (!onCurve(spot)) return;
      event.preventDefault();
      capturePointer(event);
      held.set(act, bendTo(d, ...spot, null));
    },
    /** @param {PointerEvent} event */
    move(event) {
      const from = held.get(act);
      if (from !== undefined && from !== null) held.set(act, bendTo(drawingOf(scene), ...place(event), from));
      else if (!ui.prediction) act.hover(lit(hit(at, reading, dots(d), ...place(event))));
    },
    up() {
      held.delete(act);
    },
    leave() {
      if (!ui.prediction) act.hover(null);
    },
    /** @param {MouseEvent} event */
    click(event) {
      if (d.asked) return;
      const spot = hit(at, reading, dots(d), ...place(event));
      if (!spot) return;
      if (spot.step !== undefined && spot.part !== "strip") return act.go(spot.step);
      if (spot.part === "title") return look(scene, spot.run ?? 0, ui.own.row);
      if (spot.row === undefined) return;
      look(scene, spot.run ?? 0, spot.row);
      if (spot.part === "strip") {
        act.go(spot.step ?? 0, { patch: { open: HERE } });
        return act.focusLater("here");
      }
      pin(scene, spot.row);
    },
  };
}

/** A hover names a row and a run, never a step: the step is the transport's. @param {ReturnType<typeof hit>} spot */
const lit = (spot) => (spot?.row === undefined ? null : { part: spot.part, row: spot.row, run: spot.run });

/** The keys of this view. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  const { act, ui } = scene;
  const { key } = event;
  const target = /** @type {HTMLElement} */ (event.target);
  if (isShortcut(event) || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return false;
  const place = target.dataset?.place ?? "";
  const point = /^curve:(\d+)$/.exec(place);
  if (point) return curveKey(event, scene, Number(point[1]));
  const reading = readingOf(scene.trace);
  if (ui.prediction?.phase !== "open") {
    if (key.toLowerCase() === "b") return branchOrDrop(scene);
    if (key.toLowerCase() === "x") return done(() => pin(scene, ui.own.row));
    const run = Number(key) - 1;
    if (run in reading.runs && target.tagName !== "INPUT") {
      look(scene, run, ui.own.row);
      if (place === "here") act.focusLater("here");
      return true;
    }
  }
  if (place !== "here") return false;
  if (key === "Enter" && !ui.prediction) {
    act.show({ open: HERE });
    return true;
  }
  const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[key];
  if (by) {
    const { order } = reading;
    const row = order[clamp(order.indexOf(ui.own.row) + by, order.length)];
    if (!ui.prediction) look(scene, ui.own.run, row);
    act.focusLater("here");
    return true;
  }
  const on = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!on) return false;
  if (!ui.prediction) act.go(ui.step + on, { patch: { open: ui.open } });
  return true;
}

/** The keys of the curve: up and down bend it, and what lies behind goes along; left and right move. @param {KeyboardEvent} event @param {Scene} scene @param {number} i */
export function curveKey({ key, shiftKey }, scene, i) {
  const { prediction } = scene.ui;
  const drawn = prediction?.drawn ?? [];
  if (prediction?.phase !== "open" || !(i in drawn)) return false;
  const to = { ArrowLeft: i - 1, ArrowRight: i + 1 }[key];
  if (to !== undefined) {
    const next = clamp(to, drawn.length);
    scene.act.show({ focus: { part: "curve", i: next } });
    scene.act.focusLater(`curve:${next}`);
    return true;
  }
  const by = { ArrowUp: 1, ArrowDown: -1 }[key];
  if (!by) return false;
  const top = topOf(readingOf(scene.trace).reach);
  const value = Math.max(0, Math.min(top, drawn[i] + (by * top) / (STEPS_UP * (shiftKey ? 5 : 1))));
  for (let k = i; k < drawn.length; k++) scene.act.bend(k, value);
  return true;
}
