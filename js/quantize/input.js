/**
 * Hands on the quantisation figure: the pointer that drags a weight, and the keys that do the same.
 */
import { tellRow } from "../kit/link.js";
import { clamp, move } from "../kit/roving_tabindex.js";
import { keyStep, roundedTo, valueAt } from "./layout.js";
import { CELLS } from "./bits.js";
import { lookOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./state.js").Look} Look */

const LARGEST = 1e6; // Python takes no weight beyond it

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
  const target = /** @type {Element | null} */ (event.target);
  const place = target?.closest("[data-place]")?.getAttribute("data-place") ?? "";
  const spot = spotAt(place);
  if (spot?.part === "bit") return { ...spot, col: ownedBy(look, spot.byte, spot.bit) };
  return spot;
}

/** The column a bit belongs to; the last one for bits that belong to nobody. @param {Look} look @param {number} byte @param {number} bit */
const ownedBy = ({ now, reading }, byte, bit) =>
  Math.min(reading.D - 1, now.way.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0));

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Drawing} drawing */
export function pointer(scene, { look, at }) {
  const { act, ui } = scene;
  /** @param {PointerEvent} event */
  const xOf = (event) =>
    event.clientX - /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect().left;
  return {
    /** @param {PointerEvent} event */
    down: (event) => {
      const spot = spotOf(event, look);
      if (spot?.part !== "mark" || ui.prediction || event.button > 0) return;
      event.preventDefault(); // no text is selected meanwhile
      const stage = /** @type {HTMLElement} */ (event.currentTarget);
      stage.setPointerCapture(event.pointerId);
      ui.own.drag = { col: spot.col, reach: look.reach, pointer: event.pointerId };
      hold(scene, { part: "mark", col: spot.col });
    },
    /** @param {PointerEvent} event */
    move: (event) => {
      const { drag } = ui.own;
      if (drag && drag.pointer === event.pointerId) {
        const value = roundedTo(valueAt(at, xOf(event), drag.reach), drag.reach);
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

/** What a click, or Enter, on a spot does. @param {Scene} scene @param {Look} look @param {any} spot */
function pick(scene, look, spot) {
  const { act, ui } = scene;
  if (ui.prediction) {
    if (ui.prediction.phase === "open") choose(scene, look, spot);
    return;
  }
  if (spot.part === "row") return toRow(scene, spot.row);
  if (spot.part === "bit") return flip(scene, look, spot);
  hold(scene, spot);
  act.reportCursor();
}

/** @param {Scene} scene @param {Look} look @param {any} spot */
function choose(scene, look, spot) {
  const { act } = scene;
  const { D } = look.reading;
  if (spot.part === "row") {
    if (spot.row === look.row) return act.show({ note: "This is the row that grows. Choose among its codes, and among the other rows." });
    act.choose(D + spot.row);
    return act.show({ focus: spot });
  }
  act.choose(spot.col);
  act.show({ focus: spot.part === "cell" ? { ...spot, line: "code" } : spot });
}

/** Hold a spot and give it the keyboard. @param {Scene} scene @param {any} spot */
function hold({ act }, spot) {
  act.show({ focus: spot, hover: null, open: null }, "step");
  act.focusLater(placeOf(spot));
}

/** The data-place of a spot. @param {any} spot */
export function placeOf({ part, row, col, line, byte, bit }) {
  if (part === "row") return `row:${row}`;
  if (part === "bit") return `bit:${byte}:${bit}`;
  return part === "cell" ? `cell:${line}:${col}` : `mark:${col}`;
}

/** @param {Scene} scene @param {number} row */
export function toRow(scene, row) {
  const { act } = scene;
  act.show({ focus: { part: "row", row }, hover: null, open: null }, "step");
  scene.ui.own.row = null;
  act.edit({ row });
  tellRow(act, row);
  act.focusLater(`row:${row}`);
  act.reportCursor();
}

// ---- what is changed -----------------------------------------------------------------------------

/** The value a weight has, or will have once Python has answered. @param {Scene} scene @param {number} row @param {number} col */
function wanted({ params, trace }, row, col) {
  const edits = /** @type {[number, number, number][]} */ (params.edits ?? []);
  const D = trace.arrays.table.shape[1];
  return edits.find(([r, c]) => r === row && c === col)?.[2] ?? trace.arrays.table.data[row * D + col];
}

/** Tell Python: this weight has this value. @param {Scene} scene @param {Look} look @param {number} col @param {number} value */
export function write({ act }, { row }, col, value) {
  const edits = /** @type {[number, number, number][]} */ (act.store.params.edits ?? []);
  const held = Math.max(-LARGEST, Math.min(LARGEST, value));
  act.edit({ edits: [...edits.filter(([r, c]) => r !== row || c !== col), [row, col, held]] });
}

/** Ten times the weight in hand. @param {Scene} scene */
export function grow(scene) {
  const look = lookOf(scene);
  const value = wanted(scene, look.row, look.col) * 10;
  write(scene, look, look.col, Number(value.toPrecision(6)));
}

/** Turn a bit over, or back. @param {Scene} scene @param {Look} look @param {{ byte: number, bit: number }} spot */
function flip(scene, look, { byte, bit }) {
  const { act } = scene;
  const flips = /** @type {[string, number, number, number][]} */ (act.store.params.flips ?? []);
  const same = (/** @type {any[]} */ f) => f[0] === look.now.way.name && f[1] === look.row && f[2] === byte && f[3] === bit;
  const rest = flips.filter((f) => !same(f));
  act.edit({ flips: rest.length < flips.length ? rest : [...flips, [look.now.way.name, look.row, byte, bit]] });
  hold(scene, { part: "bit", byte, bit, col: ownedBy(look, byte, bit) });
}

// ---- keyboard ------------------------------------------------------------------------------------

/** Keys inside the figure; true when the key was used. @param {KeyboardEvent} event @param {Scene} scene */
export function onKey(event, scene) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const spot = spotAt(/** @type {HTMLElement} */ (event.target)?.dataset?.place ?? "");
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

/** @param {string} key */
const isArrow = (key) => key.startsWith("Arrow") || key === "PageUp" || key === "PageDown";

/** @param {KeyboardEvent} event @param {Scene} scene @param {Look} look @param {number} row */
function rowKey({ key }, scene, { reading }, row) {
  const turned = key === "ArrowLeft" ? "ArrowUp" : key === "ArrowRight" ? "ArrowDown" : key;
  const to = move(turned, { row, col: 0 }, { rows: reading.V, cols: 1 });
  if (to && scene.ui.prediction) hold(scene, { part: "row", row: to.row });
  else if (to) toRow(scene, to.row);
  return isArrow(key);
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
  return isArrow(key);
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

/** Open the arithmetic of a weight. @param {Scene} scene @param {any} spot */
function openAt({ act, ui }, spot) {
  if (ui.prediction) return true;
  act.show({ focus: spot, hover: null, open: { kind: "weight", col: spot.col, from: placeOf(spot) } });
  return true;
}
