/** The geometry view without Python: `embedlab.explorers.geometry`. */
import { Answerer } from "../answerer.js";
import { ndarray } from "../encode.js";
import { boundedInt, boundedText, choice, refuse, SIZE_MAX } from "../parameters.js";
import { joinNotes } from "../rows_shown.js";
import { limitsOf } from "../table.js";
import { formatCount, formatNumber } from "../text.js";
import { strip } from "../tokenize.js";
import { fitPlane, PLANES, sampleNeighbors, typicalOf } from "./plane.js";
import { keptNeighbors, meanCosine, MEMBERS_MAX } from "./region.js";
import { measureMap, rankRows } from "./quality.js";
import { candidatesOf, textsOf, traceGeometry } from "./trace.js";
import { rowAt } from "./unit_rows.js";
import { WordSpace } from "./word_space.js";

/** @typedef {import("../answerer.js").Answer} Answer */
/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../encode.js").NdArray} NdArray */
/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {import("./plane.js").SampledNeighbors} SampledNeighbors */
/** @typedef {import("./quality.js").MapQuality} MapQuality */
/** @typedef {import("./quality.js").RankedRows} RankedRows */
/** @typedef {{ typical: number, quality: MapQuality }} Averages */
/** @typedef {import("./trace.js").Trace} Trace */

const NEARNESS = "nearness";
const METRICS = ["cosine", "euclidean"];
const fixed = {
  word: boundedText(200),
  rows: boundedInt(1, SIZE_MAX),
  plane: choice(...PLANES),
  metric: choice(...METRICS),
  color: choice(NEARNESS),
  a: boundedText(200),
  b: boundedText(200),
  c: boundedText(200),
  seed: boundedInt(0, 2 ** 31 - 1),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const words = new Words(/** @type {any} */ (page.inputs));
  const V = words.space.words.length;
  const { maps, labels } = words.space;
  const parameters = {
    ...fixed,
    plane: choice(...PLANES, ...maps.keys()),
    color: choice(NEARNESS, ...labels.keys()),
  };
  return new Searchable(
    words,
    {
      parameters,
      limits: () => ({ ...limitsOf(parameters), rows: { min: 1, max: V } }),
      check() {},
      normalize: (params) => ({ ...params, rows: Math.min(params.rows, V) }),
      compute: (params) => words.answer(params),
      headerEvenIfRefused: () => ({}),
      messageBytes: 3_000_000,
    },
    page,
    message,
  );
}

/** An answerer that also offers words for what is typed. */
class Searchable extends Answerer {
  /**
   * @param {Words} words
   * @param {ConstructorParameters<typeof Answerer>} rest
   */
  constructor(words, ...rest) {
    super(...rest);
    this.words = words;
  }

  /** @param {{ n: number, text: string }} query */
  search({ n, text }) {
    return { n, ...this.words.space.matches(text, this.params.rows) };
  }

  /** How many neighbors of some rows the map keeps. @param {{ n: number, rows: number[] }} members @param {number[]} selection */
  kept({ n, rows }, selection) {
    return { n, ...this.words.kept(rows, selection, this.params) };
  }
}

/** The words of a page, and what was computed last: the map, and how much of it is true on average. */
class Words {
  /** @param {import("./word_space.js").WordData} data */
  constructor(data) {
    this.space = new WordSpace(data);
    /** @type {{ key: string, plane: Plane } | null} */
    this.fitted = null;
    /** @type {{ key: string, sample: SampledNeighbors } | null} */
    this.sampled = null;
    /** @type {{ key: string, ranked: RankedRows } | null} */
    this.ranked = null;
    /** @type {Map<string, Averages>} */
    this.averages = new Map();
  }

  /** @param {Params} params @returns {Answer} */
  answer({ word, rows: count, plane: name, metric, seed, ...others }) {
    const { space } = this;
    const rows = space.rows[metric];
    const picked = space.row(word);
    if (picked >= count)
      refuse(
        `a word must be among the first ${count}`,
        `${Array.from(strip(word)).slice(0, 40).join("")}, which has rank ${picked + 1}`,
        "Increase rows",
      );
    const slots = [others.a, others.b, others.c];
    const terms = slots.map((text) => (strip(text) ? space.row(text) : count));
    const plane = this.plane(name, seed, metric);
    const { typical, quality } = this.averagesOf(
      plane,
      name === "random" ? seed : 0,
      count,
      metric,
    );
    // Words beyond the last row wait until `rows` grows.
    const used = Math.max(...terms) < count ? terms : null;
    const trace = traceGeometry(rows, plane, count, picked, used);
    const invalid = rows.lengths.subarray(0, count).filter(Number.isNaN).length;
    const sample = space.sample(count);
    const elsewhere = namedElsewhere(trace, sample);
    const drawn = [...sample, ...elsewhere];
    const seat = new Map(drawn.map((row, n) => [row, n]));
    /** @param {number[]} some */
    const seats = (some) => Int32Array.from(some, (row) => Number(seat.get(row)));
    const { labels, named } = space.names(drawn);
    const { units } = rows;
    const { analogy } = trace;
    /** @param {import("../floats.js").Floats} values */
    const ofDrawn = (values) => ndarray(Float32Array.from(drawn, (row) => values[row]));
    const vectors = [picked, ...trace.near].flatMap((row) => [...rowAt(units, row)]);
    /** @type {Record<string, NdArray>} */
    const arrays = {
      named: ndarray(Uint8Array.from(named)),
      points: ndarray(
        Float32Array.from(
          drawn.flatMap((row) => [plane.points[2 * row], plane.points[2 * row + 1]]),
        ),
        drawn.length,
        2,
      ),
      cosines: ofDrawn(trace.cosines),
      distances: ofDrawn(trace.distances),
      map_distances: ofDrawn(trace.mapDistances),
      near: ndarray(seats(trace.near)),
      near_map: ndarray(seats(trace.nearOnMap)),
      closer_on_map: ndarray(Int32Array.from(trace.closerOnMap)),
      candidates: ndarray(seats(candidatesOf(trace))),
      vectors: ndarray(Float32Array.from(vectors), 1 + trace.near.length, units.columns),
    };
    if (metric === "euclidean") arrays.lengths = ofDrawn(rows.lengths);
    const column = space.labels.get(others.color);
    if (column) {
      const values = drawn.map((row) => column.values[row]);
      const codes = column.values instanceof Uint8Array;
      arrays.labels = ndarray(codes ? Uint8Array.from(values) : Float32Array.from(values));
    }
    if (drawn.length < count) arrays.rows = ndarray(Int32Array.from(drawn));
    if (analogy) {
      arrays.target = ndarray(analogy.target);
      arrays.answers = ndarray(seats(analogy.ids));
      arrays.answer_cosines = ndarray(analogy.similarities);
      if (analogy.distances) arrays.answer_distances = ndarray(analogy.distances);
    }
    const fields = {
      words: labels,
      total: count,
      source: space.source,
      note: this.note(drawn.length, count, name, metric),
      width: units.columns,
      picked: seat.get(picked),
      shares: plane.shares,
      typical,
      quality,
      invalid_rows: invalid,
      equal_length: space.equalLength(),
      waiting: slots.filter((text, n) => strip(text) && terms[n] >= count),
      terms: analogy && [...seats(analogy.terms)],
      ...(column && { legend: column.legend }),
    };
    return { ...textsOf(trace, plane, space, rows, count, typical, invalid), fields, arrays };
  }

  /** @param {number[]} rows @param {number[]} selection @param {Params} params */
  kept(rows, selection, { rows: count, plane: name, metric, seed }) {
    const { space } = this;
    const listed = rows.filter((row) => row >= 0 && row < count).slice(0, MEMBERS_MAX);
    const { points } = this.plane(name, seed, metric);
    return {
      rows: listed,
      kept: keptNeighbors(space.rows[metric], points, count, listed),
      alike: meanCosine(
        space.rows.cosine,
        selection.filter((row) => row < count),
      ),
      all: space.meanCosine(),
    };
  }

  /** The map of all rows. @param {string} name @param {number} seed @param {string} metric */
  plane(name, seed, metric) {
    const key = `${metric} ${name === "random" ? `random ${seed}` : name}`;
    if (this.fitted?.key !== key) {
      const { table, lengths } = this.space.rows[metric];
      const points = this.space.maps.get(name)?.[metric];
      const plane = points
        ? { name, points, shares: [] }
        : fitPlane(table, lengths, this.space.principal[metric], name, seed);
      this.fitted = { key, plane };
    }
    return this.fitted.plane;
  }

  /** How much of a map is true, on average. @param {Plane} plane @param {number} seed @param {number} count @param {string} metric @returns {Averages} */
  averagesOf(plane, seed, count, metric) {
    const searched = `${metric} ${count}`;
    const key = `${plane.name} ${seed} ${searched}`;
    const known = this.averages.get(key);
    if (known) return known;
    const rows = this.space.rows[metric];
    if (this.sampled?.key !== searched)
      this.sampled = { key: searched, sample: sampleNeighbors(rows, count) };
    if (this.ranked?.key !== searched)
      this.ranked = { key: searched, ranked: rankRows(rows, count) };
    const typical = typicalOf(plane, this.sampled.sample, count);
    const averages = { typical, quality: measureMap(this.ranked.ranked, plane.points) };
    this.averages.set(key, averages);
    return averages;
  }

  /** What the map leaves out, or null if it shows all rows. @param {number} drawn @param {number} count @param {string} plane @param {string} metric */
  note(drawn, count, plane, metric) {
    const { lengths, units } = this.space.rows[metric];
    const { fitted } = this.space.principal[metric];
    const share = formatNumber((100 * drawn) / count, 1);
    const valid = lengths.filter((length) => !Number.isNaN(length)).length;
    return joinNotes(
      drawn === count
        ? null
        : `The map shows ${formatCount(drawn)} of ${formatCount(count)} rows (${share} %); ` +
            "neighbors are those of all.",
      fitted === valid || plane === "random" || this.space.maps.has(plane)
        ? null
        : `Its axes are fitted to ${formatCount(fitted, "row")} of ${units.columns} numbers.`,
    );
  }
}

/** The rows that a view names, but for those of the sample on the map. @param {Trace} trace @param {number[]} sample */
function namedElsewhere({ picked, near, nearOnMap, analogy }, sample) {
  const drawn = new Set(sample);
  const named = [picked, ...near, ...nearOnMap, ...(analogy?.terms ?? []), ...(analogy?.ids ?? [])];
  return [...new Set(named)].filter((row) => !drawn.has(row));
}
