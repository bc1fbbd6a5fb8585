/**
 * Wire format of a trace: one JSON header and one buffer, decoded into typed arrays.
 *
 * The Python half is embedlab/explorers/wire.py. Offsets are multiples of eight, so a typed array
 * can look straight into the buffer; one that is part of another is copied, once.
 */

/** @typedef {Float32Array|Float64Array|Int32Array|Int16Array|Int8Array|Uint8Array|Uint16Array|Uint32Array} Numbers */
/** @typedef {{ data: Numbers, shape: number[] }} NdArray */
/** @typedef {{ dtype: string, shape: number[], offset: number }} ArraySpec */
/** @typedef {{ min: number, max: number } | { choices: string[] }} Limit */
/**
 * @typedef {object} Header
 * @property {string} view
 * @property {number} version
 * @property {number} seq           the edit this message answers
 * @property {string|null} error    one sentence, or null
 * @property {Record<string, any>} params
 * @property {Record<string, any>} initial  the parameters it began with, where they differ now
 * @property {string[]} needs        what a state cannot hold
 * @property {string | null} note    what the view leaves out, in place of its hint
 * @property {string[]} [fixed]      parameters that cannot change on a page without Python
 * @property {Record<string, Limit>} limits
 * @property {Record<string, ArraySpec>} arrays
 */
/** @typedef {{ header: Header & Record<string, any>, arrays: Record<string, NdArray> }} Trace */

/**
 * The typed array of a dtype: "float32" is read by Float32Array.
 * @param {string} dtype
 * @returns {new (buffer: ArrayBuffer, offset: number, length: number) => Numbers}
 */
const typedArray = (dtype) =>
  /** @type {any} */ (globalThis)[`${dtype[0].toUpperCase()}${dtype.slice(1)}Array`];

export const VERSION = 1;

/**
 * Decode a message into a trace.
 *
 * Throws an Error with one sentence when the message is of another version or when an array does
 * not fit its buffer.
 * @param {{ header: any, buffer?: ArrayBuffer | ArrayBufferView | string | null }} message  a host that
 *   sends JSON has the buffer as base64
 * @returns {Trace}
 */
export function decode(message) {
  const { header } = message;
  if (header?.version !== VERSION) {
    throw new Error(
      `This view reads messages of version ${VERSION}. Received ${header?.version}. ` +
        "Restart the kernel after updating embedlab.",
    );
  }
  const buffer = asArrayBuffer(message.buffer);
  /** @type {Record<string, NdArray>} */
  const arrays = {};
  for (const [name, spec] of Object.entries(header.arrays ?? {})) {
    arrays[name] = readArray(name, /** @type {ArraySpec} */ (spec), buffer);
  }
  return { header, arrays };
}

/**
 * One row of a matrix, without copying.
 * @param {NdArray} array
 * @param {number} row
 * @returns {Numbers}
 */
export function rowOf(array, row) {
  const width = array.shape[1];
  return array.data.subarray(row * width, (row + 1) * width);
}

/**
 * @param {string} name
 * @param {ArraySpec} spec
 * @param {ArrayBuffer} buffer
 */
function readArray(name, spec, buffer) {
  const { dtype, shape, offset } = spec;
  const length = shape.reduce((a, b) => a * b, 1);
  try {
    return { data: new (typedArray(dtype))(buffer, offset, length), shape };
  } catch {
    throw new Error(
      `Array ${name} of ${dtype} (${shape.join(", ")}) does not fit its buffer ` +
        `of ${buffer.byteLength} bytes. Run the cell again.`,
    );
  }
}

/**
 * @param {ArrayBuffer | ArrayBufferView | string | null | undefined} buffer
 * @returns {ArrayBuffer}
 */
function asArrayBuffer(buffer) {
  if (typeof (buffer ??= "") === "string")
    return Uint8Array.from(atob(buffer), (sign) => sign.charCodeAt(0)).buffer;
  if (!ArrayBuffer.isView(buffer)) return buffer;
  const { byteOffset, byteLength } = buffer;
  return /** @type {ArrayBuffer} */ (buffer.buffer).slice(byteOffset, byteOffset + byteLength);
}
