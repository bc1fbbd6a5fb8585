/** The messages that the real explorer sent, as js/test/golden keeps them. */
import { readFileSync } from "node:fs";
import { decode } from "../kit/wire.js";

/** @param {string} name @param {string} [view] */
export function message(name, view = "lookup") {
  const { header, buffer } = JSON.parse(
    readFileSync(new URL(`golden/${view}-${name}.json`, import.meta.url), "utf8"),
  );
  return { header, buffer: new Uint8Array(Buffer.from(buffer, "base64")) };
}

/** @param {string} name @param {string} [view] */
export const trace = (name, view) => decode(message(name, view));
