/**
 * Data tables of the quantization view: every number that is drawn.
 */
import { fixed } from "../kit/format.js";
import { VALUE_LINES, LINE_NAMES, flippedBits, cellText } from "./bits.js";
import { formatCode, formatStep } from "./number_format.js";
import { rowName } from "./row_list.js";
import { selection } from "./state.js";
import { SCHEMES, bitsOf, neighborRanks } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const { derived, current, row } = selection(scene);
  const { V, D, near, words } = derived;
  const { scheme } = current;
  const range = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i);
  const lines = current.grown
    ? VALUE_LINES.filter((line) => line === "weight" || line === "code")
    : VALUE_LINES;
  const flips = flippedBits(scene, current);
  const ranks = neighborRanks(derived, scheme.name, row).sort((a, b) => a.before - b.before);
  const before = derived.similarity(row);
  const after = scheme.at(row, "similarity");
  return [
    {
      caption: `Row ${row}${current.word ? `, ${current.word}` : ""}, in ${scheme.title}${current.grown ? ", its largest weight grown" : ""}`,
      corner: "weight",
      columns: range(D).map(String),
      rows: lines.map((line) => ({
        head: LINE_NAMES[line],
        cells: range(D).map((col) => cellText(current, line, col)),
      })),
    },
    {
      caption: "Scales of the row",
      corner: "group",
      columns: ["weights", "scale", "step", "zero point"],
      rows: range(scheme.groups).map((i) => {
        const g = current.group(i * scheme.block);
        return {
          head: String(i),
          cells: [
            `${g.first}–${g.last}`,
            formatStep(g.scale),
            formatStep(g.step),
            scheme.name === "groups" ? formatCode(g.zero) : "—",
          ],
        };
      }),
    },
    {
      caption: "Bytes of the row, the highest bit left",
      corner: "byte",
      columns: ["bits", "flipped"],
      rows: range(current.bytes.length).map((byte) => ({
        head: String(byte),
        cells: [
          bitsOf(current.bytes[byte]).join(""),
          range(8)
            .filter((bit) => flips.has(`${byte}:${bit}`))
            .join(", ") || "—",
        ],
      })),
    },
    {
      caption: `All rows, in ${scheme.title}`,
      corner: "row",
      columns: ["largest error", "half a step", "cosine"],
      rows: range(V)
        .map((i) => derived.first + i)
        .map((r) => ({
          head: words[r] ? `${r} ${words[r]}` : String(r),
          cells: [
            formatStep(scheme.error[r]),
            formatStep(scheme.halfStep[r]),
            fixed(scheme.cosine[r], 4),
          ],
        })),
    },
    {
      caption: "Quantization errors of all weights",
      corner: "from",
      columns: ["to", "count"],
      rows: Array.from(scheme.histogram, (n, i) => {
        const edge = (/** @type {number} */ k) =>
          ((2 * k) / scheme.histogram.length - 1) * scheme.maxError;
        return { head: formatStep(edge(i)), cells: [formatStep(edge(i + 1)), n] };
      }),
    },
    {
      caption: `Nearest to ${rowName(words, row)}`,
      corner: "row",
      columns: ["rank before", "rank after"],
      rows: ranks.map((o) => ({
        head: rowName(words, o.row),
        cells: [o.ranks.before, o.ranks.after],
      })),
    },
    {
      caption: "Cosines of the nearest",
      corner: "rank",
      columns: ["before", "after"],
      rows: range(near).map((k) => ({
        head: String(k + 1),
        cells: [fixed(before[k], 4), fixed(after[k], 4)],
      })),
    },
    {
      caption: "Three schemes",
      corner: "scheme",
      columns: ["bytes", `largest error, row ${row}`, "neighbors kept"],
      rows: SCHEMES.map((name) => ({
        head: derived.schemes[name].title,
        cells: [
          derived.schemes[name].bytes,
          formatStep(derived.schemes[name].error[row]),
          neighborRanks(derived, name, row).filter((o) => o.kept).length,
        ],
      })),
    },
  ];
}
