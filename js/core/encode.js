/** A message from a header and arrays, as `embedlab.explorers.wire` encodes it. */
import { refuse } from "./parameters.js";
import { byteLength, toJson } from "./python_text.js";

/** @typedef {import("../kit/wire.js").Numbers} Numbers */
/** @typedef {{ data: Numbers, shape: number[] }} NdArray */
/** @typedef {{ header: Record<string, any>, buffer: ArrayBuffer }} Message */

export const MAX_BYTES = 300_000;
const ALIGN = 8;

/** @param {Numbers} data @param {number[]} shape @returns {NdArray} */
export const ndarray = (data, ...shape) => ({ data, shape: shape.length ? shape : [data.length] });

/** The dtype of an array, by NumPy's name. @param {Numbers} data */
const dtypeOf = (data) => data.constructor.name.replace("Array", "").toLowerCase();

/**
 * @param {Record<string, any>} header
 * @param {Record<string, NdArray>} arrays
 * @param {number} [most]  bytes
 * @returns {Message}
 */
export function encode(header, arrays, most = MAX_BYTES) {
  /** @type {Record<string, { dtype: string, shape: number[], offset: number }>} */
  const index = {};
  let size = 0;
  for (const [name, { data, shape }] of Object.entries(arrays)) {
    index[name] = { dtype: dtypeOf(data), shape, offset: size };
    size += Math.ceil(data.byteLength / ALIGN) * ALIGN;
  }
  const full = { ...header, arrays: index };
  const bytes = byteLength(toJson(full)) + size;
  if (bytes > most) refuseSize(bytes, arrays, most);
  const buffer = new ArrayBuffer(size);
  for (const [name, { data }] of Object.entries(arrays)) {
    const { offset } = index[name];
    new Uint8Array(buffer, offset, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  }
  return { header: full, buffer };
}

/** @param {number} bytes @param {Record<string, NdArray>} arrays @param {number} most */
function refuseSize(bytes, arrays, most) {
  let largest = "";
  for (const name of Object.keys(arrays)) {
    if (!largest || arrays[name].data.byteLength > arrays[largest].data.byteLength) largest = name;
  }
  const where = largest
    ? `, most of it ${largest} ${shapeText(arrays[largest].shape)}`
    : " of text";
  refuse(
    `a message must have at most ${most} bytes`,
    `${bytes}${where}`,
    "Make the table smaller or the text shorter",
  );
}

/** A shape as Python writes a tuple. @param {number[]} shape */
export const shapeText = (shape) =>
  shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
