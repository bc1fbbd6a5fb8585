/**
 * Pointer and keyboard on the quantization figure.
 */
import { asVertical, focusedPlace, isNavigationKey, isShortcut } from "../kit/keys.js";
import { capturePointer, placeUnder, positionIn } from "../kit/pointer.js";
import { clamp, nextCell } from "../kit/roving_tabindex.js";
import {
  choose,
  flipBit,
  growTenfold,
  focusSpot,
  openArithmetic,
  columnOfBit,
  select,
  selectRow,
  pendingWeight,
  setWeight,
} from "./actions.js";
import { VALUE_LINES } from "./bits.js";
import { keyStep, roundedTo, valueAt } from "./layout.js";
import { selection } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./state.js").Selection} Selection */

/** Parse a data-place. @param {string} place @returns {any} */
export function spotAt(place) {
  const [part, a, b] = place.split(":");
  if (part === "mark") return { part, col: Number(a) };
  if (part === "row") return { part, row: Number(a) };
  if (part === "cell") return { part, line: a, col: Number(b) };
  if (part === "bit") return { part, byte: Number(a), bit: Number(b) };
  return null;
}

/**
 * Return the spot under an event, with its column.
 * @param {Event} event
 * @param {Selection} selected
 */
function spotUnder(event, selected) {
  const spot = spotAt(placeUnder(event));
  if (spot?.part === "bit") return { ...spot, col: columnOfBit(selected, spot.byte, spot.bit) };
  return spot;
}

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Drawing} drawing */
export function pointer(scene, { selected, at }) {
  const { explorer, ui } = scene;
  return {
    /** @param {PointerEvent} event */
    down: (event) => {
      const spot = spotUnder(event, selected);
      if (spot?.part !== "mark" || ui.prediction || event.button > 0) return;
      event.preventDefault(); // no text is selected meanwhile
      capturePointer(event);
      ui.local.drag = { col: spot.col, reach: selected.reach, pointer: event.pointerId };
      focusSpot(scene, { part: "mark", col: spot.col });
    },
    /** @param {PointerEvent} event */
    move: (event) => {
      const { drag } = ui.local;
      if (drag && drag.pointer === event.pointerId) {
        const value = roundedTo(valueAt(at, positionIn(event).x, drag.reach), drag.reach);
        if (value !== pendingWeight(scene, selected.row, drag.col))
          setWeight(scene, selected, drag.col, value);
      } else if (event.pointerType !== "touch") {
        explorer.setHover(spotUnder(event, selected)); // a finger taps, it does not hover
      }
    },
    /** @param {PointerEvent} event */
    up: (event) => {
      if (ui.local.drag?.pointer !== event.pointerId) return;
      ui.local.drag = null;
      ui.local.dropped = true; // the click that follows belongs to the drag
      explorer.updateUi({ hover: null });
    },
    leave: () => explorer.setHover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const spot = spotUnder(event, selected);
      const dropped = ui.local.dropped;
      ui.local.dropped = false;
      if (!spot || (dropped && spot.part === "mark")) return;
      select(scene, selected, spot);
    },
  };
}

// ---- keyboard ------------------------------------------------------------------------------------

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const spot = spotAt(focusedPlace(event).join(":"));
  const selected = selection(scene);
  const predicting = scene.ui.prediction?.phase === "open";
  if (event.key.toLowerCase() === "x" && !scene.ui.prediction && spot) {
    growTenfold(scene);
    return true;
  }
  if (!spot) return false;
  if (predicting && (event.key === "Enter" || event.key === " ")) {
    choose(scene, selected, spot);
    return true;
  }
  if (spot.part === "row") return rowKey(event, scene, selected, spot.row);
  if (spot.part === "mark") return markKey(event, scene, selected, spot.col);
  if (spot.part === "cell") return cellKey(event, scene, selected, spot);
  return bitKey(event, scene, selected, spot);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Selection} look @param {number} row */
function rowKey({ key }, scene, { derived }, row) {
  const { first, V } = derived;
  const to = nextCell(asVertical(key), { row: row - first, col: 0 }, { rows: V, cols: 1 });
  if (to && scene.ui.prediction) focusSpot(scene, { part: "row", row: first + to.row });
  else if (to) selectRow(scene, first + to.row);
  return isNavigationKey(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Selection} selected
 * @param {number} col
 */
function markKey({ key, shiftKey }, scene, selected, col) {
  const { D } = selected.derived;
  if (key === "Enter") return openArithmetic(scene, { part: "mark", col });
  if (key === "ArrowUp" || key === "ArrowDown") {
    focusSpot(scene, { part: "mark", col: clamp(col + (key === "ArrowUp" ? -1 : 1), D) });
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[key];
  if (by === undefined) return false;
  if (scene.ui.prediction) return true;
  const value = pendingWeight(scene, selected.row, col) + by * keyStep(selected.reach, shiftKey);
  setWeight(scene, selected, col, roundedTo(value, selected.reach));
  focusSpot(scene, { part: "mark", col });
  return true;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Selection} look @param {any} spot */
function cellKey({ key }, scene, { derived }, { line, col }) {
  if (key === "Enter") return openArithmetic(scene, { part: "cell", line, col });
  const size = { rows: VALUE_LINES.length, cols: derived.D };
  const to = nextCell(key, { row: VALUE_LINES.indexOf(line), col }, size);
  if (to) focusSpot(scene, { part: "cell", line: VALUE_LINES[to.row], col: to.col });
  return isNavigationKey(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 * @param {Selection} selected
 * @param {any} spot
 */
function bitKey({ key }, scene, selected, { byte, bit }) {
  const { current } = selected;
  if (key === "Enter" || key === " ") {
    if (!scene.ui.prediction) flipBit(scene, selected, { byte, bit });
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8, PageUp: -8, PageDown: 8 }[
    key
  ];
  if (by === undefined) return false;
  const to = clamp(byte * 8 + (7 - bit) + by, current.bytes.length * 8);
  const next = { byte: Math.floor(to / 8), bit: 7 - (to % 8) };
  focusSpot(scene, { part: "bit", ...next, col: columnOfBit(selected, next.byte, next.bit) });
  return true;
}
