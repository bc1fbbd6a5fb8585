/** A sharded lookup without Python: `embedlab.explorers.shard`. */
import { Answerer } from "../answerer.js";
import { ndarray } from "../encode.js";
import { outOfRange } from "../ids.js";
import { boundedInt, boundedText, choice, Refusal } from "../parameters.js";
import { joinNotes, wordsNote } from "../rows_shown.js";
import { parseSentence } from "../sentence.js";
import { limitsOf, randomTable } from "../table.js";
import { fixed, formatCount, formatNumber, joinSome, shortLabel } from "../text.js";
import {
  columnsOf,
  distinctOf,
  drawIds,
  expectedLoads,
  globalId,
  ITEM_BYTES,
  makeSharding,
  partsOf,
  requestBytes,
  shapeOf,
  updateBytes,
} from "./sharding.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("./sharding.js").Sharding} Sharding */

const IDS_MAX = 16;
const LABEL_LENGTH = 40;
const PLANNED_BATCH = 256;
/** @type {Record<string, string>} */
const SCHEME_NAMES = {
  table_wise: "table-wise",
  row_wise: "row-wise in blocks",
  row_wise_hashed: "row-wise hashed",
  column_wise: "column-wise",
};

const parameters = {
  text: boundedText(65_536),
  scheme: choice("row_wise", "row_wise_hashed", "column_wise", "table_wise"),
  workers: boundedInt(1, 8),
  stream: choice("zipf", "uniform", "text"),
  hot_rows: boundedInt(0, 128),
  batch_size: boundedInt(1, IDS_MAX),
  input_dim: boundedInt(128, 16_384),
  output_dim: boundedInt(8, 32),
  seed: boundedInt(0, 2 ** 31 - 1),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  return new Answerer(
    {
      parameters,
      limits: () => limitsOf(parameters),
      check: () => {},
      normalize: (params) => params,
      compute: answer,
      headerEvenIfRefused: () => ({}),
    },
    page,
    message,
  );
}

/** The ids, their labels, how many the text has, and whether as words or ids. @param {Params} params */
function batchOf({ text, stream, batch_size, input_dim, seed }) {
  if (stream === "text") {
    return parseSentence(text, null, { most: IDS_MAX });
  }
  const ids = drawIds(batch_size, input_dim, stream, seed);
  return { ids, tokens: ids.map((id) => `#${id}`), total: ids.length, unit: "id" };
}

/** @param {Params} params */
function answer(params) {
  const { scheme, workers: W, input_dim: V, output_dim: D, seed } = params;
  const { ids, tokens, total, unit } = batchOf(params);
  const wrong = outOfRange(ids, V);
  if (wrong) throw new Refusal(wrong.replace(', or pass negative="wrap"', "")); // no lookup rule here
  const replicates = scheme.startsWith("row_wise");
  const sharding = makeSharding(scheme, V, D, W, replicates ? params.hot_rows : 0);
  const distinct = distinctOf(ids);
  const K = distinct.length;
  const requested = new Uint8Array(W * K);
  const localRows = new Int32Array(K);
  const counts = new Array(W).fill(0);
  const rows = new Float32Array(K * D);
  const table = randomTable(seed, V, D, D).data;
  for (const part of partsOf(sharding, distinct)) {
    const [first, stop] = columnsOf(sharding, part.shard);
    counts[part.shard] = part.rows.length;
    for (const [n, k] of part.positions.entries()) {
      requested[part.shard * K + k] = 1;
      localRows[k] = part.rows[n];
      const start = globalId(sharding, part.shard, part.rows[n]) * D;
      rows.set(table.subarray(start + first, start + stop), k * D + first);
    }
  }
  let difference = 0;
  for (const [k, id] of distinct.entries())
    for (let c = 0; c < D; c++)
      difference = Math.max(difference, Math.abs(rows[k * D + c] - table[id * D + c]));
  const shapes = counts.map((_, w) => (w < sharding.shards ? shapeOf(sharding, w) : [0, 0]));
  const columns = counts.map((_, w) => (w < sharding.shards ? columnsOf(sharding, w) : [0, 0]));
  const memory = shapes.map(([height, width]) => height * width * ITEM_BYTES);
  const requests = counts.map(requestBytes);
  const answers = counts.map((count, w) => count * (columns[w][1] - columns[w][0]) * ITEM_BYTES);
  const updates = updateBytes(sharding, W, distinct);
  const loads = ["uniform", "zipf"].map((law) =>
    expectedLoads(sharding, W, PLANNED_BATCH, law, seed),
  );
  const arrays = {
    ids: ndarray(Int32Array.from(ids)),
    inverse: ndarray(Uint8Array.from(ids, (id) => distinct.indexOf(id))),
    distinct: ndarray(Int32Array.from(distinct)),
    requested: ndarray(requested, W, K),
    local_rows: ndarray(localRows),
    columns: ndarray(Uint8Array.from(columns.flat()), W, 2),
    owned: ndarray(Int32Array.from(shapes, ([height]) => height)),
    memory: ndarray(Int32Array.from(memory)),
    requests: ndarray(Int32Array.from(requests)),
    answers: ndarray(Int32Array.from(answers)),
    updates: ndarray(Int32Array.from(updates)),
    rows: ndarray(rows, K, D),
    difference: ndarray(Float64Array.of(difference)),
    loads: ndarray(Float64Array.from(loads.flat()), 2, W),
  };
  const unused = params.hot_rows && !replicates;
  const hot = unused ? "Hot rows are replicated with a row-wise scheme only." : null;
  const fields = {
    note: joinNotes(wordsNote(ids.length, total, unit), hot),
    words: tokens.map((token) => shortLabel(token, LABEL_LENGTH)),
    holdings: shapes.map((_, w) => holdingOf(sharding, w, shapes[w], columns[w], memory[w])),
    hot_rows: sharding.hot,
    planned_batch: PLANNED_BATCH,
  };
  const texts = textsOf(sharding, ids.length, { counts, K, requests, answers, updates, loads });
  return { ...texts, fields, arrays };
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The largest as a multiple of the mean. @param {number[]} loads */
function imbalanceOf(loads) {
  const mean = sum(loads) / loads.length;
  return mean ? Math.max(...loads) / mean : 1;
}

/** A number of bytes with its unit: `embedlab.layers.memory.in_words`. @param {number} bytes */
function inWords(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${fixed(bytes / 1000, 1)} kB` : `${fixed(bytes / 1000 / 1000, 1)} MB`;
}

/** @param {number} first @param {number} last */
const span = (first, last) =>
  first === last ? formatCount(first) : `${formatCount(first)}–${formatCount(last)}`;

/** What a worker holds, in a few words. @param {Sharding} sharding @param {number} worker @param {number[]} shape @param {number[]} columns @param {number} memory */
function holdingOf(sharding, worker, [height], [first, stop], memory) {
  const { scheme, hot } = sharding;
  const size = inWords(memory);
  if (!height) return "nothing";
  if (scheme === "column_wise") return `columns ${span(first, stop - 1)}, ${size}`;
  if (scheme === "table_wise") return `the whole table, ${size}`;
  const cold = height - hot;
  const parts = hot ? [`rows ${span(0, hot - 1)}`] : [];
  if (scheme === "row_wise_hashed") parts.push(`${formatCount(cold)} hashed`);
  else if (cold) {
    const [from, to] = [hot, hot + cold - 1].map((row) => globalId(sharding, worker, row));
    parts.push(`${hot ? "" : "rows "}${span(from, to)}`);
  }
  return [...parts, size].join(", ");
}

/**
 * The lookup in a few lines, and as the picture.
 * @param {Sharding} sharding
 * @param {number} N
 * @param {{ counts: number[], K: number, requests: number[], answers: number[], updates: number[], loads: number[][] }} run
 */
function textsOf({ scheme, V, D, hot }, N, { counts, K, requests, answers, updates, loads }) {
  const size = `${formatCount(V, "row")} and ${formatCount(D, "column")}`;
  const copies = hot ? `, ${formatCount(hot, "row")} replicated` : "";
  const split = `${SCHEME_NAMES[scheme]} on ${formatCount(counts.length, "worker")}${copies}`;
  const [uniform, zipf] = loads.map((load) => formatNumber(imbalanceOf(load)));
  const here = formatNumber(imbalanceOf(answers));
  const [out, back, step] = [requests, answers, updates].map((bytes) => formatCount(sum(bytes)));
  /** @param {string} between */
  const asked = (between) =>
    joinSome(counts.map((count, w) => `worker ${w}${between} ${formatCount(count, "row")}`));
  const lines = [
    `table     ${size}, ${split}`,
    `batch     ${formatCount(N, "id")}, ${formatCount(K)} distinct`,
    `asked     ${asked(":")}`,
    `bytes     ${out} of row numbers, ${back} of rows; a training step ${step}`,
    `imbalance ${here} in this batch; expected ${uniform} with uniform ids, ${zipf} with Zipf ids`,
  ];
  const start = `A batch of ${formatCount(N, "id")}, ${formatCount(K)} distinct, and a table of ${size}, ${split}. `;
  const work = N ? `The lookup asks ${asked(" for")}. ` : "No worker is asked. ";
  const alt = `${start}${work}${out} bytes of row numbers go out, ${back} bytes of rows come back. The imbalance is ${here}; the plan expects ${uniform} with uniform ids and ${zipf} with Zipf ids.`;
  return { summary: lines.join("\n"), alt };
}
