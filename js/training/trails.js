/**
 * The ways of the rows over a map, as SVG paths. A way is laid once for a trace; a step shows the
 * beginning of it.
 */
import { mapper } from "./layout.js";

/** @typedef {import("./state.js").Drawing} Drawing */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {(k: number, row: number) => ArrayLike<number>} Weights */
/**
 * @typedef {object} Way
 * @property {string} whole
 * @property {number[]} ends   how much of it is there at each point of time
 * @property {string[]} points where the row then is, "" where it is nowhere
 */

const DETAIL = 1.5; // px

/** @type {WeakMap<object, { reading: Reading, at: Layout, ways: Map<string, Way> }>} by explorer */
const kept = new WeakMap();

/** The way of a row of run n as far as a point of time; 0 is how it began. @param {Drawing} d @param {number} n @param {number} row @param {number} to */
export const trail = (d, n, row, to) =>
  upTo(laid(d, `${n}:${row}`, () => lay(d, n, d.reading.runs[n].weights, row, 0, d.reading.S)), to);

/** The way that a row would have gone without the branch, from there on. @param {Drawing} d @param {NonNullable<Reading["ghost"]>} past @param {number} row @param {number} to */
export const pastTrail = (d, past, row, to) =>
  upTo(laid(d, `past:${row}`, () => lay(d, past.run, past.weights, row, past.from, d.reading.S)), to - past.from);

/** Lay a way, or give the one that was laid. @param {Drawing} d @param {string} name @param {() => Way} make */
function laid({ scene, reading, at }, name, make) {
  let mine = kept.get(scene.act);
  if (mine?.reading !== reading || mine.at !== at) kept.set(scene.act, (mine = { reading, at, ways: new Map() }));
  const known = mine.ways.get(name) ?? make();
  mine.ways.set(name, known);
  return known;
}

/**
 * Any other way of a row: from one point of time to another.
 * @param {{ reading: Reading, at: Layout }} d
 * @param {number} n
 * @param {Weights} weights
 * @param {number} row
 * @param {number} from
 * @param {number} to
 */
export const path = (d, n, weights, row, from, to) => upTo(lay(d, n, weights, row, from, to), to - from);

/** A way as far as a point of time, which it always reaches. @param {Way} way @param {number} to */
function upTo({ whole, ends, points }, to) {
  const drawn = whole.slice(0, ends[to]);
  if (!points[to]) return drawn;
  const last = `${drawn.includes("L") ? "L" : "M"}${points[to]}`;
  return drawn.endsWith(last) ? drawn : `${drawn}${drawn ? "L" : "M"}${points[to]}`;
}

/** @param {{ reading: Reading, at: Layout }} d @param {number} n @param {Weights} weights @param {number} row @param {number} from @param {number} to @returns {Way} */
function lay({ reading, at }, n, weights, row, from, to) {
  const map = mapper(reading.bounds, at.maps[n]);
  const ends = [];
  const points = [];
  let whole = "";
  let last = [Infinity, Infinity];
  for (let k = from; k <= to; k++) {
    const [x, y] = map.at(reading.place(weights(k, row)));
    const there = Number.isFinite(x) && Number.isFinite(y);
    points.push(there ? `${r(x)} ${r(y)}` : "");
    // no eye sees less, and every point is drawn anew at each step
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
