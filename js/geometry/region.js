/**
 * Selecting words of a region: a line drawn around them, or a rectangle that arrow keys move and grow.
 *
 * The selection itself is a trait, `selection`, that Python reads and sets: numbers of rows in the table.
 */
import { nextTask } from "../kit/frame_timing.js";
import { pluralize } from "../kit/format.js";
import { isArrow } from "../kit/keys.js";
import { positionInside } from "../kit/pointer.js";
import { isInside, rowToScreen } from "./layout.js";
import { sceneFrame, selectedRow } from "./state.js";
import { derive, isFiniteRow } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/explorer.js").Explorer} Explorer */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {[number, number]} Point  of the figure, in px */
/** @typedef {{ path?: Point[], box?: Omit<Box, "side"> }} Region  what is being drawn */

export const LISTED = 100; // words in the table
const MEASURED = 50; // of them, whose neighbors Python searches
const GROW = 20; // px

// ---- the selection -------------------------------------------------------------------------------

/** @type {WeakMap<object, { ids: number[], rows: number[] }>} */
const cache = new WeakMap();

/** The selection: its numbers in the table, and the rows of the map, the nearest to the picked word first. @param {Scene} scene */
export function selectionOf({ explorer, trace }) {
  /** @type {number[]} */
  const ids = explorer.model?.get("selection") ?? [];
  const known = cache.get(trace);
  if (known?.ids === ids) return known;
  const { nearness, V, id } = derive(trace);
  /** @type {number[]} */
  let rows = [];
  if (ids.length) {
    const chosen = new Set(ids);
    for (let row = 0; row < V; row++) if (chosen.has(id(row))) rows.push(row);
    const strength = (/** @type {number} */ row) =>
      Number.isNaN(nearness(row)) ? -Infinity : nearness(row);
    rows.sort((a, b) => strength(b) - strength(a) || 0);
  }
  const result = { ids, rows };
  cache.set(trace, result);
  return result;
}

/** Select rows of the map. @param {Scene} scene @param {number[]} rows @param {boolean} byKeys */
function select(scene, rows, byKeys) {
  const { explorer, ui } = scene;
  if (!rows.length)
    return explorer.updateUi({ note: "No word lies inside. Draw around some dots." });
  const { id } = derive(scene.trace);
  ui.local.region = null;
  explorer.store.save({ selection: rows.map(id).sort((a, b) => a - b) });
  explorer.updateUi({ note: `${pluralize(rows.length, "word")} selected.`, hover: null });
  if (byKeys) explorer.focusAfterPaint("region:0");
}

/** @param {Scene} scene */
export function clearSelection({ explorer }) {
  explorer.store.save({ selection: [] });
  explorer.updateUi({ note: "Nothing is selected.", hover: null, focus: null });
  explorer.focusAfterPaint("map");
}

/** @type {WeakMap<Explorer, { seen: unknown[], key: string }>} what was asked last */
const asked = new WeakMap();

/** Ask how many neighbors the map keeps of the listed words, once for each state and selection. @param {Scene} scene */
export function followSelection(scene) {
  const { explorer, trace, params } = scene;
  const { model, root, store } = explorer;
  const { ids, rows } = selectionOf(scene);
  const before = asked.get(explorer);
  if (!before) {
    const paint = () => {
      if (root.isConnected) return explorer.repaint();
      model.off("change:selection", paint);
      model.off("change:_member_facts", paint);
    };
    model.on("change:selection", paint);
    model.on("change:_member_facts", paint);
    asked.set(explorer, { seen: [], key: "" });
  }
  if (!rows.length || scene.predicting) return;
  if (before?.seen[0] === trace && before.seen[1] === ids) return;
  const key = JSON.stringify([params, ids]); // a host may send the same again
  asked.set(explorer, { seen: [trace, ids], key });
  if (key === before?.key) return;
  const { id } = derive(trace);
  nextTask(() => {
    const n = (model.get("_members")?.n ?? 0) + 1;
    store.save({ _members: { n, rows: rows.slice(0, MEASURED).map(id) } });
  });
}

/** Neighbors that the map keeps, by row number of the table; null until they are known. @param {Scene} scene */
export function keptOf({ explorer }) {
  const [members, kept] = [explorer.model.get("_members"), explorer.model.get("_member_facts")];
  return kept?.n && kept.n === members?.n ? kept : null;
}

// ---- drawing -------------------------------------------------------------------------------------

/** Rows inside what is drawn. @param {SceneFrame} frame @param {Region} region */
function rowsInside({ derived, scale, points, at }, { path, box }) {
  const rows = [];
  const xs = path?.map(([x]) => x) ?? [];
  const ys = path?.map(([, y]) => y) ?? [];
  const [x, y] = path ? [Math.min(...xs), Math.min(...ys)] : [0, 0];
  const around = box ?? { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
  for (let row = 0; row < derived.V; row++) {
    if (!isFiniteRow(derived, row)) continue;
    const p = rowToScreen(scale, points, row);
    if (
      isInside(p, /** @type {Box} */ (around)) &&
      isInside(p, at.map) &&
      (!path || within(p, path))
    )
      rows.push(row);
  }
  return rows;
}

/** Whether a point lies within a closed line, by the even-odd rule. @param {Point} p @param {Point[]} path */
export function within([x, y], path) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[x0, y0], [x1, y1]] = [path[i], path[j]];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
  }
  return inside;
}

/** Begin or leave selecting. @param {Scene} scene @param {boolean} byKeys */
export function toggleRegion(scene, byKeys) {
  const { explorer, ui } = scene;
  if (ui.local.region) {
    ui.local.region = null;
    return explorer.updateUi({});
  }
  ui.local.region = byKeys ? { box: firstBox(sceneFrame(scene)) } : {};
  if (!byKeys)
    return explorer.updateUi({ hover: null, note: "Draw around the words to select them." });
  showBox(scene, "Arrows grow it, with Shift they move it; Enter selects, Esc leaves. ");
  explorer.focusAfterPaint("map");
}

/** A rectangle around the word that is compared, or in the middle. @param {SceneFrame} frame */
function firstBox({ scene, derived, scale, points, at: { map } }) {
  const row = Math.max(selectedRow(scene), -1);
  const from = [scene.ui.focus?.row ?? derived.picked, row];
  const seen = from
    .filter((one) => one >= 0 && isFiniteRow(derived, one))
    .map((one) => rowToScreen(scale, points, one))
    .find((p) => isInside(p, map));
  const [x, y] = seen ?? [map.x + map.w / 2, map.y + map.h / 2];
  return { x: x - 40, y: y - 30, w: 80, h: 60 };
}

/** @param {Scene} scene @param {string} [first] */
function showBox(scene, first = "") {
  const { box } = /** @type {Region} */ (scene.ui.local.region);
  const rows = rowsInside(sceneFrame(scene), { box });
  const size = `${Math.round(box?.w ?? 0)} × ${Math.round(box?.h ?? 0)} pixels`;
  const count = `A rectangle of ${size}: ${pluralize(rows.length, "word")}. `;
  scene.explorer.updateUi({
    hover: null,
    note: (first ? count.replace(/ of .*: /, ": ") + first : count).trim(),
  });
}

/**
 * A key on the map while a region is drawn; true when it was used.
 * @param {KeyboardEvent} event @param {Scene} scene
 */
export function regionKey({ key, shiftKey }, scene) {
  const { ui } = scene;
  /** @type {Region | null} */
  const region = ui.local.region;
  if (key.toLowerCase() === "l") {
    if (!scene.predicting) toggleRegion(scene, true);
    return true;
  }
  if (!region) return false;
  if (key === "Escape") toggleRegion(scene, true);
  else if (key === "Enter") select(scene, rowsInside(sceneFrame(scene), region), true);
  else if (isArrow(key)) {
    const frame = sceneFrame(scene);
    const box = region.box ?? firstBox(frame);
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
    const [dx, dy] = (by ?? [0, 0]).map((one) => one * GROW);
    const [w, h] = shiftKey
      ? [box.w, box.h]
      : [Math.max(GROW, box.w + dx), Math.max(GROW, box.h + dy)];
    const move = shiftKey ? [dx, -dy] : [(box.w - w) / 2, (box.h - h) / 2];
    ui.local.region = { box: { x: box.x + move[0], y: box.y + move[1], w, h } };
    showBox(scene);
  } else return false;
  return true;
}

/** Draw a line around words until the pointer is released. @param {Scene} scene @param {PointerEvent} start */
export function drawRegion(scene, start) {
  const { explorer, ui } = scene;
  const stage = /** @type {HTMLElement} */ (explorer.root.querySelector(".stage"));
  const ends = new AbortController();
  /** @param {PointerEvent} event @returns {Point} */
  const at = (event) => {
    const { x, y } = positionInside(stage, event);
    return [x, y];
  };
  /** @type {Point[]} */
  const path = [at(start)];
  start.preventDefault(); // no text is selected
  /** @param {PointerEvent} event */
  const move = (event) => {
    path.push(at(event));
    ui.local.region = { path: [...path] };
    explorer.updateUi({ hover: null });
  };
  /** @param {PointerEvent} event */
  const end = (event) => {
    ends.abort();
    ui.local.dragged = path.length > 1 && event.type === "pointerup"; // its click picks no word
    const now = explorer.scene;
    if (now && event.type === "pointerup" && path.length > 2) {
      ui.local.region = {};
      select(now, rowsInside(sceneFrame(now), { path }), false);
    } else if (now) {
      ui.local.region = {};
      explorer.updateUi({});
    }
  };
  addEventListener("pointermove", move, { signal: ends.signal });
  addEventListener("pointerup", end, { signal: ends.signal });
  addEventListener("pointercancel", end, { signal: ends.signal });
}

/** What is being drawn, as a path. @param {Scene} scene */
export function regionPath({ ui }) {
  /** @type {Region | null} */
  const region = ui.local.region;
  if (region?.path) return `M${region.path.map((p) => p.join(" ")).join("L")}z`;
  const { box } = region ?? {};
  return box ? `M${box.x} ${box.y}h${box.w}v${box.h}h${-box.w}z` : "";
}
