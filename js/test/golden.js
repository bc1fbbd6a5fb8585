/** The messages that the real explorer sent, as js/test/golden keeps them. */
import { readFileSync } from "node:fs";
import { decode } from "../kit/wire.js";

/** @param {string} name */
export function message(name) {
  const { header, buffer } = JSON.parse(
    readFileSync(new URL(`golden/lookup-${name}.json`, import.meta.url), "utf8"),
  );
  return { header, buffer: new Uint8Array(Buffer.from(buffer, "base64")) };
}

/** @param {string} name */
export const trace = (name) => decode(message(name));
