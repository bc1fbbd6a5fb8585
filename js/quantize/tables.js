/**
 * Every number this view draws, as data: key T.
 */
import { fixed } from "../kit/format.js";
import { CELLS, NAMES, flippedBits, written } from "./bits.js";
import { code, small } from "./number_format.js";
import { nameOf } from "./row_list.js";
import { lookOf } from "./state.js";
import { WAYS, bitsOf, bumps } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const { reading, now, row } = lookOf(scene);
  const { V, D, near, words } = reading;
  const { way } = now;
  const range = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i);
  const lines = now.grown ? CELLS.filter((line) => line === "weight" || line === "code") : CELLS;
  const flips = flippedBits(scene, now);
  const found = bumps(reading, way.name, row).sort((a, b) => a.before - b.before);
  const before = reading.similarity(row);
  const after = way.at(row, "similarity");
  return [
    {
      caption: `Row ${row}${now.word ? `, ${now.word}` : ""}, in ${way.title}${now.grown ? ", its largest weight grown" : ""}`,
      corner: "weight",
      columns: range(D).map(String),
      rows: lines.map((line) => ({ head: NAMES[line], cells: range(D).map((col) => written(now, line, col)) })),
    },
    {
      caption: "Scales of the row",
      corner: "group",
      columns: ["weights", "scale", "step", "zero point"],
      rows: range(way.groups).map((i) => {
        const g = now.group(i * way.block);
        return { head: String(i), cells: [`${g.first}–${g.last}`, small(g.scale), small(g.step), way.name === "groups" ? code(g.zero) : "—"] };
      }),
    },
    {
      caption: "Bytes of the row, the highest bit left",
      corner: "byte",
      columns: ["bits", "turned over"],
      rows: range(now.bytes.length).map((byte) => ({
        head: String(byte),
        cells: [
          bitsOf(now.bytes[byte]).join(""),
          range(8).filter((bit) => flips.has(`${byte}:${bit}`)).join(", ") || "—",
        ],
      })),
    },
    {
      caption: `All rows, in ${way.title}`,
      corner: "row",
      columns: ["largest error", "half a step", "cosine"],
      rows: range(V).map((r) => ({
        head: words[r] ? `${r} ${words[r]}` : String(r),
        cells: [small(way.error[r]), small(way.half[r]), fixed(way.cosine[r], 4)],
      })),
    },
    {
      caption: "Errors of all weights",
      corner: "from",
      columns: ["to", "how many"],
      rows: Array.from(way.histogram, (n, i) => {
        const edge = (/** @type {number} */ k) => ((2 * k) / way.histogram.length - 1) * way.reach;
        return { head: small(edge(i)), cells: [small(edge(i + 1)), n] };
      }),
    },
    {
      caption: `Nearest to ${nameOf(words, row)}`,
      corner: "row",
      columns: ["rank before", "rank after"],
      rows: found.map((o) => ({ head: nameOf(words, o.row), cells: [o.before + 1, o.after + 1] })),
    },
    {
      caption: "Cosines of the nearest",
      corner: "rank",
      columns: ["before", "after"],
      rows: range(near).map((k) => ({ head: String(k + 1), cells: [fixed(before[k], 4), fixed(after[k], 4)] })),
    },
    {
      caption: "Three ways",
      corner: "way",
      columns: ["bytes", `largest error, row ${row}`, "neighbours kept"],
      rows: WAYS.map((name) => ({
        head: reading.ways[name].title,
        cells: [
          reading.ways[name].bytes,
          small(reading.ways[name].error[row]),
          bumps(reading, name, row).filter((o) => o.kept).length,
        ],
      })),
    },
  ];
}
