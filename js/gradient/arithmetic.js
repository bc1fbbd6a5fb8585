/**
 * Arithmetic card of the gradient view: the formula behind each number, with its numbers.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, shape, scientific, formatInt } from "../kit/format.js";
import { visibleTerms, productSum } from "../kit/formula_card.js";
import { checkedWeight } from "./gradient_check.js";
import { selectedColumn, selection, selectedWeight } from "./state.js";
import { sumText, term } from "./sum_text.js";
import { rowsWithGradient, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** Format a factor of a product: negative numbers in brackets. @param {number} value */
const bracket = (value) => fixed(value).replace(/^−.*/, "($&)");

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean }}
 */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, derived)], pinned: true };
  const pinned = open?.kind === "back" || open?.kind === "cell";
  const spot = selection(scene);
  const back = open?.kind === "back" ? open : !open && spot.part === "back" ? spot : null;
  if (back && back.n < derived.N)
    return { lines: backLines(scene, derived, back.n, Math.min(back.col, derived.D - 1)), pinned };
  const n = spot.part === "chip" && !open ? Number(spot.n) : -1;
  const row = n >= 0 && n < derived.N ? derived.ids[n] : selectedWeight(scene).row;
  if (!derived.rows.length || derived.rowIndex(row) < 0)
    return {
      lines: [{ body: "dW[ids[n], :] += g[n, :]", note: "one word after the other" }],
      pinned,
    };
  return {
    lines: weightLines(
      scene,
      derived,
      row,
      open?.kind === "cell" ? selectedWeight(scene).col : selectedColumn(scene),
    ),
    pinned,
  };
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @returns {Line[]}
 */
function weightLines(scene, derived, row, col) {
  const scores = scoresLine(scene, derived, row, col);
  const folded = scores.length && !scene.ui.open && scene.look === "desk"; // two lines: the key figures say it too
  const check = folded ? [] : [checkLine(scene, derived, row, col)];
  return [sumLine(scene, derived, row, col), ...scores, ...check];
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @returns {Line}
 */
function sumLine({ params, size, ui }, derived, row, col) {
  const senders = derived.senders(row);
  const most = ui.open ? 12 : size.width < 560 || derived.tied ? 2 : 3;
  const result = html`<span class="on">${fixed(derived.gradient(row, params.rule)[col])}</span>`;
  const name = params.rule;
  const left = html`dW[${row}, ${col}] = `;
  const padding = params.mode === "padding" && row === params.padding_idx;
  if (!senders.length && !derived.tied) {
    const note = padding ? "padding has zero gradient" : "no word reads this row";
    return { name, body: html`${left}<span class="on">0.00</span>`, note };
  }
  const few = senders.length > most ? most - 1 : most; // the dots take a place
  const first = senders.slice(0, few).map((n) => `g[${n}, ${col}]`);
  const names = first.join(" + ") + (few < most ? " + …" : "");
  const values = senders.map((n) => derived.gradOutput(n)[col]);
  const scores = derived.tied && derived.N > 1 ? derived.gradFromScores(row)[col] : null;
  const direct =
    scores === null ? "" : html`<span class="scores">${term(scores, !values.length)}</span>`;
  const words = pluralize(senders.length, "word");
  if (params.rule === "assign" && senders.length > 1) {
    const before = values.slice(0, -1);
    const lost = before
      .slice(0, most)
      .map((value, i) => html`${i ? ", " : ""}<s class="zero">${fixed(value)}</s>`);
    const count = params.mode === "frequency" ? ` / ${values.length}` : "";
    const last = html`${before.length > most ? ", …" : ""}, ${fixed(values[values.length - 1])}${count}`;
    const body = html`${left}the last of ${lost}${last}${direct} = ${result}`;
    return { name, body, note: `${words} wrote to this row, one is left` };
  }
  const sums = values.length ? sumText(values, most) : "";
  const mean = params.mode === "frequency" && values.length > 1;
  const through = mean ? `(${sums}) / ${values.length}` : sums;
  const symbols = [names, derived.tied ? "scores" : ""].filter(Boolean).join(" + ");
  return {
    name,
    body: html`${left}${symbols} = ${through}${direct} = ${result}`,
    note: senders.length
      ? `${words} read${senders.length === 1 ? "s" : ""} this row`
      : "no lookup sends it a gradient",
  };
}

/**
 * Return the line of the gradient through the scores (tied weights), word by word.
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @returns {Line[]}
 */
function scoresLine({ ui, size }, derived, row, col) {
  if (!derived.tied || derived.N < 2) return [];
  const words = Array.from({ length: derived.N }, (_, n) => n).filter(derived.hasGradient);
  const shown = visibleTerms(words.length, 0, ui.open ? 12 : size.width < 1000 ? 2 : 4);
  const i = derived.rowIndex(row);
  const terms = words.map((n, index) => ({
    index,
    on: derived.ids[n] === row,
    factor: bracket(derived.gradScores(n)[i]),
    value: bracket(derived.weights(derived.ids[n])[col] ?? NaN),
  }));
  const sums = productSum(terms, (k) => `… ${pluralize(k, "more word")} …`, shown);
  return [
    {
      name: "scores",
      main: false,
      body: html`(p − y)ᵀ @ rows = ${sums} = <span class="on">${fixed(derived.gradFromScores(row)[col])}</span>`,
      note: "one term for each word with a next one",
    },
  ];
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @returns {Line}
 */
function checkLine({ trace, params, ui }, derived, row, col) {
  const check = checkedWeight(trace, derived, row, col, params.digits, params.rule);
  const name = "check";
  if (!check)
    return {
      name,
      main: false,
      body:
        params.mode === "padding" && row === params.padding_idx
          ? "a padding row is not trained, and not checked"
          : "not among the weights that were checked",
      note: `${formatInt(trace.header.weights_checked)} were`,
    };
  const h = scientific(check.h, 0);
  const losses = ui.open
    ? html`(${fixed(check.up, 12)} − ${fixed(check.down, 12)}) / (2 · ${h}) = `
    : "";
  return {
    name,
    main: Boolean(ui.open),
    body: html`(L(W[${row}, ${col}] + ${h}) − L(W[${row}, ${col}] − ${h})) / 2h = ${losses}<span class="on">${fixed(check.numeric, 6)}</span>`,
    note: Number.isNaN(check.error) ? "the loss is NaN" : `error ${scientific(check.error)}`,
  };
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} n
 * @param {number} col
 * @returns {Line[]}
 */
function backLines({ trace, ui, size }, derived, n, col) {
  const left = html`g[${n}, ${col}] = `;
  const row = derived.ids[n];
  const value = html`<span class="on">${fixed(derived.gradOutput(n)[col])}</span>`;
  const target = derived.target(n);
  if (derived.tied) {
    if (!derived.hasGradient(n))
      return [{ name: "upstream", body: html`${left}0`, note: "the last word has no next one" }];
    const most = ui.open ? 14 : size.width < 860 ? 2 : 4;
    const shown = visibleTerms(derived.rows.length, derived.rowIndex(row), most);
    const next = derived.ids[n + 1];
    const terms = derived.rows.map((other, index) => ({
      index,
      on: other === next,
      factor: bracket(derived.gradScores(n)[index]),
      value: bracket(derived.weights(other)[col]),
    }));
    const rest = derived.V - derived.rows.length;
    const gap = (/** @type {number} */ k) => `… ${k} more …`;
    const sums = html`${productSum(terms, gap, shown)}${rest ? ` + … ${pluralize(rest, "row")} not shown …` : ""}`;
    const note = `p: softmax of the scores; y: 1 at the next word, row ${next}`;
    return [{ name: "upstream", body: html`${left}(p − y) @ W = ${sums} = ${value}`, note }];
  }
  if (!target)
    return [
      {
        name: "upstream",
        body: html`${left}${value}`,
        note: trace.header.own_gradient ? "given by you" : "",
      },
    ];
  const w = derived.rowIndex(row) < 0 ? "W" : fixed(derived.weights(row)[col]);
  const t = bracket(target[col]);
  return [
    {
      name: "upstream",
      body: html`${left}tanh(W[${row}, ${col}] − target[${n}, ${col}]) = tanh(${w} − ${t}) = ${value}`,
      note: "how the loss log cosh changes with this number",
    },
  ];
}

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Scene} scene
 * @param {Derived} derived
 * @returns {Line}
 */
function fact(id, scene, derived) {
  const { trace, params } = scene;
  const { header } = trace;
  const { N, V, width: D } = derived;
  const reached = rowsWithGradient(derived);
  const formula = derived.tied
    ? "Σ (log Σ exp(scores) − score of the next word)"
    : header.own_gradient
      ? "Σ g · row"
      : "Σ log cosh(row − target)";
  const some = joinList(reached.slice(0, 12).map(String), 12) + (reached.length > 12 ? " …" : "");
  /** @type {Record<string, () => Line>} */
  const lines = {
    loss: () => ({
      body: html`L = ${formula} = <span class="on">${fixed(header.loss ?? NaN, 4)}</span>`,
      note: derived.tied
        ? "over all words with a next one"
        : `over all ${formatInt(N * D)} numbers looked up`,
    }),
    rows: () => ({
      body: html`${derived.tied ? "every row:" : `{${some}} has`} <span class="on">${pluralize(header.reached, "row")}</span>`,
      note: "a row that gets several gradients counts once",
    }),
    grad: () => ({
      body: html`the shape of W: <span class="on">${shape([V, D])}</span>`,
      note: "a gradient has the shape of what it is the gradient of",
    }),
    error: () => {
      const { row, col } = selectedWeight(scene);
      const check = checkedWeight(trace, derived, row, col, params.digits, params.rule);
      return {
        body: check
          ? html`|${fixed(check.analytic, 6)} − ${fixed(check.numeric, 6)}| / largest = <span class="on">${scientific(check.error)}</span>`
          : "not among the weights that were checked",
        note: "largest: the largest gradient of any weight, analytic or numerical",
      };
    },
    all: () => ({
      body: html`the worst of ${pluralize(header.weights_checked, "weight")} at its best h ${header.passes[params.rule] ? "≤" : ">"} <span class="on">${scientific(header.tolerance, 0)}</span>`,
      note: header.passes[params.rule] ? `“${params.rule}” passes` : `“${params.rule}” fails`,
    }),
  };
  return lines[id]();
}
