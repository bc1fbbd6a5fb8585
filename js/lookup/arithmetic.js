/**
 * Arithmetic card of the lookup view: the formula behind each number, with its numbers.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, shape, formatInt } from "../kit/format.js";
import { visibleTerms, productSum } from "../kit/formula_card.js";
import { vector } from "./narration.js";
import { formatDifference } from "./race.js";
import { selection } from "./state.js";
import { highlightFor, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean }}
 */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const { open, hover, focus } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, derived)], pinned: true };
  const cell =
    hover?.part === "out"
      ? hover
      : open?.kind === "out"
        ? open
        : focus?.part === "out"
          ? focus
          : null;
  if (cell && cell.n < derived.N && derived.rows[cell.n] >= 0 && derived.output(cell.n)) {
    return { lines: cellLines(scene, derived, cell.n, cell.col), pinned: open?.kind === "out" };
  }
  const n = open?.kind === "word" ? open.n : highlightFor(derived, selection(scene)).n;
  return { lines: rowLines(scene, derived, n), pinned: open?.kind === "word" };
}

/** @param {Scene} scene @param {Derived} derived @param {number} n @returns {Line[]} */
function rowLines({ params, size }, derived, n) {
  const { N, total, rows, output, rowId } = derived;
  const [V, D] = derived.size;
  const row = rows[n];
  const values = n >= 0 && n < N ? output(n) : null;
  const one = values && row >= 0 ? String(n) : "n";
  const hot = params.method === "one-hot";
  const gather = {
    name: "gather",
    main: !hot,
    body:
      values && row >= 0
        ? html`out[${n}, :] = W[ids[${n}], :] = <span class="on">W[${rowId(row)}, :]</span> = [${vector(values, size.width < 1200 ? 4 : 8)}]`
        : "out[n, :] = W[ids[n], :]",
    note: "copies rows, multiplies nothing",
  };
  const product = {
    name: "one-hot",
    main: hot,
    body: html`out[${one}, :] = onehot(ids[${one}]) @ W`,
    note: `${formatInt(total * V * D)} multiplications${size.width < 1200 ? "" : "; point at an output cell to see its own"}`,
  };
  return hot ? [product, gather] : [gather, product];
}

/**
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} n
 * @param {number} col
 * @returns {Line[]}
 */
function cellLines({ params, ui, size }, derived, n, col) {
  const { total, rows, weights } = derived;
  const [V, D] = derived.size;
  const row = rows[n];
  const id = derived.rowId(row);
  const hot = params.method === "one-hot";
  const pinned = ui.open?.kind === "out";
  const most = pinned ? 40 : size.width < 560 ? 3 : size.width < 860 ? 4 : 5;
  const all = derived.V === V; // of a large table only the row itself is written out
  const shown = visibleTerms(V, id, all ? most : 1);
  const terms = shown.flatMap((part) =>
    "index" in part
      ? [
          {
            index: part.index,
            on: part.index === id,
            factor: part.index === id ? "1" : "0",
            value: `(${fixed(weights(all ? part.index : row)[col])})`.replace(
              /^\((\d.*|NaN|∞)\)$/,
              "$1",
            ),
          },
        ]
      : [],
  );
  const result = html`<span class="on">${fixed((derived.onehot(n) ?? derived.output(n) ?? [])[col])}</span>`;
  const gather = {
    name: "gather",
    main: !hot,
    body: html`out[${n}, ${col}] = W[ids[${n}], ${col}] = W[${id}, ${col}] = <span class="on">${fixed((derived.output(n) ?? [])[col])}</span>`,
    note: "one number copied, 0 multiplications",
  };
  const product = {
    name: "one-hot",
    main: hot,
    body: html`out[${n}, ${col}] = ${productSum(terms, (k) => `… ${pluralize(k, "zero", "zeros")} …`, shown)} = ${result}`,
    note: `${pluralize(V, "product")}, ${formatInt(total * V * D)} in all`,
  };
  return hot ? [product, gather] : [gather, product];
}

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Scene} scene
 * @param {Derived} derived
 * @returns {Line}
 */
function fact(id, { trace }, { total: N, size, rows, rowId }) {
  const { header } = trace;
  const [V, D] = size;
  const bytes = N ? header.bytes_moved / (N * D) : 4;
  const read = [...new Set(rows)].filter((row) => row >= 0).map(rowId);
  /** @type {Record<string, Line>} */
  const lines = {
    output: {
      body: html`${shape(header.shapes.ids)} + (D,) = <span class="on">${shape(header.shapes.output)}</span>`,
      note: "each id becomes a row of D numbers",
    },
    parameters: {
      body: html`V · D = ${V} · ${D} = <span class="on">${formatInt(header.parameters)}</span>`,
      note: "the weights that training can change",
    },
    rows: {
      body: html`{${joinList(read.slice(0, 12).map(String), 12)}${read.length > 12 ? " …" : ""}} has <span class="on">${pluralize(header.rows_read, "row")}</span>`,
      note: `${pluralize(N, "id")}; a row read twice counts once`,
    },
    bytes: {
      body: html`N · D · ${bytes} bytes = ${formatInt(N)} · ${D} · ${bytes} = <span class="on">${formatInt(header.bytes_moved)}</span>`,
      note: "what is copied from the table to the output",
    },
    gather: {
      body: html`a copy multiplies <span class="on">0</span> times`,
      note: "out[n, :] = W[ids[n], :]",
    },
    onehot: {
      body: html`N · V · D = ${formatInt(N)} · ${V} · ${D} = <span class="on">${formatInt(header.multiplications["one-hot"])}</span>`,
      note: "out = onehot(ids) @ W",
    },
    difference: {
      body: html`max |gather − one-hot| over all ${formatInt(N * D)} numbers = <span class="on">${formatDifference(header.max_difference)}</span>`,
      note: "two methods, one result",
    },
    time: {
      body: "the best of a few runs of the core on these very ids",
      note: "measured here, just now",
    },
  };
  return lines[id.replace("onehot_", "")]; // a time of either method
}
