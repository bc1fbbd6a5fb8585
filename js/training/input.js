/**
 * Pointer and keyboard on the training figure.
 */
import { isShortcut } from "../kit/keys.js";
import { capturePointer, positionIn } from "../kit/pointer.js";
import { clamp } from "../kit/roving_tabindex.js";
import { STEPS_UP, bendCurveTo, branchOrDrop, handled, selectRow, togglePin } from "./actions.js";
import { hit } from "./layout.js";
import { dots } from "./positions.js";
import { curveBox, guessTop } from "./predict.js";
import { sceneFrame } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */

const HERE = { kind: "cell", from: "here" };

/** @type {WeakMap<object, number | null>} the point of the curve that the pointer holds, by explorer */
const heldPoint = new WeakMap();

/** @param {SceneFrame} d */
export function pointer(d) {
  const { scene, at, derived } = d;
  const { explorer, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event @returns {[number, number]} */
  const place = (event) => {
    const { x, y } = positionIn(event);
    return [x, y];
  };
  const onCurve = (/** @type {[number, number]} */ [x, y]) => {
    const box = curveBox(d);
    return (
      d.predicting &&
      x > box.x - 8 &&
      x < box.x + box.w + 10 &&
      y > box.y - 10 &&
      y < box.y + box.h + 10
    );
  };
  return {
    /** @param {PointerEvent} event */
    down(event) {
      const spot = place(event);
      if (!onCurve(spot)) return;
      event.preventDefault();
      capturePointer(event);
      heldPoint.set(explorer, bendCurveTo(d, ...spot, null));
    },
    /** @param {PointerEvent} event */
    move(event) {
      const from = heldPoint.get(explorer);
      if (from !== undefined && from !== null)
        heldPoint.set(explorer, bendCurveTo(sceneFrame(scene), ...place(event), from));
      else if (!ui.prediction)
        explorer.setHover(hoverOf(hit(at, d.plot, derived, dots(d), ...place(event))));
    },
    up() {
      heldPoint.delete(explorer);
    },
    leave() {
      if (!ui.prediction) explorer.setHover(null);
    },
    /** @param {MouseEvent} event */
    click(event) {
      if (d.predicting) return;
      const spot = hit(at, d.plot, derived, dots(d), ...place(event));
      if (!spot) return;
      if (spot.step !== undefined && spot.part !== "strip") return explorer.goToStep(spot.step);
      if (spot.part === "title") return selectRow(scene, spot.run ?? 0, ui.local.row);
      if (spot.row === undefined) return;
      selectRow(scene, spot.run ?? 0, spot.row);
      if (spot.part === "strip") {
        explorer.goToStep(spot.step ?? 0, { patch: { open: HERE } });
        return explorer.focusAfterPaint("here");
      }
      togglePin(scene, spot.row);
    },
  };
}

/**
 * Return the hover of a spot: a row and a run, never a step.
 * @param {ReturnType<typeof hit>} spot
 */
const hoverOf = (spot) =>
  spot?.row === undefined ? null : { part: spot.part, row: spot.row, run: spot.run };

/** The keys of this view. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  const { explorer, ui } = scene;
  const { key } = event;
  const target = /** @type {HTMLElement} */ (event.target);
  if (isShortcut(event) || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return false;
  const place = target.dataset?.place ?? "";
  const point = /^curve:(\d+)$/.exec(place);
  if (point) return curveKey(event, scene, Number(point[1]));
  const derived = derive(scene.trace);
  if (ui.prediction?.phase !== "open") {
    if (key.toLowerCase() === "b") return branchOrDrop(scene);
    if (key.toLowerCase() === "x") return handled(() => togglePin(scene, ui.local.row));
    const run = Number(key) - 1;
    if (run in derived.runs && target.tagName !== "INPUT") {
      selectRow(scene, run, ui.local.row);
      if (place === "here") explorer.focusAfterPaint("here");
      return true;
    }
  }
  if (place !== "here") return false;
  if (key === "Enter" && !ui.prediction) {
    explorer.updateUi({ open: HERE });
    return true;
  }
  const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[key];
  if (by) {
    const { order } = derived;
    const row = order[clamp(order.indexOf(ui.local.row) + by, order.length)];
    if (!ui.prediction) selectRow(scene, ui.local.run, row);
    explorer.focusAfterPaint("here");
    return true;
  }
  const on = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!on) return false;
  if (!ui.prediction) explorer.goToStep(ui.step + on, { patch: { open: ui.open } });
  return true;
}

/**
 * The keys of the curve: up and down bend it, and what lies behind goes along; left and right move.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {number} i
 */
export function curveKey({ key, shiftKey }, scene, i) {
  const { prediction } = scene.ui;
  const drawn = prediction?.curve ?? [];
  if (prediction?.phase !== "open" || !(i in drawn)) return false;
  const to = { ArrowLeft: i - 1, ArrowRight: i + 1 }[key];
  if (to !== undefined) {
    const next = clamp(to, drawn.length);
    scene.explorer.updateUi({ focus: { part: "curve", i: next } });
    scene.explorer.focusAfterPaint(`curve:${next}`);
    return true;
  }
  const by = { ArrowUp: 1, ArrowDown: -1 }[key];
  if (!by) return false;
  const top = guessTop(scene);
  const value = Math.max(0, Math.min(top, drawn[i] + (by * top) / (STEPS_UP * (shiftKey ? 5 : 1))));
  for (let k = i; k < drawn.length; k++) scene.explorer.bendCurve(k, value);
  return true;
}
