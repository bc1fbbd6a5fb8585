/** Small training corpora from a text: `embedlab.explorers.inputs.corpus`. */
import { refuse } from "./parameters.js";
import { splitSentences, tokenize } from "./tokenize.js";

/** @typedef {import("./sentence.js").Vocabulary} Vocabulary */
/** @typedef {{ ids: number[], starts: number[], words: string[], total: number }} Corpus */

const WORDS_MAX = 10_000;
const UNKNOWN = "<unk>";
const WORD = /[\p{L}\p{N}\p{So}]/u; // a letter or digit, or an emoji

/** The words of a text as ids of at most `rows` rows. @param {string} text @param {number} rows @param {Vocabulary | null} vocabulary @returns {Corpus} */
export function parseCorpus(text, rows, vocabulary) {
  const all = splitSentences(text).map((part) =>
    vocabulary ? vocabulary.tokens(part) : tokenize(part).filter((token) => WORD.test(token)),
  );
  const total = all.reduce((sum, words) => sum + words.length, 0);
  /** @type {string[][]} */
  const sentences = [];
  /** @type {number[]} */
  const starts = [];
  let used = 0;
  for (const words of all) {
    const some = words.slice(0, Math.max(0, WORDS_MAX - used));
    if (!some.length) continue;
    starts.push(used);
    sentences.push(some);
    used += some.length;
  }
  if (vocabulary) {
    const { words } = vocabulary;
    if (words.length > rows)
      refuse(
        `a vocabulary must have at most ${rows} words here`,
        words.length,
        `Build a smaller one: Vocabulary.from_tokens(tokens, most=${rows})`,
      );
    const ids = sentences.flatMap((part) => vocabulary.encode(part.join(" ")));
    return { ids, starts, words, total };
  }
  const flat = sentences.flat();
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const word of flat) counts.set(word, (counts.get(word) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
  const words = ranked.length <= rows ? ranked : [...ranked.slice(0, rows - 1), UNKNOWN];
  const rowOf = new Map(words.map((word, n) => [word, n]));
  const ids = flat.map((word) => rowOf.get(word) ?? words.length - 1);
  return { ids, starts, words: words.length ? words : [UNKNOWN], total };
}

/** The sentence of each word, counted from 0. @param {number} count @param {number[]} starts */
export function sentencesOf(count, starts) {
  const sentence = new Int32Array(count);
  for (const start of starts) if (start > 0) for (let n = start; n < count; n++) sentence[n]++;
  return sentence;
}
