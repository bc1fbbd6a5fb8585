/**
 * Narration of the gradient view.
 */
import { html } from "lit-html";
import { pluralize, fixed, scientific } from "../kit/format.js";
import { errorsByStep, stepSize } from "./gradient_check.js";
import { selectedColumn, selection } from "./state.js";
import { sumText, vector } from "./sum_text.js";
import { busiest, highlightFor, rowsWithGradient, derive, rowStateAt } from "./trace.js";
import { narrateDuplicates } from "./predict.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/**
 * Quote a word, isolated from the text direction of the sentence.
 * @param {string} token
 */
const quoted = (token) => html`“<bdi>${token}</bdi>”`;

/** @param {Derived} derived @param {number} row */
const named = (derived, row) =>
  derived.word(row) ? html`Row ${row} (${quoted(derived.word(row))})` : html`Row ${row}`;

/** @param {Scene} scene */
export function narrate(scene) {
  const { ui } = scene;
  const derived = derive(scene.trace);
  if (ui.prediction?.phase === "open") {
    if (ui.local.asks === "duplicates") return narrateDuplicates(scene);
    return html`Choose each row that will get a gradient; a row that gets several counts once.`;
  }
  if (!derived.N)
    return html`No words, so there is no gradient: every row gets zero. Type a sentence.`;
  if (ui.prediction && ui.local.asks === "rows" && !ui.hover && !ui.focus)
    return narrateRows(derived);
  const spot = selection(scene);
  const highlight = highlightFor(derived, spot);
  if (highlight.n >= 0) return narrateWord(scene, derived, highlight.n);
  if (spot.part === "end") return narrateEnd(scene, derived, highlight.row);
  return narrateRow(scene, derived, highlight.row);
}

/** @param {Derived} derived */
function narrateRows(derived) {
  const reached = rowsWithGradient(derived);
  if (derived.tied && reached.length)
    return html`Every row gets a gradient: each word's scores use the whole table.`;
  return html`${pluralize(derived.N, "word")} send a gradient to ${pluralize(reached.length, "row")} of ${derived.V}. The others get exactly zero.`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} n */
function narrateWord(scene, derived, n) {
  const { params, ui } = scene;
  const word = quoted(derived.tokens[n]);
  const row = derived.ids[n];
  const col = selectedColumn(scene);
  if (!derived.hasGradient(n)) {
    if (derived.tied)
      return html`${word} is the last word: it has no next one to predict, and sends nothing back.`;
    return html`${word} is padding: it has an upstream gradient, but row ${row} gets none of it.`;
  }
  const sends = html`${word} sends [${vector(derived.gradOutput(n))}] back to row ${row}`;
  if (n > ui.step) return html`${sends}, but it has not arrived yet.`;
  const earlier = derived.senders(row).filter((other) => other < n);
  if (!earlier.length) return html`${sends}: the first to arrive there.`;
  const had =
    params.rule === "add"
      ? derived.runningSum(earlier[earlier.length - 1])
      : derived.gradOutput(earlier[earlier.length - 1]);
  const value = derived.gradOutput(n)[col];
  if (params.rule === "assign")
    return html`${sends}. In column ${col} it <b>overwrites</b> ${fixed(had[col])} with ${fixed(value)}: what was there is lost.`;
  return html`${sends}. In column ${col} the row held ${fixed(had[col])}; now it holds ${sumText([had[col], value])} = <b>${fixed(derived.runningSum(n)[col])}</b>.`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} row */
function narrateRow(scene, derived, row) {
  const { params, ui } = scene;
  const col = selectedColumn(scene);
  const subject = named(derived, row);
  const now = rowStateAt(derived, row, ui.step, params.rule);
  const value = fixed(now.values[col]);
  const parts = now.arrived.map((n) => derived.gradOutput(n)[col]);
  if (!derived.count(row)) {
    if (derived.tied && derived.N > 1)
      return html`${subject} is read by no word, and still gets ${value} in column ${col}: it is scored as every word's next one.`;
    if (params.mode === "padding" && row === params.padding_idx)
      return html`${subject} is padding: its gradient is exactly zero, whatever the upstream gradient.`;
    return html`${subject} is read by no word: its gradient is exactly zero.`;
  }
  if (!parts.length) return html`Nothing has arrived at row ${row} yet.`;
  const times =
    parts.length === 1 ? "once" : parts.length === 2 ? "twice" : `${parts.length} times`;
  const scores = derived.tied
    ? html`, and ${fixed(derived.gradFromScores(row)[col])} through the scores`
    : "";
  const divided =
    params.mode === "frequency" && now.complete
      ? html`, divided by ${parts.length}: <b>${value}</b>`
      : "";
  if (params.rule === "assign" && parts.length > 1)
    return html`${subject} was assigned ${times}. In column ${col} only the last is left, ${fixed(parts[parts.length - 1])}${divided}${scores}; “add” would give ${fixed(derived.gradient(row, "add")[col])}.`;
  if (params.mode === "frequency" && parts.length > 1 && now.complete)
    return html`${subject} appears ${times}: in column ${col} it gets (${sumText(parts)}) / ${parts.length} = <b>${value}</b>, the mean.`;
  const result = derived.tied
    ? html`${sumText(parts)}${scores}, together <b>${value}</b>`
    : html`${sumText(parts)}${parts.length > 1 ? html` = <b>${value}</b>` : ""}`;
  return html`${subject} appears ${times}: in column ${col} it gets ${result}.`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} row */
function narrateEnd(scene, derived, row) {
  const { passes } = scene.trace.header;
  const { rule } = scene.params;
  if (row < 0) return html`No row gets a gradient.`;
  const verdict = html`“${rule}” <b>${passes[rule] ? "passes" : "fails"}</b> the gradient check.`;
  return html`${narrateRow(scene, derived, row)} ${verdict}`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace }) {
  const { params, passes, reached, V } = trace.header;
  const derived = derive(trace);
  const row = busiest(derived);
  const many = row >= 0 ? derived.count(row) : 0;
  if (was.rule !== params.rule) {
    const verdict = `The gradient check ${passes[params.rule] ? "passes" : "fails"}.`;
    if (many < 2) return `No id comes twice, so “add” and “assign” give the same. ${verdict}`;
    return params.rule === "assign"
      ? `dW[ids] = g: of the ${many} gradients for row ${row} the last one wins. ${verdict}`
      : `dW[ids] += g, one after the other: the ${many} gradients for row ${row} are added. ${verdict}`;
  }
  if (was.digits !== params.digits) return narrateStepSize(trace, derived);
  if (was.mode === params.mode) return "";
  const failing = passes.add
    ? ""
    : " The mean is not the gradient of the loss, on purpose: the check fails.";
  return /** @type {Record<string, string>} */ ({
    plain: `Each word pulls the row it reads: ${reached} of ${V} rows get a gradient.`,
    padding: `Row ${params.padding_idx} is padding: it learns nothing. The check compares the rows that are trained.`,
    frequency: `Each row's gradient is divided by how often its word appears.${failing}`,
    tied: `The same table also scores every next word: ${reached} of ${V} rows get a gradient.`,
  })[params.mode];
}

/** @param {Scene["trace"]} trace @param {Derived} derived */
function narrateStepSize(trace, derived) {
  const { digits, rule } = trace.header.params;
  const errors = errorsByStep(trace, derived, "add", null);
  const best = errors.indexOf(Math.min(...errors));
  const h = `h = ${scientific(stepSize(digits), 0)}`;
  const error = `${scientific(errorsByStep(trace, derived, rule, null)[digits])}`;
  if (rule === "assign" && !trace.header.passes.assign)
    return `${h}: the error stays near ${error}. No step helps: the gradient itself is wrong.`;
  if (digits < best)
    return `${h}: the error is ${error}. So far apart the loss is curved in between.`;
  if (digits > best)
    return `${h}: the error is ${error}. So near, the two losses differ in their last digits only.`;
  return `${h}: the error is ${error}, the bottom of the V.`;
}
