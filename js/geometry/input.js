/**
 * Pointer and keyboard on the geometry figure, and dragging a word into a slot.
 */
import { isArrow, isShortcut } from "../kit/keys.js";
import { DRAG_THRESHOLD, positionInside } from "../kit/pointer.js";
import { PAGE_ROWS, clamp } from "../kit/roving_tabindex.js";
import { pickWord, setTerm } from "./actions.js";
import { SLOTS } from "./analogy_slots.js";
import { nextRow, rowAt } from "./layout.js";
import { searchKey } from "./search.js";
import { isFiniteRow, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("./trace.js").Derived} Derived */

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {SceneFrame} drawing */
export function pointer(scene, { derived, at, scale, points, predicting }) {
  const { explorer, ui } = scene;
  /** @param {PointerEvent | MouseEvent} event @returns {number} the row under the pointer, or −1 */
  const under = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const line = /** @type {HTMLElement | null} */ (target.closest("[data-row]"));
    if (line) return Number(line.dataset.row);
    if (target.dataset.place !== "map") return -1;
    const inside = positionInside(target, event);
    const [x, y] = [inside.x + at.map.x, inside.y + at.map.y];
    if (!predicting) return rowAt(scale, points, x, y);
    const near = rowAt(scale, candidatePoints(derived, points), x, y, 24);
    return near < 0 ? -1 : derived.choices[near];
  };
  return {
    /** @param {PointerEvent} event */
    move(event) {
      if (event.pointerType === "touch" || ui.local.dragging || predicting) return;
      const row = under(event);
      explorer.setHover(row < 0 ? null : { row });
    },
    leave: () => explorer.setHover(null),
    /** @param {PointerEvent} event */
    down(event) {
      ui.local.dragged = false;
      const row = event.button === 0 && !predicting ? under(event) : -1;
      if (row >= 0) startDrag(scene, event, row);
    },
    /** @param {MouseEvent} event */
    click(event) {
      if (ui.local.dragged) return void (ui.local.dragged = false); // the end of a drag is no click
      const row = under(event);
      if (row < 0) return;
      if (predicting) return explorer.choose(row);
      pickWord(scene, row);
    },
  };
}

/** @param {Derived} derived @param {ArrayLike<number>} points */
const candidatePoints = ({ choices }, points) =>
  choices.flatMap((row) => [points[2 * row], points[2 * row + 1]]);

/**
 * Drag a word until the button is released; over a slot it is put into it.
 * @param {Scene} scene
 * @param {PointerEvent} start
 * @param {number} row
 */
function startDrag({ explorer, ui }, start, row) {
  const stage = /** @type {HTMLElement} */ (explorer.root.querySelector(".stage"));
  const ends = new AbortController();
  /** @param {PointerEvent} event */
  const slotAt = (event) => {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    return /** @type {HTMLElement | null} */ (under?.closest("[data-slot]") ?? null)?.dataset.slot;
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!ui.local.dragging && far < DRAG_THRESHOLD) return;
    ui.local.dragging = { row, ...positionInside(stage, event), slot: slotAt(event) };
    explorer.updateUi({ hover: null });
  };
  /** @param {PointerEvent} event */
  const end = (event) => {
    ends.abort();
    if (!ui.local.dragging) return;
    ui.local.dragging = null;
    ui.local.dragged = event.type === "pointerup";
    const slot = event.type === "pointerup" ? slotAt(event) : undefined;
    const { scene } = explorer;
    if (slot && scene) setTerm(scene, row, slot);
    explorer.updateUi({});
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
  const derived = derive(scene.trace);
  if (part === "word" || part === "slot")
    return searchKey(event.key, scene, place, (word) =>
      scene.explorer.edit({ [index ?? "word"]: word }),
    );
  if (part === "map") return mapKey(event.key, scene, derived);
  if (part === "choice") return choiceKey(event.key, scene, derived, Number(index));
  if (part === "near" || part === "seems" || part === "answer") {
    if (wordKey(event.key, scene, Number(row))) return true;
    return listKey(event.key, scene, derived, part, Number(index));
  }
  return false;
}

/**
 * Run what a key means on a word.
 * @param {string} key
 * @param {Scene} scene
 * @param {number} row
 */
function wordKey(key, scene, row) {
  const slot = key.toLowerCase();
  if (SLOTS.some((name) => name === slot)) setTerm(scene, row, slot);
  else if (key === "Enter") pickWord(scene, row);
  else return false;
  return true;
}

/** @param {string} key @param {Scene} scene @param {Derived} derived */
function mapKey(key, scene, derived) {
  const { explorer, ui } = scene;
  if (ui.prediction?.phase === "open") return isArrow(key);
  const here = ui.focus?.part === "map" ? ui.focus.row : derived.picked;
  if (wordKey(key, scene, here)) return true;
  if (!isArrow(key)) return false;
  const from = isFiniteRow(derived, here) ? here : (derived.near[0] ?? -1);
  const row = from < 0 ? -1 : nextRow(derived.points, from, key);
  if (row >= 0) {
    explorer.updateUi({ focus: { part: "map", row }, hover: null }, "step");
    explorer.reportCursor();
  } else explorer.updateUi({ note: "There is no word further that way." });
  return true;
}

/**
 * @param {string} key
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {"near" | "seems" | "answer"} part
 * @param {number} index
 */
function listKey(key, { explorer }, derived, part, index) {
  const rows = { near: derived.near, seems: derived.nearMap, answer: derived.answers }[part];
  const by = {
    ArrowUp: -1,
    ArrowLeft: -1,
    ArrowDown: 1,
    ArrowRight: 1,
    PageUp: -PAGE_ROWS,
    PageDown: PAGE_ROWS,
  }[key];
  if (!by) return false;
  const crosses = part !== "answer" && (key === "ArrowLeft" || key === "ArrowRight");
  const other = part === "near" ? "seems" : "near";
  const there = crosses ? (other === "seems" ? derived.nearMap : derived.near) : rows;
  const now = crosses ? other : part;
  const to = clamp(crosses ? index : index + by, there.length);
  if (now === "near") explorer.goToStep(to, { patch: { focus: null } });
  else explorer.updateUi({ focus: { part: now, row: there[to] }, hover: null }, "step");
  explorer.focusAfterPaint(`${now}:${to}`);
  explorer.reportCursor();
  return true;
}

/** @param {string} key @param {Scene} scene @param {Derived} derived @param {number} index */
function choiceKey(key, { explorer }, derived, index) {
  if (key === "Enter" || key === " ") {
    explorer.choose(derived.choices[index]);
    return true;
  }
  const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[key];
  if (!by) return false;
  const to = clamp(index + by, derived.choices.length);
  explorer.updateUi({ focus: { part: "choice", row: derived.choices[to] } });
  explorer.focusAfterPaint(`choice:${to}`);
  return true;
}
