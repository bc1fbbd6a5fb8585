/** The skip-gram window without Python: `embedlab.explorers.window`. */
import { Answerer } from "../answerer.js";
import { parseCorpus, sentencesOf } from "../corpus.js";
import { ndarray } from "../encode.js";
import { boundedInt, boundedText, flag, learningRate, SIZE_MAX } from "../parameters.js";
import { byteLength, toJson } from "../python_text.js";
import { Generator } from "../random.js";
import { wordsNote } from "../rows_shown.js";
import { sampleBatches, scoreOf, trainRecorded } from "../skipgram.js";
import { limitsOf, TableInputs } from "../table.js";
import { formatCount, formatNumber, general, joinSome, shortLabel } from "../text.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../corpus.js").Corpus} Corpus */
/** @typedef {import("../skipgram.js").Batches} Batches */
/** @typedef {import("../skipgram.js").Run} Run */

const MAX_BYTES = 300_000;
const ROWS_MAX = 18;
const COLUMNS_MAX = 8;
const COLUMNS_MIN = 2;
const STEPS_MAX = 100;
const LABEL_LENGTH = 40;
const HEADER_BYTES = 12_000; // for the words and the rest of the header, without the text

const parameters = {
  text: boundedText(65_536),
  window: boundedInt(1, 4),
  negative: boundedInt(0, 4),
  learning_rate: learningRate(),
  output_dim: boundedInt(1, SIZE_MAX),
  input_dim: boundedInt(1, SIZE_MAX),
  position: boundedInt(0, STEPS_MAX - 1),
  seed: boundedInt(0, 2 ** 31 - 1),
  grow: flag(),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const inputs = new TableInputs(page, message.header, [ROWS_MAX, COLUMNS_MAX]);
  /** @returns {import("../answerer.js").Limits} */
  const limits = () => {
    const all = inputs.limits(limitsOf(parameters));
    return {
      ...all,
      input_dim: { ...all.input_dim, max: ROWS_MAX },
      output_dim: { ...all.output_dim, min: COLUMNS_MIN },
    };
  };
  /** @param {Params} params */
  const corpusOf = ({ text, input_dim }) => parseCorpus(text, input_dim, inputs.vocabulary);
  /** How many steps fit into one message. @param {Params} params @param {Corpus} corpus */
  const stepsOf = (params, { ids, words }) => {
    const texts = byteLength(toJson([params.text, page.initial.text]));
    const pairs = 2 * params.window * (1 + params.negative);
    const each = 16 * words.length * params.output_dim + 16 * pairs + 24;
    const fit = Math.floor((MAX_BYTES - HEADER_BYTES - texts) / each) - 1;
    return Math.min(ids.length, Math.max(1, Math.min(STEPS_MAX, fit)));
  };
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits()[name]);
      },
      normalize(params, last) {
        const words = parseCorpus(params.text, ROWS_MAX, inputs.vocabulary).words.length;
        const sized = inputs.grow(params, last, words);
        const steps = stepsOf(sized, corpusOf(sized));
        return { ...sized, position: Math.min(params.position, Math.max(0, steps - 1)) };
      },
      compute(params) {
        const corpus = corpusOf(params);
        return answer(params, corpus, stepsOf(params, corpus));
      },
      headerEvenIfRefused: () => ({ rows_needed: inputs.rowsNeeded }),
    },
    page,
    message,
  );
}

/** @param {Params} params @param {Corpus} corpus @param {number} N  steps, one a word */
function answer(params, corpus, N) {
  const { window, negative, output_dim: D, seed, position } = params;
  const V = corpus.words.length;
  const ids = corpus.ids.slice(0, N);
  const starts = corpus.starts.filter((start) => start < N);
  const sentence = sentencesOf(N, starts);
  const start = Float32Array.from(new Generator(seed).uniform(-0.5, 0.5, 2 * V * D));
  const batches = sampleBatches(ids, sentence, V, { steps: N, batch: 1, window, negative, seed });
  const run = trainRecorded(batches, start, D, { rule: "sgd", rate: params.learning_rate });
  const { scores, sigmoids, losses } = pairValues(batches, run, V, D);
  const begins = Array.from(sentence, (one, n) => (n ? one - sentence[n - 1] : one + 1));
  const arrays = {
    ids: ndarray(Uint8Array.from(ids)),
    begins: ndarray(Uint8Array.from(begins)),
    starts: ndarray(Int32Array.from(batches.starts)),
    second: ndarray(Uint8Array.from(batches.second)),
    label: ndarray(Uint8Array.from(batches.label)),
    around: ndarray(contextPositions(batches, sentence, window)),
    scores: ndarray(scores),
    sigmoids: ndarray(sigmoids),
    pair_losses: ndarray(losses),
    weights: ndarray(run.weights, N + 1, 2, V, D),
    grads: ndarray(run.grads, N, 2, V, D),
    losses: ndarray(run.losses),
  };
  const fields = {
    note: wordsNote(N, corpus.total),
    words: corpus.words.map((word) => shortLabel(word, LABEL_LENGTH)),
    position,
  };
  return { ...textsOf(params, corpus.words, ids, batches, run), fields, arrays };
}

/** For each pair, before its update: the product of its rows, its sigmoid, and the loss. @param {Batches} batches @param {Run} run @param {number} V @param {number} D */
function pairValues({ first, second, label, starts }, { weights }, V, D) {
  const scores = new Float32Array(label.length);
  const sigmoids = new Float32Array(label.length);
  const losses = new Float32Array(label.length);
  const round = Math.fround;
  for (let step = 0; step + 1 < starts.length; step++) {
    const table = step * 2 * V * D;
    for (let p = starts[step]; p < starts[step + 1]; p++) {
      const x = dot(weights, table + first[p] * D, table + V * D + second[p] * D, D);
      const wrong = Math.max(label[p] ? -x : x, 0);
      scores[p] = x;
      sigmoids[p] = 1 / round(1 + round(Math.exp(-x)));
      losses[p] = wrong + round(Math.log1p(round(Math.exp(-Math.abs(x)))));
    }
  }
  return { scores, sigmoids, losses };
}

/** The product of two rows, summed in NumPy's order. @param {Float32Array} weights @param {number} i @param {number} j @param {number} D */
function dot(weights, i, j, D) {
  if (D !== COLUMNS_MAX) return scoreOf(weights, i, j, D);
  const round = Math.fround;
  const [a, b, c, d, e, f, g, h] = weights.subarray(i, i + D).map((w, n) => w * weights[j + n]);
  const left = round(round(a + b) + round(c + d));
  return round(left + round(round(e + f) + round(g + h)));
}

/** The position of the context word of each pair; a negative has that of the word it goes with. @param {Batches} batches @param {Int32Array} sentence @param {number} window */
function contextPositions({ label, starts }, sentence, window) {
  const positions = new Uint8Array(label.length);
  for (let center = 0; center < sentence.length; center++) {
    const near = [];
    for (let n = center - window; n <= center + window; n++)
      if (n !== center && sentence[n] === sentence[center]) near.push(n);
    let at = -1;
    for (let p = starts[center]; p < starts[center + 1]; p++) {
      at += label[p];
      positions[p] = near[at];
    }
  }
  return positions;
}

/** The step at the position, in a few lines and as the picture. @param {Params} params @param {string[]} words @param {number[]} ids @param {Batches} batches @param {Run} run */
function textsOf(params, words, ids, { second, label, starts }, run) {
  const { window, negative, position, output_dim: D } = params;
  const tables = `two tables of ${formatCount(words.length, "row")} and ${formatCount(D, "column")}`;
  const side = `${formatCount(window, "word")} on each side`;
  const random = `${formatCount(negative, "negative")} for each context word`;
  const lines = [
    `text    ${formatCount(ids.length, "word")}; ${tables}`,
    `window  ${side}, ${random}, rate ${general(params.learning_rate)}`,
  ];
  if (!ids.length)
    return {
      summary: [...lines, "center  none: the text has no word"].join("\n"),
      alt: "A text without words, so no window, no pair and no update.",
    };
  const center = shortLabel(words[ids[position]]);
  lines.push(`center  ${center}, word ${position + 1} of the text`);
  const stands = `The window stands at word ${position + 1}, ${center}. `;
  const [from, to] = [starts[position], starts[position + 1]];
  if (from === to)
    return {
      summary: [...lines, "        no other word in its window: no pair, no update"].join("\n"),
      alt: `${stands}No other word is in it, so there is no pair and no update.`,
    };
  const rows = second.slice(from, to);
  /** @param {number} wanted */
  const wordsOf = (wanted) =>
    rows.flatMap((row, n) => (label[from + n] === wanted ? [shortLabel(words[row])] : []));
  const [context, negatives] = [wordsOf(1), wordsOf(0)];
  const loss = formatNumber(run.losses[position], 4);
  const moved = new Set(rows).size;
  lines.push(
    `context ${joinSome(context, 8, " · ")}`,
    `random  ${joinSome(negatives, 8, " · ") || "none"}`,
    `loss    ${loss}, the mean of ${formatCount(to - from, "pair")}`,
    `update  1 row of the embedding table, ${formatCount(moved, "row")} of the context table`,
  );
  const near = `Its context words are ${joinSome(context)}; its negatives ${joinSome(negatives) || "none"}.`;
  const updates = `The step updates row ${center} of the embedding table and ${formatCount(moved)}`;
  const alt = `${stands}${near} The mean loss is ${loss}. ${updates} of ${formatCount(words.length, "row")} of the context table.`;
  return { summary: lines.join("\n"), alt };
}
