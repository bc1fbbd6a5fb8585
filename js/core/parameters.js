/**
 * Parameters: each checks a value that came from a control, and knows its limits.
 *
 * The same checks and sentences as `embedlab.explorers.traits`. Values are plain JSON.
 */
import { floatRepr, repr, shortRepr, toJson } from "./python_text.js";

/** An edit that cannot be: its text is the sentence that the view shows. */
export class Refusal extends Error {}

/**
 * @typedef {object} Parameter
 * @property {(value: any, name: string) => any} check  return the value as it is kept, or refuse it
 * @property {() => Record<string, any>} limits
 * @property {(value: any) => string} [json]  as Python writes it, where that is not what JSON writes
 */

export const SIZE_MAX = 2 ** 31 - 1;
const WEIGHT_MAX = 1e6;
const RATE_MIN = 0.0001;
const RATE_MAX = 10;

/** @param {string} must @param {any} received @param {string} cure @returns {never} */
export function refuse(must, received, cure) {
  throw new Refusal(`${must}. Received ${received}. ${cure}.`);
}

/** A number as Python's `float()` reads it; NaN for anything else. @param {any} value */
const asFloat = (value) => (["boolean", "number"].includes(typeof value) ? Number(value) : NaN);

/** @param {any} value @returns {value is number} */
const isWhole = (value) => typeof value === "number" && Number.isInteger(value);

/** An index as Python's `operator.index` reads it; NaN for anything else. @param {any} value */
const asIndex = (value) =>
  typeof value === "boolean" ? Number(value) : isWhole(value) ? value : NaN;

/** Whether a number of `asIndex` can be that of a row. @param {number} index */
const isPosition = (index) => index >= 0 && index <= SIZE_MAX;

/** @param {number} minimum @param {number} maximum @returns {Parameter} */
export function boundedInt(minimum, maximum) {
  return {
    limits: () => ({ min: minimum, max: maximum }),
    check(value, name) {
      if (isWhole(value) && value >= minimum && value <= maximum) return value;
      return refuse(
        `${name} must be an integer from ${minimum} to ${maximum}`,
        shortRepr(value),
        "Choose a value in this range",
      );
    },
  };
}

/** @param {string[]} choices @returns {Parameter} */
export function choice(...choices) {
  return {
    limits: () => ({ choices }),
    check(value, name) {
      if (choices.includes(value)) return value;
      const known = choices.map(repr).join(", ");
      return refuse(`${name} must be one of ${known}`, shortRepr(value), "Choose one of these");
    },
  };
}

/** @returns {Parameter} */
export function flag() {
  return {
    limits: () => ({ choices: [true, false] }),
    check(value, name) {
      if (typeof value === "boolean") return value;
      return refuse(`${name} must be True or False`, shortRepr(value), "Choose one of these");
    },
  };
}

/** @param {number} maximum @returns {Parameter} */
export function boundedText(maximum) {
  return {
    limits: () => ({ min: 0, max: maximum }),
    check(value, name) {
      if (typeof value !== "string")
        return refuse(`${name} must be text`, shortRepr(value), "Put it into quotes");
      const signs = Array.from(value);
      if (signs.length > maximum)
        return refuse(
          `${name} must have at most ${maximum} characters`,
          signs.length,
          "Take a part of it",
        );
      return signs.map((sign) => (/\p{Cs}/u.test(sign) ? "\ufffd" : sign)).join("");
    },
  };
}

/** @param {any} value @param {string} name */
export function checkRate(value, name) {
  const rate = typeof value === "number" ? value : NaN;
  if (rate >= RATE_MIN && rate <= RATE_MAX) return rate;
  return refuse(
    `a rate in ${name} must lie in 0.0001..10`,
    shortRepr(value),
    "Choose a value in this range",
  );
}

/** @returns {Parameter} */
export function learningRate() {
  return { limits: () => ({ min: RATE_MIN, max: RATE_MAX }), check: checkRate, json: floatRepr };
}

/**
 * At most `count` integers between two limits.
 * @param {number[]} example @param {number} count @param {number} minimum @param {number} maximum
 * @returns {Parameter}
 */
export function intList(example, count, minimum, maximum) {
  return {
    limits: () => ({ min: minimum, max: maximum }),
    check(value, name) {
      const empty = value === "" || repr(value) === "{}"; // Python reads each as a list
      const values = Array.isArray(value) ? value.map(asIndex) : empty ? [] : [NaN];
      if (values.length <= count && values.every((item) => item >= minimum && item <= maximum))
        return values;
      return refuse(
        `${name} must be at most ${count} integers from ${minimum} to ${maximum}`,
        shortRepr(value),
        `Write for instance ${repr(example)}`,
      );
    },
  };
}

/**
 * The names of a chain of layers; one name alone is a chain.
 * @param {string[]} choices @param {number} maximum @returns {Parameter}
 */
export function layerNames(choices, maximum) {
  return {
    limits: () => ({ choices, max: maximum }),
    check(value, name) {
      const names = Array.isArray(value) ? value : [value];
      const unknown = names.findIndex((item) => !choices.includes(item));
      if (unknown >= 0)
        refuse(
          `${name} must name known layers`,
          shortRepr(names[unknown]),
          `Choose from ${choices.filter((item) => !item.includes("(")).join(", ")}`,
        );
      if (names.length > maximum)
        refuse(
          `${name} must be at most ${maximum} after the embedding`,
          names.length,
          "Remove one first",
        );
      return names;
    },
  };
}

/**
 * Edited weights as [row, column, value]; the last entry for a cell counts.
 * @param {number} maximum @returns {Parameter}
 */
export function cellEdits(maximum) {
  return {
    limits: () => ({ min: 0, max: maximum }),
    json: (edits) =>
      `[${edits.map((/** @type {number[]} */ [r, c, v]) => `[${r}, ${c}, ${floatRepr(v)}]`).join(", ")}]`,
    check(value, name) {
      /** @type {Map<string, [number, number, number]>} */
      const cells = new Map();
      for (const entry of Array.isArray(value) ? value : [value]) {
        const parts = Array.isArray(entry) && entry.length === 3 ? entry : [NaN, NaN, NaN];
        const [row, column, weight] = [asIndex(parts[0]), asIndex(parts[1]), asFloat(parts[2])];
        if (!isPosition(row) || !isPosition(column) || !(Math.abs(weight) <= WEIGHT_MAX))
          refuse(
            `${name} must be a list of [row, column, value], the value within ±1 000 000`,
            shortRepr(entry),
            "Write for instance [[5, 0, 0.25]]",
          );
        cells.set(`${row} ${column}`, [row, column, weight]);
      }
      if (cells.size > maximum)
        refuse(
          `${name} must change at most ${maximum} weights`,
          cells.size,
          "Pass a changed table instead: table=..",
        );
      return [...cells.values()];
    },
  };
}

/**
 * Flipped bits as [scheme, row, byte, bit], bit 0 the lowest; flipping twice is not flipping.
 * @param {string[]} schemes @param {number} maximum @returns {Parameter}
 */
export function bitFlips(schemes, maximum) {
  return {
    limits: () => ({ min: 0, max: maximum }),
    check(value, name) {
      /** @type {Map<string, { at: any[], on: boolean }>} */
      const flipped = new Map();
      for (const entry of Array.isArray(value) ? value : [value]) {
        const parts = Array.isArray(entry) && entry.length === 4 ? entry : ["", NaN, NaN, NaN];
        const at = [parts[0], ...parts.slice(1).map(asIndex)];
        if (!schemes.includes(at[0]) || !at.slice(1).every(isPosition) || at[3] > 7)
          refuse(
            `${name} must be a list of [scheme, row, byte, bit], the bit 0 to 7`,
            shortRepr(entry),
            `Write for instance [['${schemes[0]}', 2, 0, 7]]`,
          );
        const key = at.join(" ");
        flipped.set(key, { at, on: !flipped.get(key)?.on });
      }
      const flips = [...flipped.values()].filter(({ on }) => on).map(({ at }) => at);
      if (flips.length > maximum)
        refuse(`${name} must flip at most ${maximum} bits`, flips.length, "Flip some of them back");
      return flips;
    },
  };
}

/**
 * A few optimizers with their rates, as [name, rate] or by name.
 * @param {Record<string, number>} rates @param {number} maximum @returns {Parameter}
 */
export function optimizerRuns(rates, maximum) {
  const names = Object.keys(rates);
  return {
    limits: () => ({ min: RATE_MIN, max: RATE_MAX, choices: names, rates, most: maximum }),
    check(value, name) {
      /** @param {any} received @returns {never} */
      const stop = (received) =>
        refuse(
          `${name} must be 1 to ${maximum} of ${names.join(", ")}, each by name or as [name, rate]`,
          shortRepr(received),
          "Write for instance [['adam', 0.05]]",
        );
      if (!Array.isArray(value) || !value.length || value.length > maximum) stop(value);
      return value.map((/** @type {any} */ entry) => {
        const pair = typeof entry === "string" ? [entry, null] : entry;
        if (!Array.isArray(pair) || pair.length !== 2 || !names.includes(pair[0])) stop(entry);
        return [pair[0], pair[1] === null ? rates[pair[0]] : checkRate(pair[1], name)];
      });
    },
  };
}

/**
 * A branch of a run, [run, step, optimizer, rate], counted from 0, or [] for none.
 * @param {string[]} optimizers @param {number} runs @param {number} steps @returns {Parameter}
 */
export function branchPoint(optimizers, runs, steps) {
  return {
    limits: () => ({ min: 0, max: steps }),
    check(value, name) {
      if (Array.isArray(value) && !value.length) return [];
      const parts = Array.isArray(value) && value.length === 4 ? value : [NaN, NaN, "", NaN];
      const [run, step, optimizer] = [asIndex(parts[0]), asIndex(parts[1]), parts[2]];
      const inside = run >= 0 && run < runs && step >= 0 && step <= steps;
      if (!inside || !optimizers.includes(optimizer))
        refuse(
          `${name} must be [] or [run, step, optimizer, rate], run from 0 to ${runs - 1} and step from 0 to ${steps}`,
          shortRepr(value),
          "Write for instance [0, 40, 'lazy adam', 0.05]",
        );
      return [run, step, optimizer, checkRate(parts[3], name)];
    },
  };
}

/** All parameters as `json.dumps` writes them. @param {Record<string, Parameter>} parameters @param {Record<string, any>} values */
export function paramsJson(parameters, values) {
  const items = Object.entries(parameters).map(
    ([name, parameter]) => `${toJson(name)}: ${(parameter.json ?? toJson)(values[name])}`,
  );
  return `{${items.join(", ")}}`;
}
