/**
 * The arithmetic behind the numbers of a backward pass.
 */
import { html } from "lit-html";
import { count, fixed, listing, shape, sized, whole } from "../kit/format.js";
import { shownTerms, sum } from "../kit/formula_card.js";
import { asked } from "./gradient_check.js";
import { columnOf, spotOf, weightOf } from "./state.js";
import { sumText, term } from "./sum_text.js";
import { reachedRows, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** A factor in a product: what is below zero stands in brackets. @param {number} value */
const bracket = (value) => fixed(value).replace(/^−.*/, "($&)");

/** The lines of the arithmetic card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const reading = readingOf(scene.trace);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, reading)], pinned: true };
  const pinned = open?.kind === "back" || open?.kind === "cell";
  const spot = spotOf(scene);
  const back = open?.kind === "back" ? open : !open && spot.part === "back" ? spot : null;
  if (back && back.n < reading.N) return { lines: backLines(scene, reading, back.n, Math.min(back.col, reading.D - 1)), pinned };
  const n = spot.part === "chip" && !open ? Number(spot.n) : -1;
  const row = n >= 0 && n < reading.N ? reading.ids[n] : weightOf(scene).row;
  if (!reading.rows.length || reading.place(row) < 0) return { lines: [{ body: "dW[ids[n], :] += g[n, :]", note: "one word after the other" }], pinned };
  return { lines: weightLines(scene, reading, row, open?.kind === "cell" ? weightOf(scene).col : columnOf(scene)), pinned };
}

/** @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col @returns {Line[]} */
function weightLines(scene, reading, row, col) {
  return [sumLine(scene, reading, row, col), ...scoresLine(scene, reading, row, col), checkLine(scene, reading, row, col)];
}

/** @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col @returns {Line} */
function sumLine({ params, size, ui }, reading, row, col) {
  const senders = reading.senders(row);
  const most = ui.open ? 12 : size.width < 560 ? 2 : 3;
  const result = html`<span class="on">${fixed(reading.gradient(row, params.rule)[col])}</span>`;
  const name = params.rule;
  const left = html`dW[${row}, ${col}] = `;
  const padding = params.mode === "padding" && row === params.padding_idx;
  if (!senders.length && !reading.tied) {
    const note = padding ? "padding learns nothing" : "no word reads this row";
    return { name, body: html`${left}<span class="on">0.00</span>`, note };
  }
  const first = senders.slice(0, most).map((n) => `g[${n}, ${col}]`);
  const names = first.join(" + ") + (senders.length > most ? " + …" : "");
  const values = senders.map((n) => reading.back(n)[col]);
  const scores = reading.tied && reading.N > 1 ? reading.direct(row)[col] : null;
  const direct = scores === null ? "" : html`<span class="scores">${term(scores, !values.length)}</span>`;
  const words = count(senders.length, "word");
  if (params.rule === "assign" && senders.length > 1) {
    const before = values.slice(0, -1);
    const lost = before
      .slice(0, most)
      .map((value, i) => html`${i ? ", " : ""}<s class="zero">${fixed(value)}</s>`);
    const last = html`${before.length > most ? ", …" : ""}, ${fixed(values[values.length - 1])}`;
    const body = html`${left}the last of ${lost}${last}${direct} = ${result}`;
    return { name, body, note: `${words} wrote to this row, one is left` };
  }
  const sums = values.length ? sumText(values, most) : "";
  const mean = params.mode === "frequency" && values.length > 1;
  const through = mean ? `(${sums}) / ${values.length}` : sums;
  const symbols = [names, reading.tied ? "scores" : ""].filter(Boolean).join(" + ");
  return {
    name,
    body: html`${left}${symbols} = ${through}${direct} = ${result}`,
    note: senders.length ? `${words} read${senders.length === 1 ? "s" : ""} this row` : "no word reads this row",
  };
}

/** Tied: what the scores send, word by word. @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col @returns {Line[]} */
function scoresLine({ ui, size }, reading, row, col) {
  if (!reading.tied || reading.N < 2) return [];
  const words = Array.from({ length: reading.N }, (_, n) => n).filter(reading.arrives);
  const shown = shownTerms(words.length, 0, ui.open ? 12 : size.width < 860 ? 2 : 4);
  const i = reading.place(row);
  const terms = words.map((n, index) => ({
    index,
    on: reading.ids[n] === row,
    factor: bracket(reading.sent(n)[i]),
    value: bracket(reading.weights(reading.ids[n])[col] ?? NaN),
  }));
  const sums = sum(terms, (k) => `… ${count(k, "more word")} …`, shown);
  return [
    {
      name: "scores",
      main: false,
      body: html`(p − y)ᵀ @ rows = ${sums} = <span class="on">${fixed(reading.direct(row)[col])}</span>`,
      note: "one term for each word with a next one",
    },
  ];
}

/** @param {Scene} scene @param {Reading} reading @param {number} row @param {number} col @returns {Line} */
function checkLine({ trace, params, ui }, reading, row, col) {
  const found = asked(trace, reading, row, col, params.digits, params.rule);
  const name = "check";
  if (!found) return { name, main: false, body: "not among the weights that were checked", note: `${whole(trace.header.weights_checked)} were` };
  const h = sized(found.h, 0);
  const losses = ui.open ? html`(${fixed(found.up, 12)} − ${fixed(found.down, 12)}) / (2 · ${h}) = ` : "";
  return {
    name,
    main: Boolean(ui.open),
    body: html`(L(W[${row}, ${col}] + ${h}) − L(W[${row}, ${col}] − ${h})) / 2h = ${losses}<span class="on">${fixed(found.numeric, 6)}</span>`,
    note: Number.isNaN(found.error) ? "the loss is no number" : `error ${sized(found.error)}`,
  };
}

/** @param {Scene} scene @param {Reading} reading @param {number} n @param {number} col @returns {Line[]} */
function backLines({ trace, ui, size }, reading, n, col) {
  const left = html`g[${n}, ${col}] = `;
  const row = reading.ids[n];
  const value = html`<span class="on">${fixed(reading.back(n)[col])}</span>`;
  const target = reading.target(n);
  if (reading.tied) {
    if (!reading.arrives(n)) return [{ name: "back", body: html`${left}0`, note: "the last word has no next one" }];
    const most = ui.open ? 14 : size.width < 860 ? 2 : 4;
    const shown = shownTerms(reading.rows.length, reading.place(row), most);
    const next = reading.ids[n + 1];
    const terms = reading.rows.map((other, index) => ({
      index,
      on: other === next,
      factor: bracket(reading.sent(n)[index]),
      value: bracket(reading.weights(other)[col]),
    }));
    const sums = sum(terms, (k) => `… ${k} more …`, shown);
    const note = `p: softmax of the scores; y: 1 at the next word, row ${next}`;
    return [{ name: "back", body: html`${left}(p − y) @ W = ${sums} = ${value}`, note }];
  }
  if (!target) return [{ name: "back", body: html`${left}${value}`, note: trace.header.own_gradient ? "given by you" : "" }];
  const w = reading.place(row) < 0 ? "W" : fixed(reading.weights(row)[col]);
  const t = bracket(target[col]);
  return [
    {
      name: "back",
      body: html`${left}tanh(W[${row}, ${col}] − target[${n}, ${col}]) = tanh(${w} − ${t}) = ${value}`,
      note: "how the loss log cosh changes with this number",
    },
  ];
}

/** The formula of a number in the column on the right. @param {string} id @param {Scene} scene @param {Reading} reading @returns {Line} */
function fact(id, scene, reading) {
  const { trace, params } = scene;
  const { header } = trace;
  const { N, V, D } = reading;
  const reached = reachedRows(reading);
  const formula = reading.tied
    ? "Σ (log Σ exp(scores) − score of the next word)"
    : header.own_gradient
      ? "Σ g · row"
      : "Σ log cosh(row − target)";
  const some = listing(reached.slice(0, 12).map(String), 12) + (reached.length > 12 ? " …" : "");
  /** @type {Record<string, () => Line>} */
  const lines = {
    loss: () => ({
      body: html`L = ${formula} = <span class="on">${fixed(header.loss ?? NaN, 4)}</span>`,
      note: reading.tied ? "over all words with a next one" : `over all ${whole(N * D)} numbers looked up`,
    }),
    rows: () => ({
      body: html`${reading.tied ? "every row:" : `{${some}} has`} <span class="on">${count(header.reached, "row")}</span>`,
      note: "a row that gets several gradients counts once",
    }),
    grad: () => ({
      body: html`the shape of W: <span class="on">${shape([V, D])}</span>`,
      note: "a gradient has the shape of what it is the gradient of",
    }),
    error: () => {
      const { row, col } = weightOf(scene);
      const found = asked(trace, reading, row, col, params.digits, params.rule);
      return {
        body: found
          ? html`|${fixed(found.analytic, 6)} − ${fixed(found.numeric, 6)}| / largest = <span class="on">${sized(found.error)}</span>`
          : "not among the weights that were checked",
        note: "largest: the largest gradient of any weight, said or measured",
      };
    },
    all: () => ({
      body: html`the worst of ${count(header.weights_checked, "weight")} at its best h ${header.passes[params.rule] ? "≤" : ">"} <span class="on">${sized(header.tolerance, 0)}</span>`,
      note: header.passes[params.rule] ? `“${params.rule}” passes` : `“${params.rule}” fails`,
    }),
  };
  return lines[id]();
}
