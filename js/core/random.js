/**
 * NumPy's default random numbers: SeedSequence and PCG64, the numbers of `numpy.random.default_rng`.
 *
 * The same seed gives the same table here and in Python.
 */

/** The multiplier 0x2360ed051fc65da44385df649fccf645 in parts of 16 bits, the lowest first. */
const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];
const PARTS = MULTIPLIER.length;
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
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/** The sum of two numbers of 128 bits in parts. @param {number[]} a @param {number[]} b */
function addParts(a, b) {
  let carry = 0;
  return a.map((part, n) => {
    const sum = part + b[n] + carry;
    carry = sum >>> 16;
    return sum & 0xffff;
  });
}

export class Generator {
  /** @param {number} seed  an integer from 0 */
  constructor(seed) {
    const words = seedWords(seed);
    /** Four words as parts of 16 bits. @param {number} first */
    const parts = (first) =>
      [2, 3, 0, 1].flatMap((n) => [words[first + n] & 0xffff, words[first + n] >>> 16]);
    const stream = parts(4);
    /** Twice the stream and 1, in parts. */
    this.increment = stream.map(
      (part, n) => ((part << 1) & 0xffff) | (n ? stream[n - 1] >>> 15 : 1),
    );
    this.state = addParts(this.increment, parts(0));
    this.next = [...this.state];
    this.step();
    this.high = 0;
    this.low = 0;
    this.half = -1; // the upper half of the last 64 bits of which a half was used
  }

  /** Multiply the 128 bits of the state, and add. BigInt takes twice as long. */
  step() {
    const { state, next, increment } = this;
    let carry = 0;
    for (let k = 0; k < PARTS; k++) {
      let sum = carry + increment[k];
      for (let n = 0; n <= k; n++) sum += state[n] * MULTIPLIER[k - n];
      next[k] = sum & 0xffff;
      carry = Math.floor(sum / 0x10000);
    }
    this.state = next;
    this.next = state;
  }

  /** Draw 64 bits into `high` and `low`: both halves of the state mixed and turned. */
  draw() {
    this.step();
    const [a, b, c, d, e, f, g, h] = this.state;
    const low = ((b << 16) | a) ^ ((f << 16) | e);
    const high = ((d << 16) | c) ^ ((h << 16) | g);
    const turn = h >>> 10;
    const [x, y] = turn & 32 ? [low, high] : [high, low];
    const by = turn & 31;
    this.high = (by ? (x >>> by) | (y << (32 - by)) : x) >>> 0;
    this.low = (by ? (y >>> by) | (x << (32 - by)) : y) >>> 0;
  }

  /** The next 32 bits: the lower half of 64, then the upper. */
  next32() {
    if (this.half >= 0) {
      const half = this.half;
      this.half = -1;
      return half;
    }
    this.draw();
    this.half = this.high;
    return this.low;
  }

  /** A number from 0 to 1, without 1. */
  random() {
    this.draw();
    return (this.high * 2 ** 21 + (this.low >>> 11)) / 2 ** 53;
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
   * Integers from 0 to `bound` - 1, below 2**21, by Lemire's method, as NumPy draws them.
   * @param {number} bound @param {number} count
   */
  integers(bound, count) {
    const values = new Int32Array(count);
    if (bound <= 1) return values; // without a draw
    const least = (2 ** 32 - bound) % bound;
    for (let n = 0; n < count; n++) {
      let product = this.next32() * bound; // exact for a bound below 2**21
      while (product % 2 ** 32 < least) product = this.next32() * bound;
      values[n] = Math.floor(product / 2 ** 32);
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
