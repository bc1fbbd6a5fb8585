// Frames of live views: each gets the theme of this page, and is as high as the page in it.
const frames = () => [...document.querySelectorAll(".live-view iframe")];
const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");
const BORDERS = 2; // px
const dress = (page) => page.postMessage({ embedlab: { theme: theme() } }, "*");

addEventListener("message", ({ source, data }) => {
  const frame = frames().find((one) => one.contentWindow === source);
  const height = data?.embedlab?.height;
  if (!frame || !(height > 0)) return;
  frame.style.height = `${Math.ceil(height) + BORDERS}px`;
  dress(source);
});

new MutationObserver(() => frames().forEach((frame) => dress(frame.contentWindow))).observe(
  document.documentElement,
  { attributes: true, attributeFilter: ["data-theme"] },
);

// Paper is white: a dark page would be printed as gray letters.
const { dataset } = document.documentElement;
let shown;
addEventListener("beforeprint", () => {
  shown = dataset.theme;
  dataset.theme = "light";
});
addEventListener("afterprint", () => {
  dataset.theme = shown;
});
