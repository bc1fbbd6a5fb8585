/**
 * Dragging a new layer from the palette into the model. Every drag has keys that do the same:
 * input.js.
 */
import { DRAG_THRESHOLD, capturePointer } from "../kit/pointer.js";
import { insertLayer } from "./actions.js";
import { gapAt } from "./layout.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */

/**
 * Pointer events of a palette button: a click inserts the layer behind the selected one, a drag where it is dropped.
 * @param {Scene} scene
 * @param {string} kind
 */
export function palette(scene, kind) {
  const { explorer, ui } = scene;
  const stageOf = () => /** @type {HTMLElement | null} */ (explorer.root.querySelector(".stage"));
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
      ui.local.drag = { kind, x: event.clientX, y: event.clientY, gap: null };
      capturePointer(event);
    },
    /** @param {PointerEvent} event @param {Layout} at */
    move(event, at) {
      const { drag } = ui.local;
      if (
        drag?.kind !== kind ||
        Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < DRAG_THRESHOLD
      )
        return;
      const gap = gapUnder(event, at);
      if (gap !== drag.gap) {
        drag.gap = gap;
        explorer.updateUi({});
      }
    },
    up() {
      const { drag } = ui.local;
      ui.local.drag = null;
      if (drag?.kind !== kind || drag.gap === null) return;
      ui.local.dropped = true; // ignore the click that follows
      insertLayer(scene, kind, drag.gap);
    },
    click() {
      if (ui.local.dropped) {
        ui.local.dropped = false;
        return;
      }
      insertLayer(scene, kind, Math.min(scene.ui.step, scene.params.layers.length));
    },
  };
}
