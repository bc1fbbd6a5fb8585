/**
 * What the gradient view says: one plain sentence about what the eye should have seen.
 */
import { html } from "lit-html";
import { count, fixed, sized } from "../kit/format.js";
import { curve, stepSize } from "./gradient_check.js";
import { columnOf, spotOf } from "./state.js";
import { sumText, vector } from "./sum_text.js";
import { busiest, litBy, reachedRows, readingOf, standing } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */

/** A word in quotation marks, kept apart from the direction of the sentence. @param {string} token */
const quoted = (token) => html`“<bdi>${token}</bdi>”`;

/** @param {Reading} reading @param {number} row */
const named = (reading, row) =>
  reading.word(row) ? html`Row ${row} (${quoted(reading.word(row))})` : html`Row ${row}`;

/** @param {Scene} scene */
export function say(scene) {
  const { ui } = scene;
  const reading = readingOf(scene.trace);
  if (ui.prediction?.phase === "open") {
    if (ui.own.asks === "fate") return html`The same row gets several gradients. Which number will it hold in the end?`;
    return html`Choose each row that will get a gradient; a row that gets several counts once.`;
  }
  if (!reading.N) return html`No words, so nothing comes back: every row has a gradient of zero. Type a sentence.`;
  if (ui.prediction && ui.own.asks === "rows" && !ui.hover && !ui.focus) return sayReached(reading);
  const spot = spotOf(scene);
  const lit = litBy(reading, spot);
  if (lit.n >= 0) return sayWord(scene, reading, lit.n);
  if (spot.part === "end") return sayEnd(scene, reading, lit.row);
  return sayRow(scene, reading, lit.row);
}

/** @param {Reading} reading */
function sayReached(reading) {
  const reached = reachedRows(reading);
  if (reading.tied && reached.length) return html`Every row gets a gradient: each word's scores use the whole table.`;
  return html`${count(reading.N, "word")} send a gradient to ${count(reached.length, "row")} of ${reading.V}. The others get exactly zero.`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} n */
function sayWord(scene, reading, n) {
  const { params, ui } = scene;
  const word = quoted(reading.tokens[n]);
  const row = reading.ids[n];
  const col = columnOf(scene);
  if (!reading.arrives(n)) {
    if (reading.tied) return html`${word} is the last word: it has no next one to predict, and sends nothing back.`;
    return html`${word} is padding: a gradient comes back to it, and row ${row} takes none of it.`;
  }
  const sends = html`${word} sends [${vector(reading.back(n))}] back to row ${row}`;
  if (n > ui.step) return html`${sends}, but it has not arrived yet.`;
  const earlier = reading.senders(row).filter((other) => other < n);
  if (!earlier.length) return html`${sends}: the first to arrive there.`;
  const had = params.rule === "add" ? reading.soFar(earlier[earlier.length - 1]) : reading.back(earlier[earlier.length - 1]);
  const value = reading.back(n)[col];
  if (params.rule === "assign")
    return html`${sends}. In column ${col} it <b>overwrites</b> ${fixed(had[col])} with ${fixed(value)}: what was there is lost.`;
  return html`${sends}. In column ${col} the row held ${fixed(had[col])}; now it holds ${sumText([had[col], value])} = <b>${fixed(reading.soFar(n)[col])}</b>.`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} row */
function sayRow(scene, reading, row) {
  const { params, ui } = scene;
  const col = columnOf(scene);
  const who = named(reading, row);
  const now = standing(reading, row, ui.step, params.rule);
  const value = fixed(now.values[col]);
  const parts = now.arrived.map((n) => reading.back(n)[col]);
  if (!reading.count(row)) {
    if (reading.tied && reading.N > 1)
      return html`${who} is read by no word, and still gets ${value} in column ${col}: it is scored as every word's next one.`;
    if (params.mode === "padding" && row === params.padding_idx)
      return html`${who} is padding: whatever comes back to it, its gradient is exactly zero.`;
    return html`${who} is read by no word: its gradient is exactly zero.`;
  }
  if (!parts.length) return html`Nothing has arrived at row ${row} yet.`;
  const times = parts.length === 1 ? "once" : parts.length === 2 ? "twice" : `${parts.length} times`;
  const scores = reading.tied ? html`, and ${fixed(reading.direct(row)[col])} through the scores` : "";
  if (params.rule === "assign" && parts.length > 1)
    return html`${who} was assigned ${times}. In column ${col} only the last is left, ${fixed(parts[parts.length - 1])}${scores}; the sum would be ${fixed(reading.gradient(row, "add")[col])}.`;
  if (params.mode === "frequency" && parts.length > 1 && now.whole)
    return html`${who} appears ${times}: in column ${col} it gets (${sumText(parts)}) / ${parts.length} = <b>${value}</b>, the mean.`;
  const result = reading.tied ? html`${sumText(parts)}${scores}, together <b>${value}</b>` : html`${sumText(parts)}${parts.length > 1 ? html` = <b>${value}</b>` : ""}`;
  return html`${who} appears ${times}: in column ${col} it gets ${result}.`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} row */
function sayEnd(scene, reading, row) {
  const { passes } = scene.trace.header;
  const { rule } = scene.params;
  if (row < 0) return html`Nothing comes back to any row.`;
  const verdict = html`“${rule}” <b>${passes[rule] ? "passes" : "fails"}</b> the gradient check.`;
  return html`${sayRow(scene, reading, row)} ${verdict}`;
}

/** What changed between two traces, in one sentence, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, { trace }) {
  const { params, passes, reached, V } = trace.header;
  const reading = readingOf(trace);
  const row = busiest(reading);
  const many = row >= 0 ? reading.count(row) : 0;
  if (was.rule !== params.rule) {
    const verdict = `The gradient check ${passes[params.rule] ? "passes" : "fails"}.`;
    if (many < 2) return `No id comes twice, so “add” and “assign” give the same. ${verdict}`;
    return params.rule === "assign"
      ? `dW[ids] = g: of the ${many} gradients for row ${row} the last one wins. ${verdict}`
      : `dW[ids] += g, one after the other: the ${many} gradients for row ${row} are added. ${verdict}`;
  }
  if (was.digits !== params.digits) return sayStep(trace, reading);
  if (was.mode === params.mode) return "";
  const failing = passes.add ? "" : " It is no longer the gradient of the loss, on purpose: the check fails.";
  return /** @type {Record<string, string>} */ ({
    plain: `Each word pulls the row it reads: ${reached} of ${V} rows get a gradient.`,
    padding: `Row ${params.padding_idx} is padding: it learns nothing.${failing}`,
    frequency: `Each row's gradient is divided by how often its word appears.${failing}`,
    tied: `The same table also scores every next word: ${reached} of ${V} rows get a gradient.`,
  })[params.mode];
}

/** @param {Scene["trace"]} trace @param {Reading} reading */
function sayStep(trace, reading) {
  const { digits, rule } = trace.header.params;
  const found = curve(trace, reading, "add", null);
  const best = found.indexOf(Math.min(...found));
  const h = `h = ${sized(stepSize(digits), 0)}`;
  const error = `${sized(curve(trace, reading, rule, null)[digits])}`;
  if (rule === "assign" && !trace.header.passes.assign) return `${h}: the error stays near ${error}. No step helps: the gradient itself is wrong.`;
  if (digits < best) return `${h}: the error is ${error}. So far apart the loss is curved in between.`;
  if (digits > best) return `${h}: the error is ${error}. So near, the two losses differ in their last digits only.`;
  return `${h}: the error is ${error}, the bottom of the V.`;
}
