/**
 * Arithmetic card of the window view: dot product, loss and update, with their numbers.
 */
import { html } from "lit-html";
import { fixed, pluralize, shorten } from "../kit/format.js";
import { TABLES, quoted, wordsOf } from "./narration.js";
import { selection } from "./state.js";
import { derive } from "./trace.js";

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
  const { ui } = scene;
  const pairs = derived.pairs(ui.step);
  if (!pairs.length) return { lines: [], pinned: false };
  const { open } = ui;
  if (open?.kind === "fact") return { lines: fact(open.id, scene, derived), pinned: true };
  const spot = selection(scene);
  if (spot?.part === "pair" && pairs[spot.k ?? -1])
    return { lines: pairLines(scene, derived, spot.k ?? 0), pinned: open?.kind === "pair" };
  if (spot?.row !== undefined)
    return {
      lines: rowLines(scene, derived, spot.side ?? 0, spot.row),
      pinned: open?.kind === "row",
    };
  return {
    lines: [lossLine(scene, derived), updateLine(scene, derived, 0, derived.ids[ui.step])],
    pinned: false,
  };
}

/** @param {unknown} value */
const on = (value) => html`<span class="on">${value}</span>`;

/** @param {string} value */
const factor = (value) => value.replace(/^−.*/, "($&)");

/** How many terms fit into a line. @param {Scene} scene */
const termsThatFit = ({ look, ui }) => (ui.open || look === "wide" ? 8 : look === "desk" ? 4 : 3);

/** @param {ArrayLike<number>} values @param {number} most @param {number} [digits] */
const vector = (values, most, digits = 2) =>
  `(${Array.from(values, (v) => fixed(v, digits))
    .slice(0, most)
    .join(", ")}${values.length > most ? ", …" : ""})`;

/** @param {Scene} scene @param {Derived} derived @returns {Line} */
function lossLine(scene, derived) {
  const pairs = derived.pairs(scene.ui.step);
  const most = termsThatFit(scene) + 1;
  const terms = pairs.slice(0, most).map((pair) => fixed(pair.loss));
  const rest = pairs.length > most ? ` + … ${pairs.length - most} more …` : "";
  return {
    name: "loss",
    body: html`(${terms.join(" + ")}${rest}) / ${pairs.length} = ${on(fixed(derived.loss(scene.ui.step), 4))}`,
    note: "mean of the pairs",
  };
}

/** @param {Scene} scene @param {Derived} derived @param {number} side @param {number} row @returns {Line} */
function updateLine(scene, derived, side, row) {
  const { step } = scene.ui;
  const fits = termsThatFit(scene);
  const most = fits < derived.D ? fits - 1 : fits; // the dots take a place
  return {
    name: `${shorten(derived.words[row], 12)} − η·grad`,
    body: html`${vector(derived.before(step, side, row), most)} − ${scene.params.learning_rate}·${vector(derived.gradient(step, side, row), most, 3)} = ${on(vector(derived.after(step, side, row), most))}`,
  };
}

/** @param {Scene} scene @param {Derived} derived @param {number} k @returns {Line[]} */
function pairLines(scene, derived, k) {
  const { step } = scene.ui;
  const pair = derived.pairs(step)[k];
  const [u, v] = [derived.before(step, 0, pair.first), derived.before(step, 1, pair.second)];
  const most = termsThatFit(scene);
  const terms = Array.from(
    { length: Math.min(most, derived.D) },
    (_, d) => `${factor(fixed(u[d]))}·${factor(fixed(v[d]))}`,
  ).join(" + ");
  const rest = derived.D > most ? " + …" : "";
  const sigma = fixed(pair.sigmoid);
  return [
    {
      name: "score",
      body: html`x = ${derived.words[pair.first]}·${derived.words[pair.second]} = ${terms}${rest} = ${on(fixed(pair.score))}`,
    },
    {
      name: "loss",
      body: pair.positive
        ? html`−log σ(x) = −log ${sigma} = ${on(fixed(pair.loss))}`
        : html`−log(1 − σ(x)) = −log(1 − ${sigma}) = ${on(fixed(pair.loss))}`,
      note: pair.positive ? "context word: label 1" : "negative: label 0",
    },
  ];
}

/** @param {Scene} scene @param {Derived} derived @param {number} side @param {number} row @returns {Line[]} */
function rowLines(scene, derived, side, row) {
  const pairs = derived.pairs(scene.ui.step);
  const uses = pairs.filter((pair) => (side ? pair.second : pair.first) === row);
  const most = termsThatFit(scene) - 1;
  const terms = uses.slice(0, most).map((pair, i) => {
    const other = derived.words[side ? pair.first : pair.second];
    const error = pair.positive ? `(${fixed(pair.sigmoid)} − 1)` : fixed(pair.sigmoid);
    return html`${i ? " + " : ""}${error}·<bdi>${other}</bdi>`;
  });
  const rest = uses.length > most ? ` + … ${uses.length - most} more …` : "";
  return [
    updateLine(scene, derived, side, row),
    uses.length
      ? {
          name: "grad",
          body: html`(${terms}${rest}) / ${pairs.length}`,
          note: "(σ(x) − label) · the other row",
        }
      : { name: "grad", body: "0", note: "in no pair of this step" },
  ];
}

/** Return the formula of a fact. @param {string} id @param {Scene} scene @param {Derived} derived @returns {Line[]} */
function fact(id, scene, derived) {
  const pairs = derived.pairs(scene.ui.step);
  if (id === "loss") return [lossLine(scene, derived)];
  const side = id === "context" ? 1 : 0;
  const words = wordsOf(
    derived,
    pairs.map((pair) => (side ? pair.second : pair.first)),
  );
  return [
    {
      name: TABLES[side],
      body: html`<bdi>${words.join(", ")}</bdi>`,
      note: side
        ? "the context words and the negatives, each row once"
        : html`the center word ${quoted(derived.word(scene.ui.step))} is in all ${pluralize(pairs.length, "pair")}`,
    },
  ];
}
