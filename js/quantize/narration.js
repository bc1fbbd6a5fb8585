/**
 * Narration of the quantization view.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, formatInt } from "../kit/format.js";
import { flippedBits } from "./bits.js";
import { formatCode, formatExact, formatStep } from "./number_format.js";
import { selection } from "./state.js";
import { neighborRanks, derive, rowAs } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Selection} Selection */

/** Name the row in a sentence. @param {Selection} look */
export const rowInSentence = ({ current, row }) =>
  current.word ? html`“<bdi>${current.word}</bdi>”` : html`Row ${row}`;

/** @param {Scene} scene */
export function narrate(scene) {
  const selected = selection(scene);
  const { prediction, hover, focus } = scene.ui;
  if (prediction?.phase === "open")
    return html`Choose each code of this row that will be another one, and each other row in which any code will be.`;
  if (prediction) return narrateOutlier(selected);
  const spot = hover ?? focus;
  if (spot?.part === "row") return narrateRow(selected, spot.row);
  if (spot?.part === "bit") return narrateBit(scene, selected, spot);
  if (spot) return narrateWeight(selected);
  return narrateStage(selected);
}

/** @param {Selection} selected */
function narrateStage(selected) {
  const { current, derived, shown } = selected;
  const { scheme } = current;
  const group = current.group(current.largest);
  const at = html`w[${selected.row}, ${current.largest}] = ${current.value(current.weights[current.largest])}`;
  const many = scheme.name === "groups";
  if (shown === 0)
    return many
      ? html`${rowInSentence(selected)}: each group of ${scheme.block} has a ruler of its own, from its smallest to its largest weight, 0 included. A large one such as ${at} stretches only its own.`
      : html`${rowInSentence(selected)}: the largest weight, ${at}, alone decides how long the ruler of this row is.`;
  if (shown === 1)
    return many
      ? html`16 quantization levels for each group: ${joinList(stepsOf(selected).map(formatStep), 4)} apart.`
      : html`Code ${group.high} stands for ${current.value(Math.abs(current.weights[current.largest]))}, so neighboring levels lie ${formatStep(group.step)} apart.`;
  if (shown === 2)
    return many
      ? html`Each weight is divided by the step of its group: now one step is 1.`
      : html`Each weight is multiplied by the scale ${formatExact(group.scale)}: now one step is 1.`;
  if (shown === 3)
    return html`Rounded to whole numbers, the codes are ${joinList(Array.from(current.codes, formatCode), 8)}. Rounding is the only step that loses something.`;
  if (shown === 4)
    return scheme.bits === 4
      ? html`Two codes share a byte, the first in its low half: ${pluralize(derived.D, "weight")} in ${pluralize(current.bytes.length, "byte")}${derived.D % 2 ? ", and half a byte stays empty" : ""}.`
      : html`Each code fills a byte: ${pluralize(derived.D, "weight")} in ${pluralize(current.bytes.length, "byte")}.`;
  return narrateRestored(selected);
}

/** @param {Selection} look */
function stepsOf({ current }) {
  return Array.from(
    { length: current.scheme.groups },
    (_, i) => current.group(i * current.scheme.block).step,
  );
}

/** @param {Selection} selected */
function narrateRestored(selected) {
  const { current, row } = selected;
  const error = current.scheme.error[row];
  const half = current.scheme.halfStep[row];
  if (error === 0) return html`${rowInSentence(selected)} comes back exactly as it was.`;
  const at = current.errors.map(Math.abs).indexOf(Math.max(...current.errors.map(Math.abs)));
  if (error > half * 1.01)
    return html`${rowInSentence(selected)} comes back with an error of ${current.error(error)} at w[${row}, ${at}], more than half a step: a bit was flipped.`;
  return html`${rowInSentence(selected)} comes back with an error of at most ${current.error(error)}, at w[${row}, ${at}]; rounding costs half a step, ${current.error(half)}, and never more.`;
}

/** @param {Selection} look */
function narrateWeight({ current, row, col }) {
  const { step, zero } = current.group(col);
  const from =
    current.scheme.name === "groups" && zero ? ` and the zero point ${formatCode(zero)}` : "";
  return html`w[${row}, ${col}] = ${current.value(current.weights[col])} is ${fixed(current.scaled[col])} steps of ${formatStep(step)}: with rounding${from}, code ${formatCode(current.codes[col])}. It comes back as ${current.value(current.restored[col], 1)}, off by ${current.error(Math.abs(current.errors[col]))}.`;
}

/** @param {Selection} look @param {number} row */
function narrateRow({ derived, current }, row) {
  const { scheme } = current;
  const one = rowAs(derived, scheme.name, row);
  const most = one.value(one.weights[one.largest]);
  const kept = neighborRanks(derived, scheme.name, row).filter((other) => other.kept).length;
  const near = derived.near
    ? ` ${kept} of its ${pluralize(derived.near, "neighbor")} stay near.`
    : "";
  return html`Row ${row}${one.word ? html` (“<bdi>${one.word}</bdi>”)` : ""}: largest weight ${most}, largest error ${one.error(scheme.error[row])}.${near}`;
}

/** @param {Scene} scene @param {Selection} look @param {any} spot */
function narrateBit(scene, { current, derived }, { byte, bit }) {
  const owner = current.scheme.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0);
  if (owner >= derived.D)
    return html`Byte ${byte}, bit ${bit}: no weight is stored here. The row has an odd length, so half of its last byte is empty.`;
  const worth =
    2 ** (bit % current.scheme.bits) *
    (bit % current.scheme.bits === current.scheme.bits - 1 ? -1 : 1);
  const turned = flippedBits(scene, current).has(`${byte}:${bit}`) ? " It is flipped." : "";
  return html`Byte ${byte}, bit ${bit} belongs to code ${owner}, which is ${formatCode(current.codes[owner])}: a 1 here is worth ${formatCode(worth)}.${turned} Enter flips it.`;
}

/** @param {Selection} selected */
function narrateOutlier(selected) {
  const { current, derived, row } = selected;
  const others = current.scheme.others(row);
  const changed = Array.from(current.codes).filter((c, col) => c !== current.before[col]).length;
  const was = rowAs(derived, current.scheme.name, row).group(current.largest).step;
  const is = current.group(current.largest).step;
  const rest = others.length
    ? `${pluralize(others.length, "other row")} changed`
    : "no other row changed";
  const wider =
    is > was * 1.01
      ? html`The levels lie ${formatStep(is)} apart instead of ${formatStep(was)}: `
      : html`The levels stay where they were: `;
  return html`${wider}${changed} of ${pluralize(derived.D, "code")} changed, and ${rest}.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {import("../kit/wire.js").Trace} before
 * @param {Scene} scene
 */
export function narrateChange(before, scene) {
  const was = before.header.params;
  const { params } = scene.trace.header;
  const flips = JSON.stringify(was.flips) !== JSON.stringify(params.flips);
  const edits = JSON.stringify(was.edits) !== JSON.stringify(params.edits);
  const then = derive(before);
  const selected = selection(scene);
  const { derived, current } = selected;
  if (String(then.size) !== String(derived.size)) {
    const { bytes, title } = current.scheme;
    return `V = ${derived.size[0]}, D = ${derived.size[1]}: ${formatInt(derived.bytes)} bytes of floats, ${formatInt(bytes)} bytes in ${title}.`;
  }
  if (was.block !== params.block)
    return `Groups of ${derived.schemes.groups.block}: ${pluralize(derived.schemes.groups.groups, "scale")} a row, ${formatInt(derived.schemes.groups.bytes)} bytes in all.`;
  if (flips && !edits) return narrateFlip(then, selected);
  const edit = params.edits?.at(-1);
  if (!edits || !edit || edit[0] !== selected.row || edit[1] >= derived.D) return "";
  return narrateEdit(then, selected, edit[1]);
}

/** @param {import("./trace.js").Derived} then @param {Selection} look */
function narrateFlip(then, { derived, current, row }) {
  const before = rowAs(then, current.scheme.name, row);
  const col = Array.from(current.codes).findIndex((c, i) => c !== before.codes[i]);
  if (col < 0) return "";
  const error = Math.abs(current.errors[col]);
  return `Code ${col} was ${formatCode(before.codes[col])} and is ${formatCode(current.codes[col])}: w[${row}, ${col}] = ${current.value(derived.weights(row)[col])} comes back as ${current.value(current.restored[col], 1)}, off by ${current.error(error)}.`;
}

/** @param {import("./trace.js").Derived} then @param {Selection} look @param {number} col */
function narrateEdit(then, { derived, current, row }, col) {
  const { name } = current.scheme;
  const before = rowAs(then, name, row);
  const step = current.group(col).step;
  if (then.first !== derived.first) return "";
  const rows = Array.from({ length: derived.V }, (_, i) => derived.first + i).filter(
    (r) =>
      r !== row &&
      String(then.schemes[name].at(r, "codes")) !== String(derived.schemes[name].at(r, "codes")),
  );
  const cols = Array.from(current.codes).filter(
    (c, i) => i !== col && c !== before.codes[i],
  ).length;
  const others = rows.length ? `rows ${joinList(rows, 4)} changed` : "no other row changed";
  return `w[${row}, ${col}] is now ${current.value(current.weights[col])}: levels ${formatStep(step)} apart, ${pluralize(cols, "other code")} of its row changed, ${others}; largest error ${current.error(current.scheme.error[row])}.`;
}
