/** Padded batches of the sentences of a text: `embedlab.explorers.inputs.batch`. */
import { parseSentence } from "../sentence.js";

/** @typedef {import("../sentence.js").Vocabulary} Vocabulary */
/**
 * @typedef {object} Batch
 * @property {number[]} ids  (B, T)
 * @property {string[][]} tokens  "" for padding
 * @property {number[]} lengths  the words that are used of each sentence
 * @property {number[]} available  the words of each sentence that fit into T positions
 * @property {number} total  all sentences of the text
 * @property {boolean} isCut  whether a sentence has more than T words
 */

const LINE_MAX = 1500;
const WORDS_MAX = 10_000;

/**
 * @param {string} text  one sentence a line
 * @param {Vocabulary | null} vocabulary
 * @param {{ steps: number, lengths: number[], padding: string }} params
 * @param {number} most  sentences
 * @returns {Batch}
 */
export function padLines(text, vocabulary, { steps, lengths, padding }, most) {
  let end = text.length;
  while (text[end - 1] === "\n") end--;
  const lines = end ? text.slice(0, end).split("\n") : [];
  const signs = lines.slice(0, most).map((line) => Array.from(line));
  const used = signs.map((line) => line.slice(0, LINE_MAX).join(""));
  const how = { most: WORDS_MAX };
  const all = parseSentence(used.join("\n"), vocabulary, how); // a word has one id in all lines
  const counts = used.map((line) => parseSentence(line, vocabulary, how).tokens.length);
  const available = counts.map((count) => Math.min(count, steps));
  const usedLengths = available.map((count, b) => Math.min(lengths[b] ?? count, count));
  /** @type {number[]} */
  const ids = [];
  /** @type {string[][]} */
  const tokens = [];
  let start = 0;
  for (const [b, count] of counts.entries()) {
    const to = start + usedLengths[b];
    const rest = steps - usedLengths[b];
    /** @template T @param {T[]} words @param {T} nothing */
    const padded = (words, nothing) => {
      const some = words.slice(start, to);
      const none = Array(rest).fill(nothing);
      return padding === "pre" ? [...none, ...some] : [...some, ...none];
    };
    ids.push(...padded(all.ids, 0));
    tokens.push(padded(all.tokens, ""));
    start += count;
  }
  const isCut = counts.some((count) => count > steps) || signs.some((l) => l.length > LINE_MAX);
  return { ids, tokens, lengths: usedLengths, available, total: lines.length, isCut };
}
