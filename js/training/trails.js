/**
 * Paths of the rows over a map, as SVG. A path is built once for a trace; a step shows the
 * beginning of it.
 */
import { mapper } from "./layout.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {(k: number, row: number) => ArrayLike<number>} Weights */
/**
 * @typedef {object} Trail
 * @property {string} whole
 * @property {number[]} ends   length of the path string at each point of time
 * @property {string[]} points position at that time, "" for NaN
 */

const DETAIL = 1.5; // px

/** @type {WeakMap<object, { derived: Derived, at: Layout, ways: Map<string, Trail> }>} by explorer */
const cache = new WeakMap();

/**
 * Return the path of a row of run n up to a point of time; 0 is the start.
 * @param {SceneFrame} d
 * @param {number} n
 * @param {number} row
 * @param {number} to
 */
export const trail = (d, n, row, to) =>
  upTo(
    cachedTrail(d, `${n}:${row}`, () =>
      buildTrail(d, n, d.derived.runs[n].weights, row, 0, d.derived.S),
    ),
    to,
  );

/**
 * Return the path of a row in the original run, from the branch on.
 * @param {SceneFrame} d
 * @param {NonNullable<Derived["unbranched"]>} past
 * @param {number} row
 * @param {number} to
 */
export const pastTrail = (d, past, row, to) =>
  upTo(
    cachedTrail(d, `past:${row}`, () =>
      buildTrail(d, past.run, past.weights, row, past.from, d.derived.S),
    ),
    to - past.from,
  );

/**
 * Build a path, or return the cached one.
 * @param {SceneFrame} d
 * @param {string} name
 * @param {() => Trail} make
 */
function cachedTrail({ scene, derived, at }, name, make) {
  let entry = cache.get(scene.explorer);
  if (entry?.derived !== derived || entry.at !== at)
    cache.set(scene.explorer, (entry = { derived, at, ways: new Map() }));
  const trail = entry.ways.get(name) ?? make();
  entry.ways.set(name, trail);
  return trail;
}

/**
 * Return the path of a row between two points of time.
 * @param {{ derived: Derived, at: Layout }} d
 * @param {number} n
 * @param {Weights} weights
 * @param {number} row
 * @param {number} from
 * @param {number} to
 */
export const path = (d, n, weights, row, from, to) =>
  upTo(buildTrail(d, n, weights, row, from, to), to - from);

/**
 * Return a path up to a point of time.
 * @param {Trail} way
 * @param {number} to
 */
function upTo({ whole, ends, points }, to) {
  const drawn = whole.slice(0, ends[to]);
  if (!points[to]) return drawn;
  const last = `${drawn.includes("L") ? "L" : "M"}${points[to]}`;
  return drawn.endsWith(last) ? drawn : `${drawn}${drawn ? "L" : "M"}${points[to]}`;
}

/**
 * @param {{ derived: Derived, at: Layout }} d
 * @param {number} n
 * @param {Weights} weights
 * @param {number} row
 * @param {number} from
 * @param {number} to
 * @returns {Trail}
 */
function buildTrail({ derived, at }, n, weights, row, from, to) {
  const map = mapper(derived.bounds, at.maps[n]);
  const ends = [];
  const points = [];
  let whole = "";
  let last = [Infinity, Infinity];
  for (let k = from; k <= to; k++) {
    const [x, y] = map.at(derived.project(weights(k, row)));
    const there = Number.isFinite(x) && Number.isFinite(y);
    points.push(there ? `${r(x)} ${r(y)}` : "");
    // too small to see, and every point costs time at each step
    if (there && !(Math.abs(x - last[0]) + Math.abs(y - last[1]) < DETAIL)) {
      whole += `${whole ? "L" : "M"}${points[k - from]}`;
      last = [x, y];
    }
    ends.push(whole.length);
  }
  return { whole, ends, points };
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
