/**
 * Pointer and keyboard on the geometry figure, and dragging a word into a slot.
 */
import { isArrow, isShortcut } from "../kit/keys.js";
import { DRAG_THRESHOLD, positionInside } from "../kit/pointer.js";
import { PAGE_ROWS, clamp } from "../kit/roving_tabindex.js";
import { pickWord, setTerm } from "./actions.js";
import { SLOTS } from "./analogy_slots.js";
import { cameraKey, following, panned, setCamera, zoomed } from "./camera.js";
import { nextRow, rowAt } from "./layout.js";
import { panTo } from "./pan.js";
import { LISTED, drawRegion, regionKey, selectionOf } from "./region.js";
import { searchKey } from "./search.js";
import { sceneFrame } from "./state.js";
import { isFiniteRow, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("./trace.js").Derived} Derived */

// ---- pointer -------------------------------------------------------------------------------------

/** @param {Scene} scene @param {SceneFrame} drawing */
export function pointer(scene, { derived, at, fit, camera, scale, points, predicting }) {
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
      const { dragging, region } = ui.local;
      if (event.pointerType === "touch" || dragging || region || predicting) return;
      const row = under(event);
      explorer.setHover(row < 0 ? null : { row });
    },
    leave: () => explorer.setHover(null),
    /** @param {PointerEvent} event */
    down(event) {
      ui.local.dragged = false;
      if (event.button) return;
      const row = predicting ? -1 : under(event);
      const onMap = isOnMap(event);
      if (onMap && ui.local.region) return drawRegion(scene, event);
      if (row >= 0 || onMap) startDrag(scene, event, row, onMap ? { fit, camera, at } : null);
    },
    /** The wheel zooms on a map that has the focus, or with Ctrl, as a pinch does; else the page scrolls. @param {WheelEvent} event */
    wheel(event) {
      const map = /** @type {HTMLElement} */ (explorer.root.querySelector(".map"));
      if (!isOnMap(event) || !(event.ctrlKey || map.matches(":focus"))) return;
      event.preventDefault();
      const { x, y } = positionInside(map, event);
      const by = Math.exp(
        -Math.max(-60, Math.min(60, event.deltaY)) * (event.ctrlKey ? 0.01 : 0.004),
      );
      setCamera(scene, zoomed(fit, ui.local.camera, by, x + at.map.x, y + at.map.y));
    },
    /** @param {MouseEvent} event */
    click(event) {
      if (ui.local.dragged) return void (ui.local.dragged = false); // the end of a drag is no click
      const row = ui.local.region && isOnMap(event) ? -1 : under(event);
      if (row < 0) return;
      if (predicting) return explorer.choose(row);
      pickWord(scene, row);
    },
  };
}

/** Whether an event is on the map or on a name there. @param {Event} event */
const isOnMap = ({ target }) =>
  Boolean(/** @type {Element} */ (target).closest('[data-place="map"], .marks'));

/** @param {Derived} derived @param {ArrayLike<number>} points */
const candidatePoints = ({ choices }, points) =>
  choices.flatMap((row) => [points[2 * row], points[2 * row + 1]]);

/**
 * Drag until the button is released. On the map that pans it, and a word follows the pointer where it leaves the
 * map; over a slot the word is put into it.
 * @param {Scene} scene
 * @param {PointerEvent} start
 * @param {number} row  or −1: no word
 * @param {Pick<SceneFrame, "fit" | "camera" | "at"> | null} map  null: the word does not lie on the map
 */
function startDrag(scene, start, row, map) {
  const { explorer, ui } = scene;
  const stage = /** @type {HTMLElement} */ (explorer.root.querySelector(".stage"));
  const ends = new AbortController();
  let begun = false;
  /** @param {PointerEvent} event */
  const slotAt = (event) => {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    return /** @type {HTMLElement | null} */ (under?.closest("[data-slot]") ?? null)?.dataset.slot;
  };
  /** @param {PointerEvent} event */
  const pan = (event) => {
    if (!map) return false;
    const [from, to] = [positionInside(stage, start), positionInside(stage, event)];
    const { x, y, w, h } = map.at.map;
    const inside = to.x >= x && to.x <= x + w && to.y >= y && to.y <= y + h;
    if (!inside && row >= 0) {
      ui.local.camera = map.camera; // it was no pan
      return false;
    }
    panTo(scene, map.fit, panned(map.fit, map.camera, to.x - from.x, to.y - from.y));
    ui.local.dragging = null;
    return true;
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!begun && far < DRAG_THRESHOLD) return;
    begun = true;
    if (pan(event)) return;
    if (row >= 0) ui.local.dragging = { row, ...positionInside(stage, event), slot: slotAt(event) };
    explorer.updateUi({ hover: null });
  };
  /** @param {PointerEvent} event */
  const end = (event) => {
    ends.abort();
    if (!begun) return;
    const { dragging } = ui.local;
    ui.local.dragging = null;
    ui.local.dragged = event.type === "pointerup";
    const slot = dragging && event.type === "pointerup" ? slotAt(event) : undefined;
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
  if ((part === "map" || part === "lasso") && regionKey(event, scene)) return true;
  if (part === "map" || part === "zoom") {
    const to = cameraKey(event, sceneFrame(scene));
    if (to !== undefined) {
      setCamera(scene, to);
      return true;
    }
  }
  if (part === "map") return mapKey(event.key, scene, derived);
  if (part === "choice") return choiceKey(event.key, scene, derived, Number(index));
  if (part === "region" && isArrow(event.key)) return memberKey(event.key, scene, Number(index));
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
    const { fit, camera, at } = sceneFrame(scene);
    const [x, y] = [derived.points[2 * row], derived.points[2 * row + 1]];
    ui.local.camera = following(fit, camera, at.map, x, y);
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

/** Go up and down in the table of the selection. @param {string} key @param {Scene} scene @param {number} index */
function memberKey(key, scene, index) {
  const { explorer } = scene;
  const rows = selectionOf(scene).rows.slice(0, LISTED);
  const to = clamp(index + (key === "ArrowUp" || key === "ArrowLeft" ? -1 : 1), rows.length);
  explorer.updateUi({ focus: { part: "region", row: rows[to] }, hover: null }, "step");
  explorer.focusAfterPaint(`region:${to}`);
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
