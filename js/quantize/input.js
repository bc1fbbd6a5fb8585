/**
 * Hands on the quantisation figure: the pointer that drags a weight, and the keys that do the same.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { clamp, move } from "../kit/roving_tabindex.js";
import { choose, flip, grow, hold, openAt, ownedBy, pick, toRow, wanted, write } from "./actions.js";
import { CELLS } from "./bits.js";
import { keyStep, roundedTo, valueAt } from "./layout.js";
import { lookOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./state.js").Look} Look */

/** What a data-place is about. @param {string} place @returns {any} */
export function spotAt(place) {
  const [part, a, b] = place.split(":");
  if (part === "mark") return { part, col: Number(a) };
  if (part === "row") return { part, row: Number(a) };
  if (part === "cell") return { part, line: a, col: Number(b) };
  if (part === "bit") return { part, byte: Number(a), bit: Number(b) };
  return null;
}

/** The spot under an event, with the weight it is about. @param {Event} event @param {Look} look */
function spotOf(event, look) {
  const spot = spotAt(placeUnder(event));
  if (spot?.part === "bit") return { ...spot, col: ownedBy(look, spot.byte, spot.bit) };
  return spot;
}

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Drawing} drawing */
export function pointer(scene, { look, at }) {
  const { act, ui } = scene;
  return {
    /** @param {PointerEvent} event */
    down: (event) => {
      const spot = spotOf(event, look);
      if (spot?.part !== "mark" || ui.prediction || event.button > 0) return;
      event.preventDefault(); // no text is selected meanwhile
      capturePointer(event);
      ui.own.drag = { col: spot.col, reach: look.reach, pointer: event.pointerId };
      hold(scene, { part: "mark", col: spot.col });
    },
    /** @param {PointerEvent} event */
    move: (event) => {
      const { drag } = ui.own;
      if (drag && drag.pointer === event.pointerId) {
        const value = roundedTo(valueAt(at, positionIn(event).x, drag.reach), drag.reach);
        if (value !== wanted(scene, look.row, drag.col)) write(scene, look, drag.col, value);
      } else if (event.pointerType !== "touch") {
        act.hover(spotOf(event, look)); // a finger taps, it does not hover
      }
    },
    /** @param {PointerEvent} event */
    up: (event) => {
      if (ui.own.drag?.pointer !== event.pointerId) return;
      ui.own.drag = null;
      ui.own.dropped = true; // the click that follows belongs to the drag
      act.show({ hover: null });
    },
    leave: () => act.hover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const spot = spotOf(event, look);
      const dropped = ui.own.dropped;
      ui.own.dropped = false;
      if (!spot || (dropped && spot.part === "mark")) return;
      pick(scene, look, spot);
    },
  };
}

// ---- keyboard ------------------------------------------------------------------------------------

/** Keys inside the figure; true when the key was used. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const spot = spotAt(focusedPlace(event).join(":"));
  const look = lookOf(scene);
  const asked = scene.ui.prediction?.phase === "open";
  if (event.key.toLowerCase() === "x" && !scene.ui.prediction && spot) {
    grow(scene);
    return true;
  }
  if (!spot) return false;
  if (asked && (event.key === "Enter" || event.key === " ")) {
    choose(scene, look, spot);
    return true;
  }
  if (spot.part === "row") return rowKey(event, scene, look, spot.row);
  if (spot.part === "mark") return markKey(event, scene, look, spot.col);
  if (spot.part === "cell") return cellKey(event, scene, look, spot);
  return bitKey(event, scene, look, spot);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Look} look @param {number} row */
function rowKey({ key }, scene, { reading }, row) {
  const to = move(asVertical(key), { row, col: 0 }, { rows: reading.V, cols: 1 });
  if (to && scene.ui.prediction) hold(scene, { part: "row", row: to.row });
  else if (to) toRow(scene, to.row);
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Look} look @param {number} col */
function markKey({ key, shiftKey }, scene, look, col) {
  const { D } = look.reading;
  if (key === "Enter") return openAt(scene, { part: "mark", col });
  if (key === "ArrowUp" || key === "ArrowDown") {
    hold(scene, { part: "mark", col: clamp(col + (key === "ArrowUp" ? -1 : 1), D) });
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[key];
  if (by === undefined) return false;
  if (scene.ui.prediction) return true;
  const value = wanted(scene, look.row, col) + by * keyStep(look.reach, shiftKey);
  write(scene, look, col, roundedTo(value, look.reach));
  hold(scene, { part: "mark", col });
  return true;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Look} look @param {any} spot */
function cellKey({ key }, scene, { reading }, { line, col }) {
  if (key === "Enter") return openAt(scene, { part: "cell", line, col });
  const size = { rows: CELLS.length, cols: reading.D };
  const to = move(key, { row: CELLS.indexOf(line), col }, size);
  if (to) hold(scene, { part: "cell", line: CELLS[to.row], col: to.col });
  return isNavigationKey(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Look} look @param {any} spot */
function bitKey({ key }, scene, look, { byte, bit }) {
  const { now } = look;
  if (key === "Enter" || key === " ") {
    if (!scene.ui.prediction) flip(scene, look, { byte, bit });
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8, PageUp: -8, PageDown: 8 }[key];
  if (by === undefined) return false;
  const to = clamp(byte * 8 + (7 - bit) + by, now.bytes.length * 8);
  const next = { byte: Math.floor(to / 8), bit: 7 - (to % 8) };
  hold(scene, { part: "bit", ...next, col: ownedBy(look, next.byte, next.bit) });
  return true;
}

