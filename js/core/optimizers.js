/** Update rules with their slots, in single precision: `embedlab.core.skipgram.recorded`. */

/** @typedef {"sgd" | "momentum" | "adagrad" | "rmsprop" | "adam" | "lazy adam" | "sgd + l2"} Rule */

/** The slots of each rule. @type {Record<Rule, string[]>} */
export const SLOT_NAMES = {
  sgd: [],
  momentum: ["velocity"],
  adagrad: ["accumulator"],
  rmsprop: ["average"],
  adam: ["m", "v"],
  "lazy adam": ["m", "v"],
  "sgd + l2": [],
};

/** A default rate for each rule. @type {Record<Rule, number>} */
export const RATES = {
  sgd: 1,
  momentum: 0.2,
  adagrad: 0.2,
  rmsprop: 0.03,
  adam: 0.05,
  "lazy adam": 0.05,
  "sgd + l2": 1,
};

const round = Math.fround;
const [BETA, BETA_2] = [0.9, 0.999];
const [MOMENTUM, RHO] = [round(0.9), round(0.9)];
const [REST, REST_2] = [round(1 - BETA), round(1 - BETA_2)];
const EPSILON = round(1e-7);
const DECAY = round(0.02); // of the penalty 0.01 w²
const START = round(0.1); // Adagrad's

/** What a slot begins with. @param {Rule} rule */
export const slotStart = (rule) => (rule === "adagrad" ? START : 0);

/** Whether a rule updates all rows; the penalty is on the table alone. @param {Rule} rule @param {number} side */
export const isDense = (rule, side) =>
  rule === "momentum" || rule === "rmsprop" || rule === "adam" || (rule === "sgd + l2" && !side);

/** The rate of a step, counted from 1, as the formula uses it. @param {Rule} rule @param {number} rate @param {number} time */
export function rateOf(rule, rate, time) {
  if (rule !== "adam" && rule !== "lazy adam") return round(rate);
  const first = round(1 - round(round(BETA) ** time));
  const second = round(1 - round(round(BETA_2) ** time));
  return round(round(round(rate) * round(Math.sqrt(second))) / first);
}

/**
 * Update one weight and its slots in place.
 * @param {Rule} rule @param {number} side @param {number} rate @param {number} g
 * @param {Float32Array} weights @param {Float32Array} one @param {Float32Array} two  slots
 * @param {number} n
 */
export function updateWeight(rule, side, rate, g, weights, one, two, n) {
  const w = weights[n];
  switch (rule) {
    case "sgd":
      weights[n] = w - round(g * rate);
      return;
    case "sgd + l2":
      weights[n] = w - round((side ? g : round(g + round(DECAY * w))) * rate);
      return;
    case "momentum":
      one[n] = round(one[n] * MOMENTUM) - round(g * rate);
      weights[n] = w + one[n];
      return;
    case "adagrad":
      one[n] = one[n] + round(g * g);
      weights[n] = w - round(round(rate * g) / round(Math.sqrt(round(one[n] + EPSILON))));
      return;
    case "rmsprop":
      one[n] = round(RHO * one[n]) + round(REST * round(g * g));
      weights[n] = w - round(round(rate * g) / round(Math.sqrt(round(one[n] + EPSILON))));
      return;
    default: // Adam, dense or lazy
      one[n] = one[n] + round(round(g - one[n]) * REST);
      two[n] = two[n] + round(round(round(g * g) - two[n]) * REST_2);
      weights[n] = w - round(round(rate * one[n]) / round(round(Math.sqrt(two[n])) + EPSILON));
  }
}
