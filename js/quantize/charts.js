/**
 * Charts below the row: a histogram of the quantization errors, and nearest neighbors before and
 * after.
 */
import { nothing, svg } from "lit-html";
import { ribbonPath } from "../kit/curves.js";
import { pluralize, isolated, shorten } from "../kit/format.js";
import { formatStep } from "./number_format.js";
import { rowName } from "./row_list.js";
import { neighborRanks } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function histogram({ at, selected, later }) {
  const { x, y, w, h } = at.errors;
  const { histogram: counts, maxError } = selected.current.scheme;
  const most = Math.max(...Array.from(counts)) || 1;
  const bw = w / counts.length;
  const bars = Array.from(counts, (n, i) => {
    const tall = n ? Math.max(1.5, (n / most) * (h - 4)) : 0;
    return `M${(x + i * bw + 1).toFixed(1)} ${y + h}v${-tall.toFixed(1)}h${(bw - 2).toFixed(1)}V${y + h}z`;
  }).join("");
  const place = (/** @type {number} */ e) => x + w / 2 + (maxError ? (e / maxError) * (w / 2) : 0);
  const rowTicks = selected.current.errors
    .map((e) => `M${place(e).toFixed(1)} ${y + h + 1}v6`)
    .join("");
  const selectedError = selected.current.errors[selected.col];
  return svg`<g class="histogram ${later(5)} ${selected.current.grown ? "faded" : ""}">
    <text class="head" x=${x} y=${y - 24}>quantization errors<tspan class="sub" x=${x} dy="15">${pluralize(selected.derived.size[0] * selected.derived.size[1], "error")}, the row's own below</tspan></text>
    <path class="bars" d=${bars} /><path class="axis" d="M${x} ${y + h}h${w}" />
    <path class="own" d=${rowTicks} /><path class="own lit" d="M${place(selectedError).toFixed(1)} ${y + h + 1}v8" />
    <g class="num ends"><text x=${x} y=${y + h + 19}>−${formatStep(maxError)}</text><text x=${x + w / 2} y=${y + h + 19} text-anchor="middle">0</text><text x=${x + w} y=${y + h + 19} text-anchor="end">+${formatStep(maxError)}</text></g>
  </g>`;
}

/** Nearest neighbors before and after quantization, as a bump chart. @param {Drawing} d */
export function neighborChart({ at, selected, later }) {
  const { derived, current, row } = selected;
  const { x, y, w, pitch } = at.near;
  const ranks = neighborRanks(derived, current.scheme.name, row);
  const { near } = derived;
  const kept = ranks.filter((other) => other.kept).length;
  const slots = slotsOf(ranks, near);
  const left = x + Math.min(92, w * 0.3);
  const right = x + w - Math.min(92, w * 0.3);
  const lineY = (/** @type {number} */ slot) => y + slot * pitch + pitch / 2;
  const labeled = labelsThatFit(ranks, slots, pitch);
  const head = svg`<text class="head" x=${x} y=${y - 24}>nearest to ${named(rowName(derived.words, row))}<tspan class="sub" x=${x} dy="15">${near ? `before → after, ${kept} of ${near} kept` : "no other row"}</tspan></text>`;
  if (!near) return svg`<g class="bumps">${head}</g>`;
  return svg`<g class="bumps ${later(5)} ${current.grown ? "faded" : ""} ${pitch < 12 ? "close" : ""}">${head}
    ${ranks.map((other) => {
      const a = slots.before.get(other.row) ?? 0;
      const b = slots.after.get(other.row) ?? 0;
      const kind = other.kept
        ? other.before === other.after
          ? ""
          : "moved"
        : other.before < near
          ? "lost"
          : "new";
      const name = rowName(derived.words, other.row);
      return svg`<g class=${kind}><path class="bump" d=${ribbonPath(left, lineY(a), right, lineY(b))} />
        ${labeled.before.has(a) ? svg`<text x=${left - 5} y=${lineY(a) + 4} text-anchor="end">${named(name)}<tspan class="rank num"> ${other.ranks.before}</tspan></text>` : nothing}
        ${labeled.after.has(b) ? svg`<text x=${right + 5} y=${lineY(b) + 4}><tspan class="rank num">${other.ranks.after} </tspan>${named(name)}</text>` : nothing}</g>`;
    })}
    ${ranks.length > near ? svg`<path class="border" d="M${x} ${y + near * pitch}h${w}" />` : nothing}
  </g>`;
}

/**
 * Return the line of each name: its rank, and below the border by order of the ranks there.
 * @param {{ row: number, before: number, after: number }[]} ranks
 * @param {number} near
 */
export function slotsOf(ranks, near) {
  /** @param {"before" | "after"} side */
  const one = (side) => {
    const far = ranks.filter((o) => o[side] >= near).sort((p, q) => p[side] - q[side]);
    return new Map(ranks.map((o) => [o.row, o[side] < near ? o[side] : near + far.indexOf(o)]));
  };
  return { before: one("before"), after: one("after") };
}

const LABEL = 9; // px from one label to the next, at least

/**
 * Return the lines whose labels have room on either side: those that came or went before those that stay.
 * @param {{ row: number, kept: boolean }[]} ranks
 * @param {ReturnType<typeof slotsOf>} slots
 * @param {number} pitch
 */
export function labelsThatFit(ranks, slots, pitch) {
  const order = [...ranks].sort((p, q) => Number(p.kept) - Number(q.kept));
  /** @param {Map<number, number>} lines */
  const one = (lines) => {
    /** @type {Set<number>} */
    const chosen = new Set();
    for (const { row } of order) {
      const line = lines.get(row) ?? 0;
      if ([...chosen].every((other) => Math.abs(other - line) * pitch >= LABEL)) chosen.add(line);
    }
    return chosen;
  };
  return { before: one(slots.before), after: one(slots.after) };
}

/** @param {string} name */
const named = (name) => isolated(shorten(name, 11));
