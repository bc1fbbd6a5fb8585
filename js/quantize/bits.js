/**
 * The row in memory: each weight, its value in steps, its integer code, the bytes, the dequantized
 * value, the error.
 */
import { nothing, svg } from "lit-html";
import { fixed } from "../kit/format.js";
import { markOf } from "../kit/predict.js";
import { bitBox, columnX } from "./layout.js";
import { formatCode } from "./number_format.js";
import { bitsOf, codeOfBit, bitValue } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./layout.js").Line} Line */

/** The step at which a line appears. @type {Record<Line, number>} */
export const STAGE_OF_LINE = { weight: 0, scaled: 2, code: 3, bits: 4, back: 5, error: 5 };
/** @type {Line[]} */
export const VALUE_LINES = ["weight", "scaled", "code", "back", "error"];

/** @param {Drawing} d */
export function rowInMemory(d) {
  const { at, selected, scene, predicting } = d;
  const { memory: m } = at;
  const first = scene.ui.local.windows.col;
  const { D } = selected.derived;
  const some = m.cols < D ? `, weights ${first} to ${Math.min(D, first + m.cols) - 1} of ${D}` : "";
  return svg`<g class="memory">
    <text class="head" x=${m.x} y=${m.y - 12}>in memory<tspan class="sub">${some}</tspan></text>
    ${columnRing(d)}
    <g role="grid" aria-label=${predicting ? "Weights to choose from" : "The row, weight by weight"} aria-rowcount=${VALUE_LINES.length} aria-colcount=${D} aria-multiselectable=${predicting ? "true" : nothing}>${VALUE_LINES.map((line, i) => lineOf(d, line, i))}</g>
    ${storedBytes(d)}
  </g>`;
}

/**
 * Return the text of a cell.
 * @param {import("./trace.js").Row} row
 * @param {Line} line
 * @param {number} col
 */
export function cellText(row, line, col) {
  if (line === "weight") return row.value(row.weights[col]);
  if (line === "scaled") return fixed(row.scaled[col], row.scheme.bits === 8 ? 1 : 2);
  if (line === "code") return formatCode(row.codes[col]);
  return line === "back" ? row.value(row.restored[col], 1) : row.error(row.errors[col]);
}

/** @type {Record<Line, string>} */
export const LINE_NAMES = {
  weight: "weight",
  scaled: "scaled",
  code: "code",
  bits: "bits",
  back: "restored",
  error: "error",
};

/** @param {Drawing} d @param {Line} line @param {number} index */
function lineOf({ at, selected, scene, later, predicting }, line, index) {
  const { memory: m } = at;
  const { current } = selected;
  const first = scene.ui.local.windows.col;
  const y = m.lines[line];
  const stage = scene.ui.step === STAGE_OF_LINE[line];
  const focus = scene.ui.focus;
  const stop =
    focus?.part === "cell" ? focus : { line: predicting ? "code" : "weight", col: selected.col };
  const away = current.grown && line !== "weight" && line !== "code";
  const worst = Math.max(...current.errors.map(Math.abs));
  return svg`<g class="${later(STAGE_OF_LINE[line])} ${away ? "faded" : ""} line ${line}" role="row" aria-rowindex=${index + 1}>
    <text role="rowheader" class="name ${stage && !current.grown ? "now" : ""}" x=${m.x} y=${y + 14}>${LINE_NAMES[line]}</text>
    ${Array.from({ length: Math.min(m.cols, selected.derived.D - first) }, (_, i) => {
      const col = first + i;
      const x = columnX(at, i);
      const text = cellText(current, line, col);
      const moved = current.grown && line === "code" && current.codes[col] !== current.before[col];
      const stopColumn = stop.col >= first && stop.col < first + m.cols ? stop.col : first;
      const mark = line === "code" ? markOf(scene.ui.prediction, col) : "";
      const wide =
        line === "error" && worst > 0 ? (Math.abs(current.errors[col]) / worst) * (m.cw - 10) : 0;
      return svg`<g
        role="gridcell" class="cell ${line}" aria-colindex=${col + 1}
        aria-label="${LINE_NAMES[line]} ${col}: ${moved ? `${formatCode(current.before[col])}→` : ""}${text}${mark ? `, ${mark}` : ""}"
        aria-selected=${predicting && line === "code" ? String(mark === "chosen") : nothing}
        data-place="cell:${line}:${col}" tabindex=${line === stop.line && col === stopColumn ? 0 : -1}
        ><rect class="ground" x=${x + 1.5} y=${y} width=${m.cw - 3} height=${m.line - 2} rx="3" />${
          line === "error"
            ? svg`<rect class="bar ${Math.abs(current.errors[col]) === worst ? "worst" : ""}" x=${x + m.cw - 5 - wide} y=${y + m.line - 4} width=${wide} height="2.5" rx="1" />`
            : nothing
        }<text class="num ${moved ? "moved" : ""} ${line === "weight" && col === current.largest ? "largest" : ""}" x=${x + m.cw - 6} y=${y + 13} text-anchor="end">${
          moved ? svg`<tspan class="was">${formatCode(current.before[col])}→</tspan>` : nothing
        }${text}</text></g>`;
    })}
  </g>`;
}

/** @param {Drawing} d */
function columnRing({ at, selected, scene, later, predicting }) {
  const { memory: m } = at;
  const i = selected.col - scene.ui.local.windows.col;
  if (i < 0 || i >= m.cols || (predicting && !scene.ui.hover && !scene.ui.focus)) return nothing;
  return svg`<rect class="column" x=${columnX(at, i) - 0.5} y=${m.y - 3} width=${m.cw + 1} height=${m.lines.code + m.line - m.y + 4} rx="4" />
    ${selected.current.grown ? nothing : svg`<rect class="column ${later(STAGE_OF_LINE.back)}" x=${columnX(at, i) - 0.5} y=${m.lines.back - 3} width=${m.cw + 1} height=${m.h - (m.lines.back - m.y) + 4} rx="4" />`}`;
}

/** The bytes as they are stored, and lines from each code to its bits. @param {Drawing} d */
function storedBytes(d) {
  const { at, selected, scene, later } = d;
  const { memory: m } = at;
  const { current, derived } = selected;
  const each = current.scheme.bits === 4 ? 2 : 1;
  const first = Math.floor(scene.ui.local.windows.col / each);
  const drawn = Math.min(Math.ceil(m.cols / each), current.bytes.length - first);
  const focus = scene.ui.focus?.part === "bit" ? scene.ui.focus : { byte: first, bit: 7 };
  const stop = focus.byte >= first && focus.byte < first + drawn ? focus : { byte: first, bit: 7 };
  const y = m.lines.bits;
  const stage = scene.ui.step === STAGE_OF_LINE.bits;
  const flips = flippedBits(scene, current);
  return svg`<g class="${later(STAGE_OF_LINE.bits)} ${current.grown ? "faded" : ""} bits">
    <text class="name ${stage && !current.grown ? "now" : ""}" x=${m.x} y=${y + 14}>${LINE_NAMES.bits}</text>
    ${Array.from({ length: drawn }, (_, i) => codeToBitLines(d, i, first + i))}
    <g role="grid" aria-label="Bits of the row, eight a byte" aria-rowcount="1" aria-colcount=${current.bytes.length * 8}><g role="row">${Array.from(
      { length: drawn },
      (_, i) => {
        const byte = first + i;
        return bitsOf(current.bytes[byte]).map((on, place) => {
          const bit = 7 - place;
          const { x, y, w, h } = bitBox(at, current.scheme.bits, i, place);
          const owner = codeOfBit(current.scheme, byte, bit, derived.D);
          const turned = flips.has(`${byte}:${bit}`);
          const worth = bitValue(current.scheme, bit);
          return svg`<g role="gridcell" class="bit cell ${on ? "on" : ""} ${owner < 0 ? "nobody" : ""} ${owner === selected.col ? "lit" : ""} ${turned ? "turned" : ""}"
          data-place="bit:${byte}:${bit}" tabindex=${byte === stop.byte && bit === stop.bit ? 0 : -1} aria-colindex=${byte * 8 + place + 1}
          aria-label="byte ${byte}, bit ${bit} is ${on}${owner < 0 ? ", used by no weight" : `, worth ${formatCode(worth)} to code ${owner}`}${turned ? ", flipped" : ""}"
          ><rect class="ground" x=${x + 0.25} y=${y} width=${Math.max(3, w - 0.5)} height=${h} rx="2" /><text class="num" x=${x + w / 2} y=${y + h / 2 + 4} text-anchor="middle">${on}</text></g>`;
        });
      },
    )}</g></g>
  </g>`;
}

/**
 * From a code to the half of the byte that holds it: the first code lies in the low half.
 * @param {Drawing} d
 * @param {number} i
 * @param {number} byte
 */
function codeToBitLines({ at, selected }, i, byte) {
  const { memory: m } = at;
  const { bits } = selected.current.scheme;
  const { D } = selected.derived;
  const top = m.lines.code + m.line - 1;
  const bottom = m.lines.bits - 1;
  const middle = (/** @type {number} */ from) => {
    const a = bitBox(at, bits, i, from);
    const b = bitBox(at, bits, i, from + 3);
    return (a.x + b.x + b.w) / 2;
  };
  const owners = bits === 4 ? [2 * byte, 2 * byte + 1] : [byte];
  return owners
    .filter((col) => col < D)
    .map((col, k) => {
      const from = columnX(at, i * owners.length + k) + m.cw / 2;
      const to = middle(bits === 4 ? (k ? 0 : 4) : 0);
      return svg`<path class="join ${col === selected.col ? "lit" : ""}" d="M${from} ${top}L${to} ${bottom}" />`;
    });
}

/**
 * Return the flipped bits of this row, as "byte:bit".
 * @param {import("../kit/view_types.js").Scene} scene
 * @param {import("./trace.js").Row} now
 */
export function flippedBits({ params }, { scheme, row }) {
  const flips = /** @type {[string, number, number, number][]} */ (params.flips ?? []);
  return new Set(
    flips.filter((f) => f[0] === scheme.name && f[1] === row).map((f) => `${f[2]}:${f[3]}`),
  );
}
