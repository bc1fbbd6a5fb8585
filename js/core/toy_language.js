/** The words of the made-up language, class by class: `embedlab.data.toy_language`. */

export const CLASSES = [
  "the a",
  "cat dog mouse horse",
  "girl boy king queen",
  "sun moon star",
  "bread soup cake",
  "cup bowl",
  "mat log bed",
  "garden forest house",
  "big small",
  "red blue",
  "sat slept stood",
  "ran jumped",
  "walked danced",
  "ate found",
  "cooked made",
  "shone glowed",
  "on",
  "in to",
  "of",
].map((words) => words.split(" "));

export const WORDS = CLASSES.flat();
