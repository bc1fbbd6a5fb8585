/**
 * Pointer and keyboard on the mask figure.
 */
import { focusedPlace, isShortcut } from "../kit/keys.js";
import { DRAG_THRESHOLD, capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { clamp } from "../kit/roving_tabindex.js";
import {
  moveLayer,
  chooseLayer,
  focusCell,
  selectLayer,
  setLength,
  removeLayer,
} from "./actions.js";
import { gapAt, hit, lengthAt } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const [part, a, b, c] = focusedPlace(event);
  const derived = derive(scene.trace);
  if (part === "layer") return layerKey(event, scene, derived, Number(a));
  if (part === "pad") return padKey(event, scene, derived, Number(a));
  if (part === "at")
    return placeKey(event, scene, derived, { k: Number(a), b: Number(b), cell: Number(c) });
  return false;
}

/** @param {string} key */
const sideways = (key) =>
  /** @type {Record<string, number>} */ ({
    ArrowLeft: -1,
    ArrowUp: -1,
    ArrowRight: 1,
    ArrowDown: 1,
  })[key] ?? 0;

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} stage
 */
function layerKey({ key, shiftKey }, scene, { stages }, stage) {
  const { explorer, ui } = scene;
  const predicting = ui.prediction?.phase === "open";
  if (predicting && (key === "Enter" || key === " ")) {
    chooseLayer(scene, stage);
    return true;
  }
  const by = sideways(key);
  if (predicting && by) {
    ui.local.asking = clamp(stage + by, stages.length + 1);
    explorer.updateUi({});
    explorer.focusAfterPaint(`layer:${ui.local.asking}`);
    return true;
  }
  if (by && shiftKey) {
    const moves = stage > 0 && stage + by > 0 && stage + by < stages.length && !ui.prediction;
    if (moves) {
      moveLayer(scene, stage, by > 0 ? stage + 1 : stage - 2);
      explorer.focusAfterPaint(`layer:${stage + by}`);
    }
    return true;
  }
  if (by) {
    selectLayer(scene, clamp(stage + by, stages.length));
    return true;
  }
  if (ui.prediction) return false;
  if (key === "Delete" || key === "Backspace") {
    removeLayer(scene, stage);
    return true;
  }
  if (key === "Enter") {
    explorer.updateUi({ open: { kind: "stage", n: stage, from: `layer:${stage}` } });
    return true;
  }
  if (key === "+" || key === "Insert") {
    const { max = 5 } = /** @type {{ max?: number }} */ (scene.trace.header.limits.layers);
    if (scene.params.layers.length >= max) {
      explorer.updateUi({ note: `The row is full: ${max} layers. Remove one first, with Delete.` });
      return true;
    }
    explorer.focusAfterPaint("insert");
    explorer.updateUi({ note: "Choose a layer with Tab and Enter: it goes behind this one." });
    return true;
  }
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Derived} derived @param {number} b */
function padKey({ key }, scene, derived, b) {
  const pre = scene.trace.header.params.padding === "pre";
  const now = scene.params.lengths[b] ?? derived.lengths[b];
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (by) setLength(scene, derived, b, Math.min(now, derived.available[b]) + (pre ? -by : by));
  else if (key === "Home" || key === "End")
    setLength(scene, derived, b, (key === "Home") === pre ? derived.available[b] : 0);
  else if (key === "ArrowUp" || key === "ArrowDown") {
    scene.ui.local.sentence = clamp(b + (key === "ArrowUp" ? -1 : 1), derived.B);
    scene.explorer.updateUi({ focus: null });
    scene.explorer.focusAfterPaint(`pad:${scene.ui.local.sentence}`);
  } else return false;
  return true;
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {{ k: number, b: number, cell: number }} place
 */
function placeKey({ key }, scene, { B, stages }, { k, b, cell }) {
  if (key === "Enter") {
    focusCell(
      scene,
      { part: "place", k, b, cell },
      { kind: "place", k, b, cell, from: `at:${k}:${b}:${cell}` },
    );
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -B, PageDown: B }[key];
  if (down) focusCell(scene, { part: "place", k, b: clamp(b + down, B), cell });
  if (by) {
    const there = cell + by;
    const over = there < 0 ? k - 1 : there >= stages[k].cells ? k + 1 : k;
    const to = clamp(over, stages.length);
    const last = stages[to].cells - 1;
    focusCell(scene, {
      part: "place",
      k: to,
      b,
      cell: to === k ? clamp(there, stages[k].cells) : by < 0 ? last : 0,
    });
  }
  return Boolean(by || down);
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {Layout} at
 */
export function pointer(scene, derived, at) {
  const { explorer, ui } = scene;
  const pre = scene.trace.header.params.padding === "pre";
  return {
    /** @param {PointerEvent} event */
    down(event) {
      if (event.button !== 0) return;
      const target = /** @type {HTMLElement} */ (event.target);
      const [part, index] = placeUnder(event).split(":");
      const { x, y } = positionIn(event);
      const predicting = ui.prediction?.phase === "open";
      if (part === "pad" && !ui.prediction) {
        ui.local.drag = { pad: Number(index), x, y, gap: null };
        ui.local.sentence = Number(index);
        capturePointer(event);
        explorer.updateUi({});
      } else if (part === "layer") {
        const stage = Number(index);
        if (predicting) return chooseLayer(scene, stage);
        if (target.closest(".away")) return removeLayer(scene, stage);
        if (stage < derived.stages.length) {
          selectLayer(scene, stage);
          if (stage > 0 && !ui.prediction) {
            ui.local.drag = { from: stage, x, y, gap: null };
            capturePointer(event);
          }
        }
      } else {
        const spot = hit(at, derived, x, y);
        if (spot?.part === "place") focusCell(scene, spot);
        else if (spot?.part === "ids") {
          ui.local.sentence = spot.b;
          explorer.updateUi({ focus: spot });
        }
      }
    },
    /** @param {PointerEvent} event */
    move(event) {
      const { x, y } = positionIn(event);
      const { drag } = ui.local;
      if (!drag) {
        if (event.pointerType !== "touch") explorer.setHover(hit(at, derived, x, y));
        return;
      }
      if (drag.pad !== undefined)
        return setLength(scene, derived, drag.pad, lengthAt(at, derived, pre, drag.pad, x));
      if (Math.hypot(x - drag.x, y - drag.y) < DRAG_THRESHOLD && drag.gap === null) return;
      const gap = gapAt(at, x, y);
      if (gap !== drag.gap) {
        drag.gap = gap;
        explorer.updateUi({ hover: null });
      }
    },
    up() {
      const { drag } = ui.local;
      ui.local.drag = null;
      if (!drag) return;
      if (drag.from !== undefined && drag.gap !== null) moveLayer(scene, drag.from, drag.gap);
      explorer.updateUi({ note: ui.note });
    },
    cancel() {
      ui.local.drag = null;
      explorer.updateUi({});
    },
    leave: () => explorer.setHover(null),
  };
}
