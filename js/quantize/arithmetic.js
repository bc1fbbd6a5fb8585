/**
 * The arithmetic behind each number of this view: the formula with the very numbers in it.
 */
import { html } from "lit-html";
import { fixed, listing, whole } from "../kit/format.js";
import { flippedBits } from "./bits.js";
import { code, exact, small } from "./number_format.js";
import { nameOf } from "./row_list.js";
import { lookOf } from "./state.js";
import { bumps, rowIn } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Look} Look */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** The lines of the arithmetic card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const look = lookOf(scene);
  const { open } = scene.ui;
  if (open?.kind === "fact") return { lines: fact(open.id, look), pinned: true };
  return { lines: weightLines(scene, look), pinned: open?.kind === "weight" };
}

/** A number in a product or a sum: brackets about a minus. @param {string} text */
const held = (text) => (text.startsWith("−") ? `(${text})` : text);

/** @param {unknown} text */
const on = (text) => html`<span class="on">${text}</span>`;

/** @param {Scene} scene @param {Look} look @returns {Line[]} */
function weightLines(scene, look) {
  const { now, col } = look;
  const grouped = now.way.name === "groups";
  const lines = grouped ? groupLines(look) : rowLines(look);
  const flips = [...flippedBits(scene, now)].filter((f) => {
    const [byte, bit] = f.split(":").map(Number);
    return (now.way.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0)) === col;
  });
  if (!now.grown) {
    const w = now.value(now.weights[col]);
    lines.push({
      name: "error",
      body: html`${now.value(now.restored[col], 1)} − ${held(w)} = ${on(now.error(now.errors[col]))}`,
      note: `half a step is ${now.error(now.group(col).step / 2)}`,
    });
  }
  if (flips.length && !now.grown)
    lines.splice(2, 0, { name: "stored", body: html`a bit was turned over: the code is now ${on(code(now.codes[col]))}`, note: listing(flips.map((f) => `byte ${f.replace(":", ", bit ")}`), 3) });
  if (now.way.bits === 4 && scene.ui.open?.kind === "weight" && !now.grown) lines.push(bitLine(look));
  return lines.map((line) => ({ ...line, note: scene.size.width < 860 && !scene.ui.open ? undefined : line.note, main: true }));
}

/** @param {Look} look @returns {Line[]} */
function rowLines({ now, col }) {
  const { scale, high } = now.group(col);
  const w = now.value(now.weights[col]);
  const most = now.value(Math.abs(now.weights[now.largest]));
  const made = now.grown ? now.weights[col] * scale : now.scaled[col];
  return [
    { name: "scale", body: html`${high} / (max |w| + 1e−7) = ${high} / ${most} = ${on(exact(scale))}`, note: `one for the whole row, ${small(1 / scale)} from level to level` },
    { name: "code", body: html`round(w · scale) = round(${w} · ${exact(scale)}) = round(${fixed(made)}) = ${on(plainCode(now, made, 0))}`, note: `code ${col} of the row` },
    ...(now.grown ? [] : [{ name: "back", body: html`code / scale = ${code(now.codes[col])} / ${exact(scale)} = ${on(now.value(now.restored[col], 1))}` }]),
  ];
}

/** @param {Look} look @returns {Line[]} */
function groupLines({ now, col }) {
  const { scale, zero, least, most, index, first, last } = now.group(col);
  const w = now.value(now.weights[col]);
  const made = now.grown ? now.weights[col] / scale : now.scaled[col];
  return [
    { name: "scale", body: html`(max − min + 1e−7) / 15 = (${now.value(most)} − ${held(now.value(least))}) / 15 = ${on(exact(scale))}`, note: `group ${index}: weights ${first} to ${last}, and 0` },
    { name: "zero", body: html`round(−min / scale) − 8 = round(${fixed(-least / scale)}) − 8 = ${on(code(zero))}`, note: "the code that means 0" },
    { name: "code", body: html`round(w / scale) + zero = round(${w} / ${exact(scale)}) + ${held(code(zero))} = round(${fixed(made)}) + ${held(code(zero))} = ${on(plainCode(now, made, zero))}`, note: `code ${col} of the row` },
    ...(now.grown ? [] : [{ name: "back", body: html`(code − zero) · scale = (${code(now.codes[col])} − ${held(code(zero))}) · ${exact(scale)} = ${on(now.value(now.restored[col], 1))}` }]),
  ];
}

/**
 * The code that rounding gives, whatever bits were turned over since: halves go to the even one.
 * @param {import("./trace.js").Row} now
 * @param {number} made
 * @param {number} zero
 */
function plainCode(now, made, zero) {
  const low = now.way.bits === 4 ? -8 : -127;
  const high = now.way.bits === 4 ? 7 : 127;
  const floor = Math.floor(made);
  const even = made - floor === 0.5 ? floor + (floor % 2 ? 1 : 0) : Math.round(made);
  return code(Math.max(low, Math.min(high, even + zero)));
}

/** @param {Look} look @returns {Line} */
function bitLine({ now, col }) {
  const byte = now.bytes[Math.floor(col / 2)];
  const half = col % 2 ? byte >> 4 : byte & 15;
  const bits = half.toString(2).padStart(4, "0");
  const worth = [-8, 4, 2, 1].filter((_, i) => bits[i] === "1").map(code);
  const sum = worth.length ? worth.join(" + ") : "0";
  return {
    name: "bits",
    body: html`${bits} = ${sum} = ${on(code(now.codes[col]))}`,
    note: `the ${col % 2 ? "high" : "low"} half of byte ${Math.floor(col / 2)}`,
  };
}

/** The formula of a number in the column on the right. @param {string} id @param {Look} look @returns {Line[]} */
function fact(id, look) {
  const { reading, row } = look;
  const { V, D, bytes } = reading;
  const [kind, name] = id.split(":");
  if (kind === "bytes" && name === "floats")
    return [{ body: html`V · D · ${bytes / V / D} bytes = ${V} · ${D} · ${bytes / V / D} = ${on(whole(bytes))}`, note: "the table as floats" }];
  const way = reading.ways[/** @type {import("./trace.js").Name} */ (name)];
  const now = rowIn(reading, way.name, row);
  if (kind === "bytes") {
    const each = way.bits === 8 ? D : Math.ceil(D / 2);
    const part = bytes / V / D === 8 ? 8 : 4; // bytes of a scale
    const zero = way.name === "groups" ? html` + ${way.groups}` : "";
    return [{ name: way.name, body: html`V · (${each} + ${way.groups > 1 || zero ? html`${way.groups} · ` : ""}${part}${zero}) = ${V} · ${way.bytes / V} = ${on(whole(way.bytes))}`, note: `codes, scales${way.name === "groups" ? ", zero points" : ""} of each row` }];
  }
  if (kind === "error") {
    const at = now.errors.map(Math.abs).indexOf(Math.max(...now.errors.map(Math.abs)));
    return [{ name: way.name, body: html`max |back − w| = |${now.value(now.restored[at], 1)} − ${held(now.value(now.weights[at]))}| = ${on(now.error(way.error[row]))}`, note: `at w[${row}, ${at}]; half a step is ${now.error(way.half[row])}` }];
  }
  const kept = bumps(reading, way.name, row).filter((other) => other.kept);
  return [{ name: way.name, body: html`${listing(kept.map((o) => nameOf(reading.words, o.row)), 8) || "none"}: ${on(`${kept.length} of ${reading.near}`)}`, note: "among the nearest before and after, by cosine" }];
}
