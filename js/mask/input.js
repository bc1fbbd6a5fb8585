/**
 * Pointer and keyboard on the mask figure.
 */
import { focusedPlace, isShortcut } from "../kit/keys.js";
import { DRAG_THRESHOLD, capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { clamp } from "../kit/roving_tabindex.js";
import { carry, choose, look, select, setLength, takeOut } from "./actions.js";
import { gapAt, hit, lengthAt } from "./layout.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./layout.js").Layout} Layout */

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const [part, a, b, c] = focusedPlace(event);
  const reading = readingOf(scene.trace);
  if (part === "layer") return layerKey(event, scene, reading, Number(a));
  if (part === "pad") return padKey(event, scene, reading, Number(a));
  if (part === "at") return placeKey(event, scene, reading, { k: Number(a), b: Number(b), cell: Number(c) });
  return false;
}

/** @param {string} key */
const sideways = (key) => (/** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }))[key] ?? 0;

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} stage */
function layerKey({ key, shiftKey }, scene, { stages }, stage) {
  const { act, ui } = scene;
  const asked = ui.prediction?.phase === "open";
  if (asked && (key === "Enter" || key === " ")) {
    choose(scene, stage);
    return true;
  }
  const by = sideways(key);
  if (asked && by) {
    ui.own.asking = clamp(stage + by, stages.length + 1);
    act.show({});
    act.focusLater(`layer:${ui.own.asking}`);
    return true;
  }
  if (by && shiftKey) {
    const moves = stage > 0 && stage + by > 0 && stage + by < stages.length && !ui.prediction;
    if (moves) {
      carry(scene, stage, by > 0 ? stage + 1 : stage - 2);
      act.focusLater(`layer:${stage + by}`);
    }
    return true;
  }
  if (by) {
    select(scene, clamp(stage + by, stages.length));
    return true;
  }
  if (ui.prediction) return false;
  if (key === "Delete" || key === "Backspace") {
    takeOut(scene, stage);
    return true;
  }
  if (key === "Enter") {
    act.show({ open: { kind: "stage", n: stage, from: `layer:${stage}` } });
    return true;
  }
  if (key === "+" || key === "Insert") {
    act.focusLater("insert:Dropout");
    act.show({ note: "Choose a layer with Tab and Enter: it goes behind this one." });
    return true;
  }
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} b */
function padKey({ key }, scene, reading, b) {
  const pre = scene.trace.header.params.padding === "pre";
  const now = scene.params.lengths[b] ?? reading.lengths[b];
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (by) setLength(scene, reading, b, Math.min(now, reading.available[b]) + (pre ? -by : by));
  else if (key === "Home" || key === "End") setLength(scene, reading, b, (key === "Home") === pre ? reading.available[b] : 0);
  else if (key === "ArrowUp" || key === "ArrowDown") {
    scene.ui.own.sentence = clamp(b + (key === "ArrowUp" ? -1 : 1), reading.B);
    scene.act.show({ focus: null });
    scene.act.focusLater(`pad:${scene.ui.own.sentence}`);
  } else return false;
  return true;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {{ k: number, b: number, cell: number }} place */
function placeKey({ key }, scene, { B, stages }, { k, b, cell }) {
  if (key === "Enter") {
    look(scene, { part: "place", k, b, cell }, { kind: "place", k, b, cell, from: `at:${k}:${b}:${cell}` });
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -B, PageDown: B }[key];
  if (down) look(scene, { part: "place", k, b: clamp(b + down, B), cell });
  if (by) {
    const there = cell + by;
    const over = there < 0 ? k - 1 : there >= stages[k].cells ? k + 1 : k;
    const to = clamp(over, stages.length);
    const last = stages[to].cells - 1;
    look(scene, { part: "place", k: to, b, cell: to === k ? clamp(there, stages[k].cells) : by < 0 ? last : 0 });
  }
  return Boolean(by || down);
}

/**
 * @param {Scene} scene
 * @param {Reading} reading
 * @param {Layout} at
 */
export function pointer(scene, reading, at) {
  const { act, ui } = scene;
  const pre = scene.trace.header.params.padding === "pre";
  return {
    /** @param {PointerEvent} event */
    down(event) {
      if (event.button !== 0) return;
      const target = /** @type {HTMLElement} */ (event.target);
      const [part, index] = placeUnder(event).split(":");
      const { x, y } = positionIn(event);
      const asked = ui.prediction?.phase === "open";
      if (part === "pad" && !ui.prediction) {
        ui.own.drag = { pad: Number(index), x, y, gap: null };
        ui.own.sentence = Number(index);
        capturePointer(event);
        act.show({});
      } else if (part === "layer") {
        const stage = Number(index);
        if (asked) return choose(scene, stage);
        if (target.closest(".away")) return takeOut(scene, stage);
        if (stage < reading.stages.length) {
          select(scene, stage);
          if (stage > 0 && !ui.prediction) {
            ui.own.drag = { from: stage, x, y, gap: null };
            capturePointer(event);
          }
        }
      } else {
        const spot = hit(at, reading, x, y);
        if (spot?.part === "place") look(scene, spot);
        else if (spot?.part === "ids") {
          ui.own.sentence = spot.b;
          act.show({ focus: spot });
        }
      }
    },
    /** @param {PointerEvent} event */
    move(event) {
      const { x, y } = positionIn(event);
      const { drag } = ui.own;
      if (!drag) {
        if (event.pointerType !== "touch") act.hover(hit(at, reading, x, y));
        return;
      }
      if (drag.pad !== undefined) return setLength(scene, reading, drag.pad, lengthAt(at, reading, pre, drag.pad, x));
      if (Math.hypot(x - drag.x, y - drag.y) < DRAG_THRESHOLD && drag.gap === null) return;
      const gap = gapAt(at, x, y);
      if (gap !== drag.gap) {
        drag.gap = gap;
        act.show({ hover: null });
      }
    },
    up() {
      const { drag } = ui.own;
      ui.own.drag = null;
      if (!drag) return;
      if (drag.from !== undefined && drag.gap !== null) carry(scene, drag.from, drag.gap);
      act.show({ note: ui.note });
    },
    cancel() {
      ui.own.drag = null;
      act.show({});
    },
    leave: () => act.hover(null),
  };
}
