/**
 * Hands on the training figure: the pointer and the keyboard.
 */
import { clamp } from "../kit/roving_tabindex.js";
import { bendTo, curveBox, curveKey } from "./predict.js";
import { hit } from "./layout.js";
import { readingOf } from "./trace.js";
import { dots } from "./positions.js";
import { PINS_MOST, drawingOf } from "./state.js";
import { branch, dropBranch } from "./controls.js";

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
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
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
      /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
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

/** Look at a run and a row. @param {Scene} scene @param {number} run @param {number} row */
export function look({ act, ui }, run, row) {
  Object.assign(ui.own, { run, row, touched: true });
  act.show({ hover: null });
  act.reportCursor();
}

/** Pin a row, or take the pin away; the oldest makes room. @param {Scene} scene @param {number} row */
export function pin({ act, ui }, row) {
  const { pins } = ui.own;
  ui.own.pins = pins.includes(row)
    ? pins.filter((/** @type {number} */ other) => other !== row)
    : [...pins, row].slice(-PINS_MOST);
  act.show({});
  act.reportCursor();
}

/** The keys of this view. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  const { act, ui } = scene;
  const { key, ctrlKey, metaKey, altKey } = event;
  const target = /** @type {HTMLElement} */ (event.target);
  if (ctrlKey || metaKey || altKey || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return false;
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

/** @param {Scene} scene */
function branchOrDrop(scene) {
  return done(() => (scene.params.branch?.length ? dropBranch(scene) : branch(scene)));
}

/** @param {() => void} act */
function done(act) {
  act();
  return true;
}
