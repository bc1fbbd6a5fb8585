/**
 * NumPy's default random numbers: SeedSequence and PCG64, the numbers of `numpy.random.default_rng`.
 *
 * The same seed gives the same table here and in Python.
 */

const MASK = (1n << 128n) - 1n;
const MULTIPLIER = (2549297995355413924n << 64n) | 4865540595714422341n;
const POOL = 4;

/** @param {number} value @param {number} factor */
const multiply = (value, factor) => Math.imul(value, factor) >>> 0;

/** The 32-bit words of a seed, the lowest first. @param {number} seed */
function wordsOf(seed) {
  const high = Math.floor(seed / 2 ** 32);
  return high ? [seed >>> 0, high >>> 0] : [seed >>> 0];
}

/** The pool of a seed, and from it eight words: `SeedSequence(seed).generate_state(8)`. @param {number} seed */
function seedWords(seed) {
  let constant = 0x43b0d7e5;
  /** @param {number} value */
  const hash = (value) => {
    value = (value ^ constant) >>> 0;
    constant = multiply(constant, 0x931e8875);
    value = multiply(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const entropy = wordsOf(seed);
  const pool = Array.from({ length: POOL }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) {
      if (from === to) continue;
      const right = hash(pool[from]);
      const mixed = (multiply(pool[to], 0xca01f9dd) - multiply(right, 0x4973f715)) >>> 0;
      pool[to] = (mixed ^ (mixed >>> 16)) >>> 0;
    }
  }
  constant = 0x8b51f9dd;
  return Array.from({ length: 8 }, (_, i) => {
    let value = (pool[i % POOL] ^ constant) >>> 0;
    constant = multiply(constant, 0x58f38ded);
    value = multiply(value, constant);
    return BigInt((value ^ (value >>> 16)) >>> 0);
  });
}

export class Generator {
  /** @param {number} seed  an integer from 0 */
  constructor(seed) {
    const words = seedWords(seed);
    /** @param {number} i */
    const long = (i) => (words[i + 1] << 32n) | words[i];
    const start = (long(0) << 64n) | long(2);
    this.increment = ((((long(4) << 64n) | long(6)) << 1n) | 1n) & MASK;
    this.state = (this.increment + start) & MASK;
    this.step();
    this.half = -1; // the upper half of the last 64 bits of which a half was used
  }

  step() {
    this.state = (this.state * MULTIPLIER + this.increment) & MASK;
  }

  /** The next 64 bits. @returns {bigint} */
  next64() {
    this.step();
    const mixed = BigInt.asUintN(64, this.state >> 64n) ^ BigInt.asUintN(64, this.state);
    const turn = this.state >> 122n;
    return BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
  }

  /** The next 32 bits: the lower half of 64, then the upper. */
  next32() {
    if (this.half >= 0) {
      const half = this.half;
      this.half = -1;
      return half;
    }
    const bits = this.next64();
    this.half = Number(bits >> 32n);
    return Number(bits & 0xffffffffn);
  }

  /** A number from 0 to 1, without 1. */
  random() {
    return Number(this.next64() >> 11n) / 2 ** 53;
  }

  /**
   * Numbers between two limits.
   * @param {number} low @param {number} high @param {number} count
   */
  uniform(low, high, count) {
    const range = high - low;
    const values = new Float64Array(count);
    for (let n = 0; n < count; n++) values[n] = low + range * this.random();
    return values;
  }

  /**
   * Integers from 0 to `bound` - 1, by Lemire's method, as NumPy draws int64 below 2**32.
   * @param {number} bound @param {number} count
   */
  integers(bound, count) {
    const values = new Int32Array(count);
    if (bound <= 1) return values; // without a draw
    const size = BigInt(bound);
    const least = Number((2n ** 32n - size) % size);
    for (let n = 0; n < count; n++) {
      let product = BigInt(this.next32()) * size;
      while (Number(product & 0xffffffffn) < bound && Number(product & 0xffffffffn) < least)
        product = BigInt(this.next32()) * size;
      values[n] = Number(product >> 32n);
    }
    return values;
  }
}

/** Round to the nearest integer, halves to even: `numpy.rint`. @param {number} x */
export function rint(x) {
  const low = Math.floor(x);
  const over = x - low;
  if (over < 0.5) return low;
  if (over > 0.5) return low + 1;
  return low % 2 ? low + 1 : low;
}

/** Round to two decimals as `numpy.round` does, without minus zero. @param {number} x */
export const twoDecimals = (x) => rint(x * 100) / 100 + 0;
