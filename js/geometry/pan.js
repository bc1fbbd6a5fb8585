/**
 * Panning by pointer: what is on the screen is moved, and drawn anew when the pointer rests.
 */
import { startTiming } from "../kit/frame_timing.js";
import { seenBy, setCamera } from "./camera.js";
import { slideDots } from "./dots.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/explorer.js").Explorer} Explorer */
/** @typedef {import("./layout.js").Scale} Scale */

const REST = 150; // ms until names are placed anew

/** @type {WeakMap<Explorer, { group: Element, scale: Scale, timer?: ReturnType<typeof setTimeout> }>} */
const drawn = new WeakMap();

/** Remember the scale of the marks that were just drawn. @param {Scene} scene @param {Scale} scale */
export function rememberMarks({ explorer }, scale) {
  const group = explorer.root.querySelector(".moving");
  clearTimeout(drawn.get(explorer)?.timer);
  group?.removeAttribute("transform");
  if (group) drawn.set(explorer, { group, scale });
}

/** Pan to a camera. @param {Scene} scene @param {Scale} fit @param {import("./camera.js").Camera} camera */
export function panTo(scene, fit, camera) {
  if (!slide(scene.explorer, fit, camera)) setCamera(scene, camera);
}

/** Move the picture; false where it has to be drawn anew. @param {Explorer} explorer @param {Scale} fit @param {import("./camera.js").Camera} camera */
function slide(explorer, fit, camera) {
  const { ui, root } = explorer;
  const end = startTiming("pan");
  const marks = drawn.get(explorer);
  const scale = seenBy(fit, camera);
  const map = /** @type {HTMLCanvasElement | null} */ (root.querySelector("canvas.map"));
  const ready = ui.local.camera && !ui.local.dragging && !ui.hover && !ui.note;
  if (!ready || !map || marks?.scale.k !== scale.k || !slideDots(map, scale)) return false;
  ui.local.camera = camera;
  const [x, y] = [(marks.scale.mx - scale.mx) * scale.k, (scale.my - marks.scale.my) * scale.k];
  marks.group.setAttribute("transform", `translate(${x} ${y})`);
  clearTimeout(marks.timer);
  marks.timer = setTimeout(() => root.isConnected && explorer.updateUi({}), REST);
  end();
  return true;
}
