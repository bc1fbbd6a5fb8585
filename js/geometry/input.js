/**
 * Hands on the geometry figure: the pointer, dragging a word into a slot, and the keyboard.
 */
import { isArrow, isShortcut } from "../kit/keys.js";
import { DRAG_THRESHOLD } from "../kit/pointer.js";
import { PAGE, clamp } from "../kit/roving_tabindex.js";
import { pick, put } from "./actions.js";
import { SLOTS } from "./analogy_slots.js";
import { nextRow, rowAt } from "./layout.js";
import { isThere, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Drawing} Drawing */
/** @typedef {import("./trace.js").Reading} Reading */

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {Drawing} drawing */
export function pointer(scene, { reading, at, scale, points, asked }) {
  const { act, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event @returns {number} the row under the pointer, or −1 */
  const under = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const line = /** @type {HTMLElement | null} */ (target.closest("[data-row]"));
    if (line) return Number(line.dataset.row);
    if (target.dataset.place !== "map") return -1;
    const box = target.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left + at.map.x, event.clientY - box.top + at.map.y];
    if (!asked) return rowAt(scale, points, x, y);
    const near = rowAt(scale, candidatePoints(reading, points), x, y, 24);
    return near < 0 ? -1 : reading.choices[near];
  };
  return {
    /** @param {PointerEvent} event */
    move(event) {
      if (event.pointerType === "touch" || ui.own.dragging || asked) return;
      const row = under(event);
      act.hover(row < 0 ? null : { row });
    },
    leave: () => act.hover(null),
    /** @param {PointerEvent} event */
    down(event) {
      ui.own.dragged = false;
      const row = event.button === 0 && !asked ? under(event) : -1;
      if (row >= 0) startDrag(scene, event, row);
    },
    /** @param {MouseEvent} event */
    click(event) {
      if (ui.own.dragged) return void (ui.own.dragged = false); // the end of a drag is no click
      const row = under(event);
      if (row < 0) return;
      if (asked) return act.choose(row);
      pick(scene, row);
    },
  };
}

/** @param {Reading} reading @param {ArrayLike<number>} points */
const candidatePoints = ({ choices }, points) => choices.flatMap((row) => [points[2 * row], points[2 * row + 1]]);

/**
 * Carry a word until the button is let go; over a slot it falls into it.
 * @param {Scene} scene
 * @param {PointerEvent} start
 * @param {number} row
 */
function startDrag({ act, ui }, start, row) {
  const stage = act.root.querySelector(".stage");
  const ends = new AbortController();
  /** @param {PointerEvent} event */
  const slotAt = (event) => {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    return /** @type {HTMLElement | null} */ (under?.closest("[data-slot]") ?? null)?.dataset.slot;
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!ui.own.dragging && far < DRAG_THRESHOLD) return;
    const box = stage?.getBoundingClientRect();
    const [x, y] = [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)];
    ui.own.dragging = { row, x, y, slot: slotAt(event) };
    act.show({ hover: null });
  };
  /** @param {PointerEvent} event */
  const end = (event) => {
    ends.abort();
    if (!ui.own.dragging) return;
    ui.own.dragging = null;
    ui.own.dragged = event.type === "pointerup";
    const slot = event.type === "pointerup" ? slotAt(event) : undefined;
    const { scene } = act;
    if (slot && scene) put(scene, row, slot);
    act.show({});
  };
  addEventListener("pointermove", move, { signal: ends.signal });
  addEventListener("pointerup", end, { signal: ends.signal });
  addEventListener("pointercancel", end, { signal: ends.signal });
}

// ---- keyboard ------------------------------------------------------------------------------------

/**
 * Keys inside the figure; true when the key was used.
 * @param {KeyboardEvent} event
 * @param {Scene} scene
 */
export function onKey(event, scene) {
  if (isShortcut(event)) return false;
  const { place = "", row = "" } = /** @type {HTMLElement} */ (event.target)?.dataset ?? {};
  const [part, index] = place.split(":");
  const reading = readingOf(scene.trace);
  if (part === "map") return mapKey(event.key, scene, reading);
  if (part === "choice") return choiceKey(event.key, scene, reading, Number(index));
  if (part === "near" || part === "seems" || part === "answer") {
    if (wordKey(event.key, scene, Number(row))) return true;
    return listKey(event.key, scene, reading, part, Number(index));
  }
  return false;
}

/** What a key does to the word under it. @param {string} key @param {Scene} scene @param {number} row */
function wordKey(key, scene, row) {
  const slot = key.toLowerCase();
  if (SLOTS.some((name) => name === slot)) put(scene, row, slot);
  else if (key === "Enter") pick(scene, row);
  else return false;
  return true;
}

/** @param {string} key @param {Scene} scene @param {Reading} reading */
function mapKey(key, scene, reading) {
  const { act, ui } = scene;
  if (ui.prediction?.phase === "open") return isArrow(key);
  const here = ui.focus?.part === "map" ? ui.focus.row : reading.picked;
  if (wordKey(key, scene, here)) return true;
  if (!isArrow(key)) return false;
  const from = isThere(reading, here) ? here : reading.near[0] ?? -1;
  const row = from < 0 ? -1 : nextRow(reading.points, from, key);
  if (row >= 0) {
    act.show({ focus: { part: "map", row }, hover: null }, "step");
    act.reportCursor();
  } else act.show({ note: "There is no word further that way." });
  return true;
}

/** @param {string} key @param {Scene} scene @param {Reading} reading @param {"near" | "seems" | "answer"} part @param {number} index */
function listKey(key, { act }, reading, part, index) {
  const rows = { near: reading.near, seems: reading.nearMap, answer: reading.answers }[part];
  const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE }[key];
  if (!by) return false;
  const crosses = part !== "answer" && (key === "ArrowLeft" || key === "ArrowRight");
  const other = part === "near" ? "seems" : "near";
  const there = crosses ? (other === "seems" ? reading.nearMap : reading.near) : rows;
  const now = crosses ? other : part;
  const to = clamp(crosses ? index : index + by, there.length);
  if (now === "near") act.go(to, { patch: { focus: null } });
  else act.show({ focus: { part: now, row: there[to] }, hover: null }, "step");
  act.focusLater(`${now}:${to}`);
  act.reportCursor();
  return true;
}

/** @param {string} key @param {Scene} scene @param {Reading} reading @param {number} index */
function choiceKey(key, { act }, reading, index) {
  if (key === "Enter" || key === " ") {
    act.choose(reading.choices[index]);
    return true;
  }
  const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[key];
  if (!by) return false;
  const to = clamp(index + by, reading.choices.length);
  act.show({ focus: { part: "choice", row: reading.choices[to] } });
  act.focusLater(`choice:${to}`);
  return true;
}

