/**
 * A page in a frame of another page: that may say which theme it has, and learns how high this page is.
 */
export function talkToHost() {
  if (parent === window) return;
  const { classList, style } = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  classList.add("framed");
  addEventListener("message", ({ source, data }) => {
    const theme = source === parent && data?.embedlab?.theme;
    const now = style.colorScheme || (dark.matches ? "dark" : "light");
    // the same again would draw the view again
    if (["light", "dark"].includes(theme) && theme !== now) style.colorScheme = theme;
  });
  new ResizeObserver(() => {
    const height = document.documentElement.offsetHeight;
    parent.postMessage({ embedlab: { height } }, "*");
  }).observe(document.documentElement);
}
