/** Values as Python writes them: in an error (`short_repr`), and as JSON (`json.dumps`). */

/** What `str.isspace` holds for, inside a character class. */
export const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "u");
const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;

/** The parts of a text between white space: `str.split()`. @param {string} text */
export const splitWords = (text) => text.split(SPACES).filter(Boolean);

/** Whether `str.isprintable` holds for one character. @param {string} sign */
export const isPrintable = (sign) => sign === " " || !NOT_PRINTABLE.test(sign);

/** A float: `repr(float)`. @param {number} value */
export function floatRepr(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [digits, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) {
    const text = Math.abs(value) < 1e-6 && value !== 0 ? value.toFixed(20) : String(value);
    return /[.]/.test(text) ? text : `${Object.is(value, -0) ? "-0" : text}.0`;
  }
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** A number as Python reads it from JSON: whole numbers without an exponent are int. @param {number} value */
function numberRepr(value) {
  const text = JSON.stringify(value);
  return /[.e]|null/.test(text) ? floatRepr(value) : text;
}

/** @param {string} text */
function stringRepr(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  /** @type {Record<string, string>} */
  const named = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [quote]: `\\${quote}` };
  const escaped = Array.from(text, (sign) => {
    if (sign in named) return named[sign];
    if (isPrintable(sign)) return sign;
    const code = /** @type {number} */ (sign.codePointAt(0));
    const hex = code.toString(16);
    if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return `${quote}${escaped.join("")}${quote}`;
}

/** A value that came as JSON: `repr(value)`. @param {any} value @returns {string} */
export function repr(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return numberRepr(value);
  if (typeof value === "string") return stringRepr(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  const items = Object.entries(value).map(([name, item]) => `${repr(name)}: ${repr(item)}`);
  return `{${items.join(", ")}}`;
}

/** A value as it stands in an error: one line of at most 40 characters. @param {any} value */
export function shortRepr(value) {
  const signs = Array.from(splitWords(repr(value)).join(" "));
  return signs.length <= 40 ? signs.join("") : `${signs.slice(0, 39).join("")}…`;
}

/** A value as `json.dumps(value, ensure_ascii=False)` writes it. @param {any} value @returns {string} */
export function toJson(value) {
  if (Array.isArray(value)) return `[${value.map(toJson).join(", ")}]`;
  if (value && typeof value === "object") {
    const items = Object.entries(value).map(([name, item]) => `${toJson(name)}: ${toJson(item)}`);
    return `{${items.join(", ")}}`;
  }
  return typeof value === "number" ? numberRepr(value) : (JSON.stringify(value) ?? "null");
}

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. @param {string} text */
export const byteLength = (text) => encoder.encode(text).length;
