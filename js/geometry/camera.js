/**
 * Zoom and pan of the map. The camera is null where all points fit; else it has a zoom and a middle.
 */
import { isInside, rowToScreen } from "./layout.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Scale} Scale */
/** @typedef {{ zoom: number, mx: number, my: number }} Camera  `zoom` 1: all points fit; the middle is in map units */

const CLOSEST = 200;
const ZOOM_STEP = 1.5;
const PAN_STEP = 60; // px

/** The scale of a camera. @param {Scale} fit @param {Camera | null} camera @returns {Scale} */
export const seenBy = (fit, camera) =>
  camera ? { ...fit, k: fit.k * camera.zoom, mx: camera.mx, my: camera.my } : fit;

/**
 * The camera that is `by` times closer, where the point of the map at (x, y) on the screen stays in place.
 * @param {Scale} fit @param {Camera | null} camera @param {number} by @param {number} [x] @param {number} [y]
 * @returns {Camera | null}
 */
export function zoomed(fit, camera, by, x = fit.cx, y = fit.cy) {
  const before = seenBy(fit, camera);
  const zoom = Math.min(CLOSEST, (camera?.zoom ?? 1) * by);
  if (zoom <= 1.001) return null;
  const k = fit.k * zoom;
  const [dx, dy] = [x - fit.cx, y - fit.cy];
  return {
    zoom,
    mx: before.mx + dx / before.k - dx / k,
    my: before.my - dy / before.k + dy / k,
  };
}

/** The camera moved by pixels. @param {Scale} fit @param {Camera | null} camera @param {number} dx @param {number} dy @returns {Camera} */
export function panned(fit, camera, dx, dy) {
  const { k, mx, my } = seenBy(fit, camera);
  return { zoom: camera?.zoom ?? 1, mx: mx - dx / k, my: my + dy / k };
}

/**
 * The camera with a point of the map inside the picture: the same, or moved as little as it takes.
 * @param {Scale} fit @param {Camera | null} camera @param {import("./layout.js").Box} box @param {number} x @param {number} y
 */
export function following(fit, camera, box, x, y) {
  if (!camera || !Number.isFinite(x)) return camera;
  const { k, mx, my } = seenBy(fit, camera);
  const [right, up] = [(box.w / 2 - 24) / k, (box.h / 2 - 24) / k];
  /** @param {number} at @param {number} point @param {number} most */
  const near = (at, point, most) => Math.max(point - most, Math.min(point + most, at));
  const to = { mx: near(mx, x, right), my: near(my, y, up) };
  return to.mx === mx && to.my === my ? camera : { ...camera, ...to };
}

/** @param {Scene} scene @param {Camera | null} camera */
export function setCamera({ explorer }, camera) {
  explorer.ui.local.camera = camera;
  explorer.updateUi({ hover: null }, "pan");
}

/** @type {Record<string, [number, number]>} */
const PANS = {
  ArrowLeft: [PAN_STEP, 0],
  ArrowRight: [-PAN_STEP, 0],
  ArrowUp: [0, PAN_STEP],
  ArrowDown: [0, -PAN_STEP],
};

/**
 * The camera of one step closer, or further away: the picked word stays in place where it is in the picture.
 * @param {import("./state.js").SceneFrame} frame @param {1 | -1} by
 */
export function stepCloser({ fit, camera, at, scale, points, derived: { picked } }, by) {
  const [x, y] = rowToScreen(scale, points, picked);
  const factor = ZOOM_STEP ** by;
  return isInside([x, y], at.map) ? zoomed(fit, camera, factor, x, y) : zoomed(fit, camera, factor);
}

/**
 * What a key does to the camera, or undefined: + and − zoom, 0 fits, Shift with an arrow pans.
 * @param {KeyboardEvent} event @param {import("./state.js").SceneFrame} frame
 * @returns {Camera | null | undefined}
 */
export function cameraKey({ key, shiftKey }, frame) {
  const { fit, camera } = frame;
  if (key === "+" || key === "=") return stepCloser(frame, 1);
  if (key === "-" || key === "_") return stepCloser(frame, -1);
  if (key === "0") return null;
  return shiftKey && key in PANS ? panned(fit, camera, ...PANS[key]) : undefined;
}
