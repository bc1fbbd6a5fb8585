/**
 * What the lookup view says: the narration, and the arithmetic behind each number.
 */
import { html } from "lit-html";
import { shownTerms, sum } from "../kit/formula_card.js";
import { count, fixed, listing, ordinal, shape, whole } from "../kit/format.js";
import { difference } from "./race.js";
import { litBy, readingOf } from "./trace.js";
import { spotOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */

/** A word in quotation marks, kept apart from the direction of the sentence. @param {string} token */
const quoted = (token) => html`“<bdi>${token}</bdi>”`;

/** The first few of some values; the words around it see to the full stop. @param {ArrayLike<number>} values @param {number} [most] */
const vector = (values, most = 3) =>
  Array.from(values, (v) => fixed(v))
    .slice(0, most)
    .join(", ") + (values.length > most ? ", …" : "");

// ---- narration -----------------------------------------------------------------------------------

/** @param {Scene} scene */
export function say(scene) {
  const reading = readingOf(scene.trace);
  const { prediction } = scene.ui;
  if (prediction?.phase === "open")
    return html`Choose each row that the sentence will read; a row that is read twice counts once.`;
  if (prediction && !scene.ui.hover && !scene.ui.focus) return sayRead(reading);
  if (!reading.N)
    return html`No words, no rows: the output has the shape ${shape([0, reading.D])}. Type a sentence.`;
  const spot = spotOf(scene);
  const lit = litBy(reading, spot);
  if (spot.part === "out" && lit.n >= 0) return sayCell(scene, reading, lit.n, lit.col);
  if (lit.n >= 0) return sayWord(scene, reading, lit.n);
  return sayRow(reading, lit.row, spot.part === "table" ? lit.col : -1);
}

/** @param {Reading} reading */
function sayRead({ readers, V, total }) {
  const read = [...readers.keys()].sort((a, b) => a - b);
  if (!read.length) return html`This sentence reads no row.`;
  return html`${count(total, "word")}, ${count(read.length, "row")} of ${whole(V)}: ${listing(read, 12)}. A row that is read twice is still one row.`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} n */
function sayWord({ params }, reading, n) {
  const { ids, rows, tokens, V, readers } = reading;
  const word = quoted(tokens[n]);
  const row = rows[n];
  if (reading.bad(n)) {
    const asks = html`${word} has id ${ids[n]}, but the rows are 0 to ${V - 1}`;
    if (reading.refused) return html`${asks}: the whole lookup is refused.`;
    if (row >= 0) return html`${asks}: the rule <b>${params.oob}</b> reads row ${row} instead.`;
    return html`${asks}: the rule <b>${params.oob}</b> fills the output's ${ordinal(n)} row with ${params.oob === "nan" ? "NaN" : "zeros"}.`;
  }
  const values = vector(reading.weights(row));
  if (reading.refused)
    return html`${word} has id ${ids[n]}: row ${row} would be read, if every id had a row.`;
  const uses = readers.get(row)?.length ?? 1;
  const again = uses > 1 ? html` The same row is read ${uses === 2 ? "twice" : `${uses} times`}.` : "";
  return html`${word} has id ${ids[n]}, so the output's ${ordinal(n)} row <b>is</b> row ${row} of the table, [${values}].${again}`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} n @param {number} col */
function sayCell({ params }, reading, n, col) {
  const values = reading.output(n);
  const row = reading.rows[n];
  if (!values || row < 0) return html`No row of the table lies behind out[${n}, ${col}].`;
  const value = fixed(values[col]);
  if (params.way === "one-hot") {
    return html`${count(reading.V, "product")}, ${reading.V - 1} of them with a zero, add up to W[${row}, ${col}] = ${value}.`;
  }
  return html`out[${n}, ${col}] is W[${row}, ${col}] = ${value}: copied, not computed.`;
}

/** @param {Reading} reading @param {number} row @param {number} col */
function sayRow(reading, row, col) {
  const { words, readers } = reading;
  const who = words[row] ? html`Row ${row} (${quoted(words[row])})` : html`Row ${row}`;
  const by = readers.get(row) ?? [];
  const use = by.length
    ? html`is read by ${count(by.length, "word")}, for output ${by.length === 1 ? "row" : "rows"} ${listing(by, 4)}`
    : html`is read by no word: the lookup leaves it alone`;
  if (col < 0) return html`${who} ${use}.`;
  return html`W[${row}, ${col}] = ${fixed(reading.weights(row)[col])}. ${who} ${use}. Enter changes the weight.`;
}

/** What changed between two traces, in one sentence, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, { trace }) {
  const { params, refused, multiplications } = trace.header;
  if (refused) return ""; // the fence and its sentence say it
  for (const [name, letter] of [
    ["input_dim", "V"],
    ["output_dim", "D"],
  ]) {
    if (was[name] !== params[name]) {
      return `${letter} = ${params[name]}: the one-hot way now multiplies ${whole(multiplications["one-hot"])} times, the gather still not once.`;
    }
  }
  const edit = params.edits?.at(-1);
  if (JSON.stringify(was.edits) === JSON.stringify(params.edits) || !edit) return "";
  const by = readingOf(trace).readers.get(edit[0]) ?? [];
  const use = by.length
    ? `output ${by.length === 1 ? "row" : "rows"} ${listing(by, 4)} changed with it`
    : "no word reads that row, so the output stays as it was";
  return `W[${edit[0]}, ${edit[1]}] is now ${fixed(edit[2])}: ${use}.`;
}

// ---- arithmetic ----------------------------------------------------------------------------------

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** The lines of the arithmetic card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const reading = readingOf(scene.trace);
  const { open, hover, focus } = scene.ui;
  if (open?.kind === "fact") return { lines: [fact(open.id, scene, reading)], pinned: true };
  const cell =
    hover?.part === "out" ? hover : open?.kind === "out" ? open : focus?.part === "out" ? focus : null;
  if (cell && cell.n < reading.N && reading.rows[cell.n] >= 0 && reading.output(cell.n)) {
    return { lines: cellLines(scene, reading, cell.n, cell.col), pinned: open?.kind === "out" };
  }
  const n = open?.kind === "word" ? open.n : litBy(reading, spotOf(scene)).n;
  return { lines: rowLines(scene, reading, n), pinned: open?.kind === "word" };
}

/** @param {Scene} scene @param {Reading} reading @param {number} n @returns {Line[]} */
function rowLines({ params, size }, { N, V, D, total, rows, output }, n) {
  const row = rows[n];
  const values = n >= 0 && n < N ? output(n) : null;
  const one = values && row >= 0 ? String(n) : "n";
  const hot = params.way === "one-hot";
  const gather = {
    name: "gather",
    main: !hot,
    body:
      values && row >= 0
        ? html`out[${n}, :] = W[ids[${n}], :] = <span class="on">W[${row}, :]</span> = [${vector(values, size.width < 860 ? 4 : 8)}]`
        : "out[n, :] = W[ids[n], :]",
    note: "copies rows, multiplies nothing",
  };
  const product = {
    name: "one-hot",
    main: hot,
    body: html`out[${one}, :] = onehot(ids[${one}]) @ W`,
    note: `${whole(total * V * D)} multiplications${size.width < 860 ? "" : "; point at an output cell to see its own"}`,
  };
  return hot ? [product, gather] : [gather, product];
}

/** @param {Scene} scene @param {Reading} reading @param {number} n @param {number} col @returns {Line[]} */
function cellLines({ params, ui, size }, reading, n, col) {
  const { V, D, total, rows, weights } = reading;
  const row = rows[n];
  const hot = params.way === "one-hot";
  const pinned = ui.open?.kind === "out";
  const most = pinned ? 40 : size.width < 560 ? 3 : size.width < 860 ? 4 : 5;
  const shown = shownTerms(V, row, most);
  const terms = shown.flatMap((part) =>
    "index" in part
      ? [
          {
            index: part.index,
            on: part.index === row,
            factor: part.index === row ? "1" : "0",
            value: `(${fixed(weights(part.index)[col])})`.replace(/^\((\d.*|NaN|∞)\)$/, "$1"),
          },
        ]
      : [],
  );
  const result = html`<span class="on">${fixed((reading.onehot(n) ?? reading.output(n) ?? [])[col])}</span>`;
  const gather = {
    name: "gather",
    main: !hot,
    body: html`out[${n}, ${col}] = W[ids[${n}], ${col}] = W[${row}, ${col}] = <span class="on">${fixed((reading.output(n) ?? [])[col])}</span>`,
    note: "one number copied, 0 multiplications",
  };
  const product = {
    name: "one-hot",
    main: hot,
    body: html`out[${n}, ${col}] = ${sum(terms, (k) => `… ${count(k, "zero", "zeros")} …`, shown)} = ${result}`,
    note: `${count(V, "product")}, ${whole(total * V * D)} in all`,
  };
  return hot ? [product, gather] : [gather, product];
}

/** The formula of a number in the column on the right. @param {string} id @param {Scene} scene @param {Reading} reading @returns {Line} */
function fact(id, { trace }, { total: N, V, D, rows }) {
  const { header } = trace;
  const bytes = N ? header.bytes_moved / (N * D) : 4;
  const read = [...new Set(rows)].filter((row) => row >= 0);
  /** @type {Record<string, Line>} */
  const lines = {
    output: {
      body: html`${shape(header.shapes.ids)} + (D,) = <span class="on">${shape(header.shapes.output)}</span>`,
      note: "each id becomes a row of D numbers",
    },
    parameters: {
      body: html`V · D = ${V} · ${D} = <span class="on">${whole(header.parameters)}</span>`,
      note: "the weights that training can change",
    },
    rows: {
      body: html`{${listing(read.slice(0, 12).map(String), 12)}${read.length > 12 ? " …" : ""}} has <span class="on">${count(header.rows_read, "row")}</span>`,
      note: `${count(N, "id")}; a row read twice counts once`,
    },
    bytes: {
      body: html`N · D · ${bytes} bytes = ${whole(N)} · ${D} · ${bytes} = <span class="on">${whole(header.bytes_moved)}</span>`,
      note: "what is copied from the table to the output",
    },
    gather: {
      body: html`a copy multiplies <span class="on">0</span> times`,
      note: "out[n, :] = W[ids[n], :]",
    },
    onehot: {
      body: html`N · V · D = ${whole(N)} · ${V} · ${D} = <span class="on">${whole(header.multiplications["one-hot"])}</span>`,
      note: "out = onehot(ids) @ W",
    },
    difference: {
      body: html`max |gather − one-hot| over all ${whole(N * D)} numbers = <span class="on">${difference(header.max_difference)}</span>`,
      note: "two ways, one result",
    },
    time: { body: "the best of a few runs of the core on these very ids", note: "measured here, just now" },
  };
  return lines[id];
}
