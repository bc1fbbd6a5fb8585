/**
 * Hands on the mask figure: cards, pieces of the palette and sentence ends are dragged, places are
 * pointed at. Every drag has keys that do the same: keys.js.
 */
import { bring, carry, choose, look, select, setLength, takeOut } from "./actions.js";
import { gapAt, hit, lengthAt } from "./layout.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./layout.js").Layout} Layout */

const FAR = 5; // px: a shorter drag is a click

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
      act.show({ note: ui.note });
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
