/**
 * Arithmetic card of the quantization view: the formula behind each number, with its numbers.
 */
import { html } from "lit-html";
import { fixed, joinList, formatInt } from "../kit/format.js";
import { flippedBits } from "./bits.js";
import { formatCode, formatExact, formatStep } from "./number_format.js";
import { rowName } from "./row_list.js";
import { selection } from "./state.js";
import { neighborRanks, rowAs } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Selection} Selection */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean }}
 */
export function arithmetic(scene) {
  const selected = selection(scene);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: fact(open.id, selected), pinned: true };
  return { lines: weightLines(scene, selected), pinned: open?.kind === "weight" };
}

/** Format a term or factor: negative numbers in brackets. @param {string} text */
const inBrackets = (text) => (text.startsWith("−") ? `(${text})` : text);

/** @param {unknown} text */
const on = (text) => html`<span class="on">${text}</span>`;

/** @param {Scene} scene @param {Selection} selected @returns {Line[]} */
function weightLines(scene, selected) {
  const { current, col } = selected;
  const grouped = current.scheme.name === "groups";
  const lines = grouped ? groupLines(selected) : rowLines(selected);
  const flips = [...flippedBits(scene, current)].filter((f) => {
    const [byte, bit] = f.split(":").map(Number);
    return (current.scheme.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0)) === col;
  });
  if (!current.grown) {
    const w = current.value(current.weights[col]);
    lines.push({
      name: "error",
      body: html`${current.value(current.restored[col], 1)} − ${inBrackets(w)} = ${on(current.error(current.errors[col]))}`,
      note: `half a step is ${current.error(current.group(col).step / 2)}`,
    });
  }
  if (flips.length && !current.grown)
    lines.splice(2, 0, {
      name: "stored",
      body: html`a bit was flipped: the code is now ${on(formatCode(current.codes[col]))}`,
      note: joinList(
        flips.map((f) => `byte ${f.replace(":", ", bit ")}`),
        3,
      ),
    });
  if (current.scheme.bits === 4 && scene.ui.open?.kind === "weight" && !current.grown)
    lines.push(bitLine(selected));
  const shown =
    scene.ui.open || scene.look === "wide"
      ? lines
      : lines.filter(({ name }) => name === "code" || name === "error"); // the rest with Enter
  return shown.map((line) => ({ ...line, main: true }));
}

/** @param {Selection} look @returns {Line[]} */
function rowLines({ current, col }) {
  const { scale, high } = current.group(col);
  const w = current.value(current.weights[col]);
  const most = current.value(Math.abs(current.weights[current.largest]));
  const scaled = current.grown ? current.weights[col] * scale : current.scaled[col];
  return [
    {
      name: "scale",
      body: html`${high} / (max |w| + 1e−7) = ${high} / ${most} = ${on(formatExact(scale))}`,
      note: `one for the whole row, ${formatStep(1 / scale)} from level to level`,
    },
    {
      name: "code",
      body: html`round(w · scale) = round(${w} · ${formatExact(scale)}) = round(${fixed(scaled)}) = ${on(plainCode(current, scaled, 0))}`,
      note: `code ${col} of the row`,
    },
    ...(current.grown
      ? []
      : [
          {
            name: "restored",
            body: html`code / scale = ${formatCode(current.codes[col])} / ${formatExact(scale)} = ${on(current.value(current.restored[col], 1))}`,
          },
        ]),
  ];
}

/** @param {Selection} look @returns {Line[]} */
function groupLines({ current, col }) {
  const { scale, zero, least, most, index, first, last } = current.group(col);
  const w = current.value(current.weights[col]);
  const scaled = current.grown ? current.weights[col] / scale : current.scaled[col];
  return [
    {
      name: "scale",
      body: html`(max − min + 1e−7) / 15 = (${current.value(most)} − ${inBrackets(current.value(least))}) / 15 = ${on(formatExact(scale))}`,
      note: `group ${index}: weights ${first} to ${last}, and 0`,
    },
    {
      name: "zero",
      body: html`round(−min / scale) − 8 = round(${fixed(-least / scale)}) − 8 = ${on(formatCode(zero))}`,
      note: "the code that means 0",
    },
    {
      name: "code",
      body: html`round(w / scale) + zero = round(${w} / ${formatExact(scale)}) + ${inBrackets(formatCode(zero))} = round(${fixed(scaled)}) + ${inBrackets(formatCode(zero))} = ${on(plainCode(current, scaled, zero))}`,
      note: `code ${col} of the row`,
    },
    ...(current.grown
      ? []
      : [
          {
            name: "restored",
            body: html`(code − zero) · scale = (${formatCode(current.codes[col])} − ${inBrackets(formatCode(zero))}) · ${formatExact(scale)} = ${on(current.value(current.restored[col], 1))}`,
          },
        ]),
  ];
}

/**
 * Return the code by rounding half to even, whatever bits were flipped since.
 * @param {import("./trace.js").Row} now
 * @param {number} scaled
 * @param {number} zero
 */
function plainCode(now, scaled, zero) {
  const low = now.scheme.bits === 4 ? -8 : -127;
  const high = now.scheme.bits === 4 ? 7 : 127;
  const floor = Math.floor(scaled);
  const even = scaled - floor === 0.5 ? floor + (floor % 2 ? 1 : 0) : Math.round(scaled);
  return formatCode(Math.max(low, Math.min(high, even + zero)));
}

/** @param {Selection} look @returns {Line} */
function bitLine({ current, col }) {
  const byte = current.bytes[Math.floor(col / 2)];
  const half = col % 2 ? byte >> 4 : byte & 15;
  const bits = half.toString(2).padStart(4, "0");
  const worth = [-8, 4, 2, 1].filter((_, i) => bits[i] === "1").map(formatCode);
  const sum = worth.length ? worth.join(" + ") : "0";
  return {
    name: "bits",
    body: html`${bits} = ${sum} = ${on(formatCode(current.codes[col]))}`,
    note: `the ${col % 2 ? "high" : "low"} half of byte ${Math.floor(col / 2)}`,
  };
}

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Selection} selected
 * @returns {Line[]}
 */
function fact(id, selected) {
  const { derived, row } = selected;
  const { bytes } = derived;
  const [V, D] = derived.size;
  const [kind, name] = id.split(":");
  if (kind === "bytes" && name === "floats")
    return [
      {
        body: html`V · D · ${bytes / V / D} bytes = ${V} · ${D} · ${bytes / V / D} = ${on(formatInt(bytes))}`,
        note: "the table as floats",
      },
    ];
  const scheme = derived.schemes[/** @type {import("./trace.js").SchemeName} */ (name)];
  const now = rowAs(derived, scheme.name, row);
  if (kind === "bytes") {
    const each = scheme.bits === 8 ? D : Math.ceil(D / 2);
    const part = bytes / V / D === 8 ? 8 : 4; // bytes of a scale
    const zero = scheme.name === "groups" ? html` + ${scheme.groups}` : "";
    return [
      {
        name: scheme.name,
        body: html`V · (${each} + ${scheme.groups > 1 || zero ? html`${scheme.groups} · ` : ""}${part}${zero}) = ${V} · ${scheme.bytes / V} = ${on(formatInt(scheme.bytes))}`,
        note: `codes, scales${scheme.name === "groups" ? ", zero points" : ""} of each row`,
      },
    ];
  }
  if (kind === "error") {
    const at = now.errors.map(Math.abs).indexOf(Math.max(...now.errors.map(Math.abs)));
    return [
      {
        name: scheme.name,
        body: html`max |back − w| = |${now.value(now.restored[at], 1)} − ${inBrackets(now.value(now.weights[at]))}| = ${on(now.error(scheme.error[row]))}`,
        note: `at w[${row}, ${at}]; half a step is ${now.error(scheme.halfStep[row])}`,
      },
    ];
  }
  const kept = neighborRanks(derived, scheme.name, row).filter((other) => other.kept);
  return [
    {
      name: scheme.name,
      body: html`${
        joinList(
          kept.map((o) => rowName(derived.words, o.row)),
          8,
        ) || "none"
      }: ${on(`${kept.length} of ${derived.near}`)}`,
      note: "among the nearest before and after, by cosine",
    },
  ];
}
