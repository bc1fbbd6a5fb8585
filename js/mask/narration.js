/**
 * Narration of the mask view.
 */
import { html, nothing } from "lit-html";
import { pluralize, fixed, formatInt } from "../kit/format.js";
import { distanceText } from "./facts.js";
import { lossOutcome } from "./predict.js";
import { isPadding, paddingOf, derive, wordsOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Stage} Stage */

/** @type {Record<string, string>} */
const MASK_KEPT = {
  Dropout: "is elementwise, so the mask still fits and is passed on",
  Dense: "works on each position alone, so the mask still fits and is passed on",
  LayerNormalization: "works on each position alone, so the mask still fits and is passed on",
  SimpleRNN: "keeps its state at masked positions, and passes the mask on",
  GRU: "keeps its state at masked positions, and passes the mask on",
  LSTM: "keeps its state at masked positions, and passes the mask on",
};
/** @type {Record<string, string>} */
const MASK_USED = {
  GlobalAveragePooling1D: "uses the mask: it adds up the words alone, and divides by their number",
  SimpleRNN: "uses the mask: at masked positions its state stays that of the last word",
  GRU: "uses the mask: at masked positions its state stays that of the last word",
  LSTM: "uses the mask: at masked positions its state stays that of the last word",
};
/** @type {Record<string, string>} */
const NO_MASK = {
  GlobalAveragePooling1D: "gets no mask: it divides by all positions, padding too",
  GlobalMaxPooling1D: "gets no mask, and padding can be its largest number",
  SimpleRNN: "gets no mask: padding overwrites its state like any word",
  GRU: "gets no mask: padding overwrites its state like any word",
  LSTM: "gets no mask: padding overwrites its state like any word",
};

/** @param {Scene} scene */
export function narrate(scene) {
  const { ui } = scene;
  const derived = derive(scene.trace);
  if (ui.prediction?.phase === "open")
    return html`Choose the one layer behind which padding counts like words, or “No layer loses it”.`;
  if (!derived.B) return html`No sentences, no mask. Type one in each line.`;
  const spot = ui.hover ?? ui.focus;
  if (spot?.part === "place" && spot.k < derived.stages.length && spot.b < derived.B)
    return narrateCell(derived, spot);
  if (spot?.part === "ids" && spot.b < derived.B) return narrateId(derived, spot.b, spot.cell);
  const k = spot?.part === "card" ? spot.k : ui.step;
  return narrateLayer(derived, derived.stages[Math.min(k, derived.stages.length - 1)]);
}

/** @param {Derived} derived @param {Stage} stage */
export function narrateLayer(derived, stage) {
  const { B, T, stages } = derived;
  const name = html`<b>${stage.label}</b>`;
  const last = stage.n === stages.length - 1 ? lossOutcome(derived) : nothing;
  switch (stage.status) {
    case "made":
      return stage.n
        ? html`${name} makes a mask: a position counts unless all its numbers are 0. ${last}`
        : html`${name} makes the mask where the id is not 0: ${paddingOf(derived)} of ${B * T} positions are padding. Their row 0 has numbers all the same. ${last}`;
    case "kept":
      return html`${name} ${MASK_KEPT[stage.kind] ?? "says that it supports masking, so the mask goes on"}. ${last}`;
    case "replaced":
      return html`${name} makes a mask of its own, out of values that are all 0. Row 0 is not: padding counts as a word again. ${last}`;
    case "consumed":
      return html`${name} ${MASK_USED[stage.kind] ?? "uses the mask, and it ends here"}. ${last}`;
    case "lost here":
      return html`${stage.reason} ${distanceText(derived.lossOff).tone === "bad" ? "From here on padding counts like words." : nothing} ${lossOutcome(derived)}`;
    default:
      return html`${name} ${narrateNoMask(derived, stage)} ${last}`;
  }
}

/** @param {Derived} derived @param {Stage} stage */
function narrateNoMask({ stages, lostAt }, stage) {
  if (!stage.paddingCounts && stage.n) return "needs no mask: no padding is left to leave out.";
  const used = stages.slice(0, stage.n).some(({ status }) => status === "consumed");
  if (used) return "gets values that include padding: the mask that was used marked it as a word.";
  const by = lostAt === null ? "no layer has made one" : `${stages[lostAt].label} lost it`;
  return `${NO_MASK[stage.kind] ?? (stage.n ? "gets no mask" : "makes no mask, since mask_zero is False")}${stage.n ? `: ${by}`.replace(/^: /, NO_MASK[stage.kind] ? "; " : ": ") : ""}.`;
}

/** @param {Derived} derived @param {{ k: number, b: number, cell: number }} spot */
function narrateCell(derived, { k, b, cell }) {
  const stage = derived.stages[k];
  if (cell >= stage.cells) return nothing;
  const numbers = stage
    .valuesAt(b, cell)
    .map((v) => fixed(v))
    .join(", ");
  const whose = html`Sentence ${b + 1}`;
  if (stage.form === "vector")
    return html`${whose}: number ${cell} of ${stage.label} is ${numbers}. Enter shows where it comes from.`;
  if (stage.cells !== derived.T)
    return html`${whose}, position ${cell} after ${stage.label}: [${numbers}].`;
  if (isPadding(derived, stage, b, cell)) {
    const fate = stage.paddingCounts
      ? "no mask is left, so it counts like a word"
      : stage.mask
        ? stage.mask(b, cell)
          ? "its mask says: a word"
          : "its mask says: leave it out"
        : "no mask says so";
    return html`${whose}, position ${cell} is padding: ${stage.label} gives it [${numbers}], and ${fate}.`;
  }
  return html`${whose}, position ${cell}, “<bdi>${derived.tokens[b][cell]}</bdi>”: ${stage.label} gives it [${numbers}].`;
}

/** @param {Derived} derived @param {number} b @param {number} t */
function narrateId(derived, b, t) {
  const token = derived.tokens[b][t];
  const n = wordsOf(derived, b).length;
  const sum = html`${pluralize(n, "word")} and ${formatInt(derived.T - n)} padding`;
  if (token)
    return html`Sentence ${b + 1} has ${sum}. Position ${t} is “<bdi>${token}</bdi>”, id ${derived.id(b, t)}.`;
  return html`Sentence ${b + 1} has ${sum}. Position ${t} is padding, id 0: drag the handle to give it a word.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace, ui }) {
  const { params } = trace.header;
  const derived = derive(trace);
  if (
    JSON.stringify(was.lengths) !== JSON.stringify(params.lengths) &&
    was.text === params.text &&
    derived.B
  ) {
    const n = derived.lengths[ui.local.sentence];
    const { value, tone } = distanceText(derived.lossOff);
    const wrong = !tone
      ? ""
      : tone === "good"
        ? " The loss stays that of the unpadded reference."
        : ` The loss is now off by ${value}.`;
    return `Sentence ${ui.local.sentence + 1}: ${pluralize(n, "word")}, ${formatInt(derived.T - n)} padding.${wrong}`;
  }
  if (JSON.stringify(was.layers) === JSON.stringify(params.layers)) return "";
  const lost = derived.lostAt === null ? null : derived.stages[derived.lostAt].label;
  const where = lost ? `The mask is lost at ${lost}.` : "No layer loses the mask.";
  const { value, tone } = distanceText(derived.lossOff);
  if (!tone) return `${where} ${derived.noReference}`.trim();
  return `${where} The loss is ${tone === "good" ? "that of the unpadded reference" : `off by ${value}`}.`;
}
