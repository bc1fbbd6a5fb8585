/**
 * Hands on the mask figure: cards and sentence ends are dragged, places are pointed at; every drag
 * has keys that do the same.
 */
import { clamp } from "../kit/roving.js";
import { cut, insert, landing, move, remove } from "./edits.js";
import { gapAt, hit, lengthAt } from "./geometry.js";
import { readingOf } from "./reading.js";

/** @typedef {import("../kit/view.js").Scene} Scene */
/** @typedef {import("./reading.js").Reading} Reading */
/** @typedef {import("./geometry.js").Layout} Layout */

const FAR = 5; // px: a shorter drag is a click

// ---- what they do ----------------------------------------------------------------------------------

/** Send layers and go to one of them. @param {Scene} scene @param {string[]} layers @param {number} step */
export function put(scene, layers, step) {
  if (JSON.stringify(layers) === JSON.stringify(scene.params.layers)) return;
  scene.ui.own.goal = step;
  change(scene, { layers });
}

/**
 * Change parameters. After layers were refused, Python still has them: the good ones go along.
 * @param {Scene} scene
 * @param {Record<string, any>} patch
 */
export function change({ act, params }, patch) {
  act.edit(act.store.error ? { layers: params.layers, ...patch } : patch);
}

/** @param {Scene} scene @param {string} kind @param {number} gap */
export function bring(scene, kind, gap) {
  put(scene, insert(scene.params.layers, gap, kind), gap + 1);
}

/** @param {Scene} scene @param {number} stage @param {number} gap */
export function carry(scene, stage, gap) {
  const { layers } = scene.params;
  const at = clamp(gap, layers.length + 1);
  put(scene, move(layers, stage - 1, at), landing(stage - 1, at) + 1);
}

/** @param {Scene} scene @param {number} stage */
export function takeOut(scene, stage) {
  if (stage < 1) return scene.act.show({ note: "The embedding stays: it makes the mask. Set mask_zero to False to see the model without one." });
  put(scene, remove(scene.params.layers, stage - 1), Math.max(0, stage - 1));
  scene.act.focusLater(`layer:${Math.max(0, stage - 1)}`);
}

/** @param {Scene} scene @param {Reading} reading @param {number} b @param {number} n */
function setLength(scene, { available, lengths }, b, n) {
  const now = lengths.map((length, i) => scene.params.lengths[i] ?? length).map((length, i) => Math.min(length, available[i]));
  const next = Math.max(0, Math.min(available[b], n));
  scene.ui.own.sentence = b;
  if (next !== now[b]) change(scene, { lengths: cut(now, b, next) });
}

// ---- pointer ---------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Reading} reading
 * @param {Layout} at
 */
export function hands(scene, reading, at) {
  const { act, ui } = scene;
  const pre = scene.trace.header.params.padding === "pre";
  /** @param {PointerEvent} event */
  const point = (event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  /** @param {PointerEvent} event */
  const hold = (event) => {
    try {
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    } catch {} // a pointer that is gone already
  };
  return {
    /** @param {PointerEvent} event */
    down(event) {
      if (event.button !== 0) return;
      const target = /** @type {HTMLElement} */ (event.target);
      const [part, index] = (/** @type {HTMLElement | null} */ (target.closest("[data-place]"))?.dataset.place ?? "").split(":");
      const { x, y } = point(event);
      const asked = ui.prediction?.phase === "open";
      if (part === "pad" && !ui.prediction) {
        ui.own.drag = { pad: Number(index), x, y, gap: null };
        ui.own.sentence = Number(index);
        hold(event);
        act.show({});
      } else if (part === "layer") {
        const stage = Number(index);
        if (asked) return choose(scene, stage);
        if (target.closest(".away")) return takeOut(scene, stage);
        if (stage < reading.stages.length) {
          select(scene, stage);
          if (stage > 0 && !ui.prediction) {
            ui.own.drag = { from: stage, x, y, gap: null };
            hold(event);
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
      const { x, y } = point(event);
      const { drag } = ui.own;
      if (!drag) {
        if (event.pointerType !== "touch") act.hover(hit(at, reading, x, y));
        return;
      }
      if (drag.pad !== undefined) return setLength(scene, reading, drag.pad, lengthAt(at, reading, pre, drag.pad, x));
      if (Math.hypot(x - drag.x, y - drag.y) < FAR && drag.gap === null) return;
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
      act.show({});
    },
    cancel() {
      ui.own.drag = null;
      act.show({});
    },
    leave: () => act.hover(null),
  };
}

/** A button of the palette: a click puts the layer behind the chosen one, a drag where it is dropped. @param {Scene} scene @param {string} kind */
export function palette(scene, kind) {
  const { act, ui } = scene;
  const stageOf = () => /** @type {HTMLElement | null} */ (act.root.querySelector(".stage"));
  /** @param {PointerEvent} event @param {Layout} at */
  const gapUnder = (event, at) => {
    const box = stageOf()?.getBoundingClientRect();
    if (!box) return null;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return x > -20 && x < box.width + 20 && y > -30 && y < box.height + 10 ? gapAt(at, x, y) : null;
  };
  return {
    /** @param {PointerEvent} event */
    down(event) {
      if (event.button !== 0 || ui.prediction) return;
      ui.own.drag = { kind, x: event.clientX, y: event.clientY, gap: null };
      try {
        /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      } catch {} // a pointer that is gone already
    },
    /** @param {PointerEvent} event @param {Layout} at */
    move(event, at) {
      const { drag } = ui.own;
      if (drag?.kind !== kind || Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
      const gap = gapUnder(event, at);
      if (gap !== drag.gap) {
        drag.gap = gap;
        act.show({});
      }
    },
      up() {
      const { drag } = ui.own;
      ui.own.drag = null;
      if (drag?.kind !== kind || drag.gap === null) return;
      ui.own.dropped = true; // the click that follows counts for nothing
      bring(scene, kind, drag.gap);
    },
    click() {
      if (ui.own.dropped) {
        ui.own.dropped = false;
        return;
      }
      bring(scene, kind, Math.min(scene.ui.step, scene.params.layers.length));
    },
  };
}

/** @param {Scene} scene @param {number} stage */
function select({ act }, stage) {
  act.go(stage, { patch: { focus: { part: "card", k: stage } } });
  act.focusLater(`layer:${stage}`);
}

/** @param {Scene} scene @param {number} stage */
function choose({ act, ui }, stage) {
  ui.own.asking = stage;
  act.choose(stage);
  act.focusLater(`layer:${stage}`);
}

/** Hold a place. @param {Scene} scene @param {{ part: "place", k: number, b: number, cell: number }} spot @param {any} [open] */
function look({ act, ui }, spot, open = null) {
  ui.own.sentence = spot.b;
  act.show({ focus: spot, open, hover: null, ...(ui.prediction ? {} : { step: spot.k }) }, "step");
  act.focusLater(`at:${spot.k}:${spot.b}:${spot.cell}`);
  act.reportCursor();
}

// ---- keyboard --------------------------------------------------------------------------------------

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const [part, a, b, c] = (/** @type {HTMLElement} */ (event.target)?.dataset?.place ?? "").split(":");
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
