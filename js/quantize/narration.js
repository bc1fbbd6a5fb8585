/**
 * What the quantisation view says: the narration of each step, and what an act changed.
 */
import { html } from "lit-html";
import { count, fixed, listing, whole } from "../kit/format.js";
import { flippedBits } from "./bits.js";
import { code, exact, small } from "./number_format.js";
import { lookOf } from "./state.js";
import { bumps, readingOf, rowIn } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Look} Look */

/** A row in a sentence. @param {Look} look */
export const who = ({ now, row }) => (now.word ? html`“<bdi>${now.word}</bdi>”` : html`Row ${row}`);

/** @param {Scene} scene */
export function say(scene) {
  const look = lookOf(scene);
  const { prediction, hover, focus } = scene.ui;
  if (prediction?.phase === "open")
    return html`Choose each code of this row that will be another one, and each other row in which any code will be.`;
  if (prediction) return sayGrown(look);
  const spot = hover ?? focus;
  if (spot?.part === "row") return sayRow(look, spot.row);
  if (spot?.part === "bit") return sayBit(scene, look, spot);
  if (spot) return sayWeight(look);
  return sayStage(look);
}

/** @param {Look} look */
function sayStage(look) {
  const { now, reading, shown } = look;
  const { way } = now;
  const group = now.group(now.largest);
  const at = html`w[${look.row}, ${now.largest}] = ${now.value(now.weights[now.largest])}`;
  const many = way.groups > 1;
  if (shown === 0)
    return many
      ? html`${who(look)}: each group of ${way.block} has a ruler of its own, from its smallest to its largest weight. A large one such as ${at} stretches only its own.`
      : html`${who(look)}: the largest weight, ${at}, alone decides how long the ruler of this row is.`;
  if (shown === 1)
    return many
      ? html`16 levels for each group: ${listing(stepsOf(look).map(small), 4)} apart.`
      : html`Code ${group.high} stands for ${now.value(Math.abs(now.weights[now.largest]))}, so neighbouring levels lie ${small(group.step)} apart.`;
  if (shown === 2)
    return many
      ? html`Each weight is divided by the step of its group: now one step is 1.`
      : html`Each weight is multiplied by the scale ${exact(group.scale)}: now one step is 1.`;
  if (shown === 3)
    return html`Rounded to whole numbers, the codes are ${listing(Array.from(now.codes, code), 8)}. Here, and only here, something is lost.`;
  if (shown === 4)
    return way.bits === 4
      ? html`Two codes share a byte, the first in its low half: ${count(reading.D, "weight")} in ${count(now.bytes.length, "byte")}${reading.D % 2 ? ", and half a byte stays empty" : ""}.`
      : html`Each code fills a byte: ${count(reading.D, "weight")} in ${count(now.bytes.length, "byte")}.`;
  return sayBack(look);
}

/** @param {Look} look */
function stepsOf({ now }) {
  return Array.from({ length: now.way.groups }, (_, i) => now.group(i * now.way.block).step);
}

/** @param {Look} look */
function sayBack(look) {
  const { now, row } = look;
  const error = now.way.error[row];
  const half = now.way.half[row];
  if (error === 0) return html`${who(look)} comes back exactly as it was.`;
  const at = now.errors.map(Math.abs).indexOf(Math.max(...now.errors.map(Math.abs)));
  if (error > half * 1.01)
    return html`${who(look)} comes back with an error of ${now.error(error)} at w[${row}, ${at}], more than half a step: a bit was turned over.`;
  return html`${who(look)} comes back with an error of at most ${now.error(error)}, at w[${row}, ${at}]; rounding costs half a step, ${now.error(half)}, and never more.`;
}

/** @param {Look} look */
function sayWeight({ now, row, col }) {
  const { step, zero } = now.group(col);
  const from = now.way.name === "groups" && zero ? ` and the zero point ${code(zero)}` : "";
  return html`w[${row}, ${col}] = ${now.value(now.weights[col])} is ${fixed(now.scaled[col])} steps of ${small(step)}: with rounding${from}, code ${code(now.codes[col])}. It comes back as ${now.value(now.restored[col], 1)}, off by ${now.error(Math.abs(now.errors[col]))}.`;
}

/** @param {Look} look @param {number} row */
function sayRow({ reading, now }, row) {
  const { way } = now;
  const one = rowIn(reading, way.name, row);
  const most = one.value(one.weights[one.largest]);
  const kept = bumps(reading, way.name, row).filter((other) => other.kept).length;
  const near = reading.near ? ` ${kept} of its ${count(reading.near, "neighbour")} stay near.` : "";
  return html`Row ${row}${one.word ? html` (“<bdi>${one.word}</bdi>”)` : ""}: largest weight ${most}, largest error ${one.error(way.error[row])}.${near}`;
}

/** @param {Scene} scene @param {Look} look @param {any} spot */
function sayBit(scene, { now, reading }, { byte, bit }) {
  const owner = now.way.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0);
  if (owner >= reading.D)
    return html`Byte ${byte}, bit ${bit}: no weight lives here. The row has an odd length, so half of its last byte is empty.`;
  const worth = 2 ** (bit % now.way.bits) * (bit % now.way.bits === now.way.bits - 1 ? -1 : 1);
  const turned = flippedBits(scene, now).has(`${byte}:${bit}`) ? " It is turned over." : "";
  return html`Byte ${byte}, bit ${bit} belongs to code ${owner}, which is ${code(now.codes[owner])}: a 1 here is worth ${code(worth)}.${turned} Enter turns it over.`;
}

/** @param {Look} look */
function sayGrown(look) {
  const { now, reading, row } = look;
  const others = now.way.others(row);
  const changed = Array.from(now.codes).filter((c, col) => c !== now.before[col]).length;
  const was = rowIn(reading, now.way.name, row).group(now.largest).step;
  const is = now.group(now.largest).step;
  const rest = others.length ? `${count(others.length, "other row")} changed` : "no other row noticed";
  const wider = is > was * 1.01 ? html`The levels lie ${small(is)} apart instead of ${small(was)}: ` : html`The levels stay where they were: `;
  return html`${wider}${changed} of ${count(reading.D, "code")} changed, and ${rest}.`;
}

/** What changed between two traces, in one sentence, or "". @param {import("../kit/wire.js").Trace} before @param {Scene} scene */
export function sayChange(before, scene) {
  const was = before.header.params;
  const { params } = scene.trace.header;
  const flips = JSON.stringify(was.flips) !== JSON.stringify(params.flips);
  const edits = JSON.stringify(was.edits) !== JSON.stringify(params.edits);
  const then = readingOf(before);
  const look = lookOf(scene);
  const { reading, now } = look;
  if (then.V !== reading.V || then.D !== reading.D) {
    const { bytes, title } = now.way;
    return `V = ${reading.V}, D = ${reading.D}: ${whole(reading.bytes)} bytes of floats, ${whole(bytes)} bytes in ${title}.`;
  }
  if (was.block !== params.block)
    return `Groups of ${reading.ways.groups.block}: ${count(reading.ways.groups.groups, "scale")} a row, ${whole(reading.ways.groups.bytes)} bytes in all.`;
  if (flips && !edits) return sayFlip(then, look);
  const edit = params.edits?.at(-1);
  if (!edits || !edit || edit[0] !== look.row || edit[1] >= reading.D) return "";
  return sayEdit(then, look, edit[1]);
}

/** @param {import("./trace.js").Reading} then @param {Look} look */
function sayFlip(then, { reading, now, row }) {
  const before = rowIn(then, now.way.name, row);
  const col = Array.from(now.codes).findIndex((c, i) => c !== before.codes[i]);
  if (col < 0) return "";
  const error = Math.abs(now.errors[col]);
  return `Code ${col} was ${code(before.codes[col])} and is ${code(now.codes[col])}: w[${row}, ${col}] = ${now.value(reading.weights(row)[col])} comes back as ${now.value(now.restored[col], 1)}, off by ${now.error(error)}.`;
}

/** @param {import("./trace.js").Reading} then @param {Look} look @param {number} col */
function sayEdit(then, { reading, now, row }, col) {
  const { name } = now.way;
  const before = rowIn(then, name, row);
  const step = now.group(col).step;
  const rows = Array.from({ length: reading.V }, (_, r) => r).filter(
    (r) => r !== row && String(then.ways[name].at(r, "codes")) !== String(reading.ways[name].at(r, "codes")),
  );
  const cols = Array.from(now.codes).filter((c, i) => i !== col && c !== before.codes[i]).length;
  const others = rows.length ? `rows ${listing(rows, 4)} changed` : "no other row noticed";
  return `w[${row}, ${col}] is now ${now.value(now.weights[col])}: levels ${small(step)} apart, ${count(cols, "other code")} of its row changed, ${others}; largest error ${now.error(now.way.error[row])}.`;
}

