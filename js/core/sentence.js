/** Tokens, ids and row labels of a sentence: `embedlab.explorers.inputs.sentence`. */
import { refuse } from "./parameters.js";
import { SPACE, splitWords } from "./python_text.js";
import { tokenize } from "./tokenize.js";

/**
 * @typedef {object} Sentence
 * @property {string[]} tokens
 * @property {number[]} ids
 * @property {string[]} words  of the rows; "" for a row without one
 * @property {number} total    all words of the text, of which the first are used
 * @property {number} rowsNeeded  1 + the largest id of a word
 * @property {string} unit     "id" where all of the text is ids that are written as numbers
 */
/**
 * @typedef {object} Vocabulary
 * @property {string[]} words
 * @property {(text: string) => string[]} tokens
 * @property {(text: string) => number[]} encode
 */
/** @typedef {{ kind: "rows" | "vocabulary", words: string[], rows?: number, punctuation?: boolean }} VocabularyData */

const DEFAULT_WORDS = ["<pad>", "the", "a", "on", "dog", "cat", "in", "of", "ran", "sat"];
const LITERAL_ID = new RegExp(`(?<![^${SPACE}])#(-?\\p{Nd}+)(?![^${SPACE}])`, "u");
const DIGITS_MAX = 9; // ids are sent as 32-bit integers
const UNKNOWN_ID = 1;

/** The vocabulary that travels with the page. @param {VocabularyData | null} data @returns {Vocabulary | null} */
export function readVocabulary(data) {
  if (!data) return null;
  return data.kind === "rows" ? rowWords(data.words, data.rows ?? 0) : wordIds(data);
}

/** The words of a table's rows: all other words have the id V, beyond the rows. @param {string[]} words @param {number} rows @returns {Vocabulary} */
export function rowWords(words, rows) {
  const some = words.slice(0, rows);
  /** @type {Map<string, number>} */
  const exact = new Map();
  /** @type {Map<string, number>} */
  const lower = new Map();
  for (let row = some.length - 1; row >= 0; row--) {
    if (!some[row]) continue;
    exact.set(some[row], row);
    lower.set(some[row].toLowerCase(), row);
  }
  /** @param {string} word */
  const rowOf = (word) => exact.get(word) ?? lower.get(word);
  /** @param {string} text */
  const tokens = (text) =>
    splitWords(text).flatMap((part) => (rowOf(part) === undefined ? tokenize(part) : [part]));
  return { words: some, tokens, encode: (text) => tokens(text).map((word) => rowOf(word) ?? rows) };
}

/** @param {VocabularyData} data @returns {Vocabulary} */
function wordIds({ words, punctuation = true }) {
  const index = new Map(words.map((word, n) => [word, n]));
  /** @param {string} text */
  const tokens = (text) => tokenize(text, punctuation);
  return {
    words,
    tokens,
    encode: (text) => tokens(text).map((word) => index.get(word) ?? UNKNOWN_ID),
  };
}

/**
 * The first tokens of a text with their ids.
 * @param {string} text @param {Vocabulary | null} vocabulary
 * @param {{ most: number, onlyItsWords?: boolean }} how
 * @returns {Sentence}
 */
export function parseSentence(text, vocabulary, { most, onlyItsWords = false }) {
  const words = new Map(DEFAULT_WORDS.map((word, n) => [word, n]));
  /** @type {string[]} */
  const tokens = [];
  /** @type {number[]} */
  const ids = [];
  let total = 0;
  let rowsNeeded = 0;
  let unit = "id";
  for (const [n, piece] of text.split(LITERAL_ID).entries()) {
    const left = Math.max(0, most - tokens.length);
    /** @type {string[]} */
    let found;
    /** @type {number[]} */
    let foundIds;
    if (n % 2) {
      found = [`#${piece}`];
      foundIds = left ? [parseId(piece)] : [];
    } else if (vocabulary) {
      found = vocabulary.tokens(piece);
      foundIds = vocabulary.encode(piece).slice(0, left);
    } else {
      found = tokenize(piece);
      foundIds = found.slice(0, left).map((token) => idOf(words, token));
    }
    if (n % 2 === 0) for (const id of foundIds) rowsNeeded = Math.max(rowsNeeded, id + 1);
    if (n % 2 === 0 && found.length) unit = "word";
    total += found.length;
    for (const token of found.slice(0, left)) tokens.push(token);
    for (const id of foundIds) ids.push(id);
  }
  let known = vocabulary ? vocabulary.words : [...words.keys()];
  if (!vocabulary && onlyItsWords) {
    const used = new Set(ids);
    const inText = new Set(tokens);
    known = known.map((word, n) => (used.has(n) && inText.has(word) ? word : ""));
  }
  return { tokens, ids, words: known, total, rowsNeeded, unit };
}

/** The id of a word; a new word takes the next one. @param {Map<string, number>} words @param {string} token */
function idOf(words, token) {
  const id = words.get(token) ?? words.size;
  words.set(token, id);
  return id;
}

/** @param {string} text */
function parseId(text) {
  const digits = Array.from(text.replace(/^-/, ""));
  if (digits.length > DIGITS_MAX)
    return refuse(
      `an id after # must have at most ${DIGITS_MAX} digits`,
      `#${Array.from(text).slice(0, 20).join("")}`,
      "Write a smaller id",
    );
  const size = digits.reduce((sum, digit) => 10 * sum + digitValue(digit), 0);
  return text.startsWith("-") && size ? -size : size;
}

/** The value of a decimal digit of any script: each has its ten in a row. @param {string} digit */
function digitValue(digit) {
  const plain = digit.normalize("NFKC");
  if (/^\d$/.test(plain)) return Number(plain);
  const code = /** @type {number} */ (digit.codePointAt(0));
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return value;
}
