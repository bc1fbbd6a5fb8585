/**
 * Data tables of the geometry view: every number that is drawn.
 */
import { fixed } from "../kit/format.js";
import { selectedRow } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const derived = derive(scene.trace);
  const { name, points, cosines, distances, mapDistances, near, nearMap, closer, picked, choices } =
    derived;
  if (scene.ui.prediction?.phase === "open")
    return [
      {
        caption: "Candidates",
        corner: "word",
        columns: ["row"],
        rows: choices.map((row) => ({ head: name(row), cells: [row] })),
      },
    ];
  /** @param {number} row */
  const numbers = (row) => [
    fixed(cosines[row]),
    fixed(distances[row]),
    fixed(mapDistances[row]),
    fixed(points[2 * row]),
    fixed(points[2 * row + 1]),
  ];
  const columns = ["cosine", "distance", "on the map", "x", "y"];
  const current = selectedRow(scene);
  const selectedRows = current >= 0 && current !== picked ? [current] : [];
  const { terms, answers, answerValues, target } = derived;
  return [
    {
      caption: `Nearest by ${derived.by} to ${name(picked)}`,
      corner: "word",
      columns: [...columns, "closer"],
      rows: near.map((row, i) => ({ head: name(row), cells: [...numbers(row), closer[i]] })),
    },
    {
      caption: "Nearest on the map",
      corner: "word",
      columns,
      rows: nearMap.map((row) => ({ head: name(row), cells: numbers(row) })),
    },
    {
      caption: "Selected",
      corner: "word",
      columns,
      rows: [picked, ...selectedRows].map((row) => ({ head: name(row), cells: numbers(row) })),
    },
    ...(terms
      ? [
          {
            caption: `${name(terms[0])} − ${name(terms[1])} + ${name(terms[2])}${target ? `, at (${fixed(target[0])}, ${fixed(target[1])})` : ""}`,
            corner: "word",
            columns: [derived.measure],
            rows: answers.map((row, i) => ({ head: name(row), cells: [fixed(answerValues[i])] })),
          },
        ]
      : []),
  ];
}
