/**
 * Hands on the lookup figure: the pointer, the keyboard, and the field that changes a weight.
 */
import { html, nothing } from "lit-html";
import { fixed, parseNumber } from "../kit/format.js";
import { PAGE, clamp, move } from "../kit/roving_tabindex.js";
import { hit, rowY } from "./layout.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Spot} Spot */
/** @typedef {import("./layout.js").Layout} Layout */

// ---- pointer -------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Reading} reading
 * @param {Layout} at
 */
export function pointer(scene, reading, at) {
  const { act, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event */
  const spot = (event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return hit(at, ui.own.windows, reading, event.clientX - box.left, event.clientY - box.top);
  };
  return {
    /** @param {PointerEvent} event */
    move: (event) => {
      if (event.pointerType !== "touch" && !ui.own.editing) act.hover(spot(event)); // a finger taps, it does not hover
    },
    leave: () => act.hover(null),
    /** @param {MouseEvent} event */
    click: (event) => {
      const found = spot(event);
      if (found && !(/** @type {HTMLElement} */ (event.target).closest("input"))) pick(scene, found);
    },
    /** @param {MouseEvent} event */
    edit: (event) => {
      const found = spot(event);
      if (found?.part === "table" && !ui.prediction) startEdit(scene, Number(found.row), Number(found.col));
    },
  };
}

/**
 * What a click or Enter on a spot does.
 * @param {Scene} scene
 * @param {any} spot
 */
function pick(scene, spot) {
  const { act, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.row !== undefined && spot.part !== "map") act.choose(spot.row);
    if (spot.part === "table") hold(scene, spot);
    return;
  }
  if (spot.part === "chip") return act.go(spot.n, { patch: { focus: spot } });
  if (spot.part === "row") return hold(scene, { part: "table", row: spot.row, col: ui.own.windows.col });
  hold(scene, spot);
}

/**
 * Hold a spot and give it the keyboard.
 * @param {Scene} scene
 * @param {Spot} spot
 * @param {any} [open]
 */
function hold({ act, ui }, spot, open = null) {
  act.show({ focus: spot, open, hover: ui.hover && spot.part === "map" ? null : ui.hover }, "step");
  act.focusLater(placeOf(spot));
  act.reportCursor();
}

/** The data-place of a spot. @param {Spot} spot */
export function placeOf({ part, n, row, col }) {
  if (part === "chip") return `chip:${n}`;
  if (part === "out") return `out:${n}:${col}`;
  return part === "map" ? "map" : `cell:${row}:${col}`;
}

// ---- keyboard ------------------------------------------------------------------------------------

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const place = /** @type {HTMLElement} */ (event.target)?.dataset?.place ?? "";
  const [part, a, b] = place.split(":");
  const reading = readingOf(scene.trace);
  if (place === "edit") return editKey(event, scene);
  if (part === "chip") return chipKey(event, scene, reading, Number(a));
  if (part === "cell") return cellKey(event, scene, reading, Number(a), Number(b));
  if (part === "out") return outKey(event, scene, reading, Number(a), Number(b));
  if (part === "map") return mapKey(event, scene, reading);
  return false;
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} n */
function chipKey({ key }, scene, reading, n) {
  if (key === "Enter") {
    scene.act.show({ open: { kind: "word", n, from: `chip:${n}` }, focus: { part: "chip", n }, hover: null });
    return true;
  }
  const turned = key === "ArrowLeft" ? "ArrowUp" : key === "ArrowRight" ? "ArrowDown" : key;
  const to = move(turned, { row: n, col: 0 }, { rows: reading.N, cols: 1 });
  if (to) {
    scene.act.go(to.row, { patch: { focus: { part: "chip", n: to.row } } });
    scene.act.focusLater(`chip:${to.row}`);
  }
  return isArrow(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col */
function cellKey({ key }, scene, reading, row, col) {
  const asked = scene.ui.prediction?.phase === "open";
  if (asked && (key === "Enter" || key === " ")) {
    scene.act.choose(row);
    return true;
  }
  if (key === "Enter" && !scene.ui.prediction) {
    startEdit(scene, row, col);
    return true;
  }
  const to = move(key, { row, col }, { rows: reading.V, cols: reading.D });
  if (to) hold(scene, { part: "table", ...to });
  return isArrow(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading @param {number} n @param {number} col */
function outKey({ key }, scene, reading, n, col) {
  if (key === "Enter") {
    hold(scene, { part: "out", n, col }, { kind: "out", n, col, from: `out:${n}:${col}` });
    return true;
  }
  const to = move(key, { row: n, col }, { rows: reading.N, cols: reading.D });
  if (to)
    hold(
      scene,
      { part: "out", n: to.row, col: to.col },
      scene.ui.open && { kind: "out", n: to.row, col: to.col, from: `out:${to.row}:${to.col}` },
    );
  return isArrow(key);
}

/** @param {KeyboardEvent} event @param {Scene} scene @param {Reading} reading */
function mapKey({ key }, scene, { V }) {
  const { focus, own } = scene.ui;
  const row = focus?.part === "map" ? focus.row : own.windows.row;
  const by = {
    ArrowUp: -1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowRight: 1,
    PageUp: -2 * PAGE,
    PageDown: 2 * PAGE,
  }[key];
  if (by) hold(scene, { part: "map", row: clamp(row + by, V) });
  return isArrow(key);
}

/** @param {string} key */
const isArrow = (key) => key.startsWith("Arrow") || key === "PageUp" || key === "PageDown";

// ---- changing a weight ---------------------------------------------------------------------------

const STEP = { coarse: 0.1, fine: 0.01 };

/** @param {Scene} scene @param {number} row @param {number} col */
export function startEdit(scene, row, col) {
  const before = readingOf(scene.trace).weights(row)[col];
  const text = fixed(before);
  scene.ui.own.editing = { row, col, text, before };
  scene.act.show({ focus: { part: "table", row, col }, hover: null });
  scene.act.focusLater("edit");
}

/** @param {KeyboardEvent} event @param {Scene} scene */
function editKey(event, scene) {
  const { editing } = scene.ui.own;
  if (!editing) return false;
  if (event.key === "Enter") finish(scene, true);
  else if (event.key === "Escape") finish(scene, false);
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const by = (event.shiftKey ? STEP.fine : STEP.coarse) * (event.key === "ArrowUp" ? 1 : -1);
    const value = Math.round(((parseNumber(editing.text) ?? editing.before) + by) * 100) / 100;
    editing.text = fixed(value);
    write(scene, value);
  } else return false;
  return true;
}

/** @param {Scene} scene @param {boolean} keep */
function finish(scene, keep) {
  const { editing } = scene.ui.own;
  if (!editing) return;
  const { row, col, before, text } = editing;
  const value = keep ? parseNumber(text) : before;
  const now = readingOf(scene.trace).weights(row)[col];
  if (value === null) {
    scene.act.show({ note: `A weight is a number such as 0.5. “${text}” is none; nothing was changed.` });
  } else if (fixed(value) !== fixed(now) || (!keep && value !== now)) write(scene, value);
  scene.ui.own.editing = null;
  scene.act.focusLater(`cell:${row}:${col}`);
}

/** Tell Python: this weight has this value. @param {Scene} scene @param {number} value */
function write(scene, value) {
  const { row, col } = scene.ui.own.editing;
  const edits = /** @type {[number, number, number][]} */ (scene.act.store.params.edits ?? []);
  scene.act.edit({ edits: [...edits.filter(([r, c]) => r !== row || c !== col), [row, col, value]] });
}

/** The field over the cell that is changed. @param {Scene} scene @param {Layout} at */
export function editor(scene, at) {
  const { editing, windows } = scene.ui.own;
  if (!editing) return nothing;
  const { row, col, text } = editing;
  const x = Math.min(at.width - 66, Math.max(0, at.table.x + (col - windows.col + 0.5) * at.table.cw - 33));
  return html`<input
    class="edit num"
    type="text"
    inputmode="decimal"
    aria-label="W[${row}, ${col}]. Type a number, or use the up and down arrows; Enter keeps it, Escape takes it back."
    data-place="edit"
    style="left:${x}px;top:${rowY(at, row - windows.row) - 14}px"
    .value=${text}
    @input=${(/** @type {Event} */ e) => (editing.text = /** @type {HTMLInputElement} */ (e.target).value)}
    @focus=${(/** @type {Event} */ e) => /** @type {HTMLInputElement} */ (e.target).select()}
    @blur=${() => scene.ui.own.editing === editing && finish(scene, true)}
  />`;
}
