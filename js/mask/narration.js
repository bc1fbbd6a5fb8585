/**
 * What the mask view says: one plain sentence for whatever is looked at.
 */
import { html, nothing } from "lit-html";
import { count, fixed, whole } from "../kit/format.js";
import { off } from "./facts.js";
import { outcome } from "./predict.js";
import { isPadding, paddingOf, readingOf, wordsOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Stage} Stage */

/** @type {Record<string, string>} */
const KEPT = {
  Dropout: "treats each number alone, so the mask still fits and goes on",
  Dense: "works on each place alone, so the mask still fits and goes on",
  LayerNormalization: "works on each place alone, so the mask still fits and goes on",
  SimpleRNN: "holds its state still at masked places, and hands the mask on",
  GRU: "holds its state still at masked places, and hands the mask on",
  LSTM: "holds its state still at masked places, and hands the mask on",
};
/** @type {Record<string, string>} */
const USED = {
  GlobalAveragePooling1D: "uses the mask: it adds up the words alone, and divides by their number",
  SimpleRNN: "uses the mask: at masked places its state stays as the last word left it",
  GRU: "uses the mask: at masked places its state stays as the last word left it",
  LSTM: "uses the mask: at masked places its state stays as the last word left it",
};
/** @type {Record<string, string>} */
const BLIND = {
  GlobalAveragePooling1D: "gets no mask: it divides by all places, padding too",
  GlobalMaxPooling1D: "gets no mask, and padding can be its largest number",
  SimpleRNN: "gets no mask: padding overwrites its state like any word",
  GRU: "gets no mask: padding overwrites its state like any word",
  LSTM: "gets no mask: padding overwrites its state like any word",
};

/** @param {Scene} scene */
export function say(scene) {
  const { ui } = scene;
  const reading = readingOf(scene.trace);
  if (ui.prediction?.phase === "open") return html`Choose the one layer behind which padding counts like words, or “No layer loses it”.`;
  if (!reading.B) return html`No sentences, no mask. Type one in each line.`;
  const spot = ui.hover ?? ui.focus;
  if (spot?.part === "place" && spot.k < reading.stages.length && spot.b < reading.B) return sayPlace(reading, spot);
  if (spot?.part === "ids" && spot.b < reading.B) return sayId(reading, spot.b, spot.cell);
  const k = spot?.part === "card" ? spot.k : ui.step;
  return sayStage(reading, reading.stages[Math.min(k, reading.stages.length - 1)]);
}

/** @param {Reading} reading @param {Stage} stage */
export function sayStage(reading, stage) {
  const { B, T, stages } = reading;
  const name = html`<b>${stage.label}</b>`;
  const last = stage.n === stages.length - 1 ? outcome(reading) : nothing;
  switch (stage.verdict) {
    case "made":
      return stage.n
        ? html`${name} makes a mask: a place counts unless all its numbers are 0. ${last}`
        : html`${name} makes the mask where the id is not 0: ${paddingOf(reading)} of ${B * T} places are padding. Their row 0 has numbers all the same. ${last}`;
    case "kept":
      return html`${name} ${KEPT[stage.kind] ?? "says that it supports masking, so the mask goes on"}. ${last}`;
    case "replaced":
      return html`${name} makes a mask of its own, out of values that are all 0. Row 0 is not: padding counts as a word again. ${last}`;
    case "consumed":
      return html`${name} ${USED[stage.kind] ?? "uses the mask, and it ends here"}. ${last}`;
    case "lost here":
      return html`${stage.why} From here on padding counts like words. ${outcome(reading)}`;
    default:
      return html`${name} ${sayNone(reading, stage)} ${last}`;
  }
}

/** @param {Reading} reading @param {Stage} stage */
function sayNone({ stages, lostAt }, stage) {
  if (!stage.spoilt && stage.n) return "needs no mask: no padding is left to leave out.";
  const used = stages.slice(0, stage.n).some(({ verdict }) => verdict === "consumed");
  if (used) return "gets what padding has spoilt: the mask that was used called it a word.";
  const by = lostAt === null ? "no layer has made one" : `${stages[lostAt].label} lost it`;
  return `${BLIND[stage.kind] ?? (stage.n ? "gets no mask" : "makes no mask, since mask_zero is False")}${stage.n ? `: ${by}`.replace(/^: /, BLIND[stage.kind] ? "; " : ": ") : ""}.`;
}

/** @param {Reading} reading @param {{ k: number, b: number, cell: number }} spot */
function sayPlace(reading, { k, b, cell }) {
  const stage = reading.stages[k];
  if (cell >= stage.cells) return nothing;
  const numbers = stage.at(b, cell).map((v) => fixed(v)).join(", ");
  const whose = html`Sentence ${b + 1}`;
  if (stage.form === "vector") return html`${whose}: number ${cell} of ${stage.label} is ${numbers}. Enter shows where it comes from.`;
  if (stage.cells !== reading.T) return html`${whose}, place ${cell} after ${stage.label}: [${numbers}].`;
  if (isPadding(reading, stage, b, cell)) {
    const fate = stage.spoilt ? "no mask is left, so it counts like a word" : stage.mask ? (stage.mask(b, cell) ? "its mask says: a word" : "its mask says: leave it out") : "no mask says so";
    return html`${whose}, place ${cell} is padding: ${stage.label} gives it [${numbers}], and ${fate}.`;
  }
  return html`${whose}, place ${cell}, “<bdi>${reading.tokens[b][cell]}</bdi>”: ${stage.label} gives it [${numbers}].`;
}

/** @param {Reading} reading @param {number} b @param {number} t */
function sayId(reading, b, t) {
  const token = reading.tokens[b][t];
  const n = wordsOf(reading, b).length;
  const sum = html`${count(n, "word")} and ${whole(reading.T - n)} padding`;
  if (token) return html`Sentence ${b + 1} has ${sum}. Place ${t} is “<bdi>${token}</bdi>”, id ${reading.id(b, t)}.`;
  return html`Sentence ${b + 1} has ${sum}. Place ${t} is padding, id 0: drag the handle to give it a word.`;
}

/** What changed between two traces, in one sentence, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, { trace, ui }) {
  const { params } = trace.header;
  const reading = readingOf(trace);
  if (JSON.stringify(was.lengths) !== JSON.stringify(params.lengths) && was.text === params.text && reading.B) {
    const n = reading.lengths[ui.own.sentence];
    const wrong = reading.noTruth ? "" : off(reading)?.tone === "good" ? " The loss stays true." : ` The loss is now ${off(reading)?.value} ${off(reading)?.name.replace(" by", "")}.`;
    return `Sentence ${ui.own.sentence + 1}: ${count(n, "word")}, ${whole(reading.T - n)} padding.${wrong}`;
  }
  if (JSON.stringify(was.layers) === JSON.stringify(params.layers)) return "";
  return reading.sentence;
}
