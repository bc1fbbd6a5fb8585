/** From text to words: `embedlab.data.text`. */
import { SPACE } from "./python_text.js";

const CONTROL = "\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff"; // never a token
// Chinese characters are written without spaces: each is a word of its own.
const HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{323af}";
const JOINERS = "\\u200c\\u200d";
const SKIN_TONES = "\\u{1f3fb}-\\u{1f3ff}";
const FLAG = "[\\u{1f1e6}-\\u{1f1ff}]{2}";
const TAGS = "\\u{e0020}-\\u{e007f}";
const LETTER = `(?:(?![${HAN}])[\\p{L}\\p{N}])`;
const PART = `${LETTER}+(?:[\\p{M}${JOINERS}]+${LETTER}*)*`;
const WORDS = [`\\p{Nd}+(?:\\.\\p{Nd}+)+`, `${PART}(?:'${PART})*`, `[${HAN}]\\p{M}*`];
const SYMBOL =
  `(?:${FLAG}|[^\\p{L}\\p{N}_${SPACE}${CONTROL}\\p{M}${JOINERS}])` +
  `[\\p{M}${SKIN_TONES}${TAGS}]*`;

const WITHOUT_SYMBOLS = new RegExp(WORDS.join("|"), "gu");
const WITH_SYMBOLS = new RegExp([...WORDS, `${SYMBOL}(?:\\u200d${SYMBOL})*`].join("|"), "gu");
const SENTENCE_END = new RegExp(
  `(?<=[.!?؟])["')\\]]*[${SPACE}]+|(?<=[。！？।॥])[${SPACE}]*|\\n[${SPACE}]*\\n`,
  "u",
);
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");

/**
 * The words of a text, lower-cased, in order.
 * @param {string} text @param {boolean} [punctuation]  whether marks are tokens of their own
 */
export function tokenize(text, punctuation = true) {
  const lower = text
    .toLowerCase()
    .replaceAll(/[’ʼ＇]/g, "'")
    .replaceAll(/[\u00ad\u200b\u2060\ufeff]/g, "")
    .normalize("NFC");
  return lower.match(punctuation ? WITH_SYMBOLS : WITHOUT_SYMBOLS) ?? [];
}

/** A text without white space around it: `str.strip()`. @param {string} text */
export const strip = (text) => text.replaceAll(ENDS, "");

/** The sentences of a text. @param {string} text */
export const splitSentences = (text) => text.split(SENTENCE_END).map(strip).filter(Boolean);
