// Keeps a teacher's page up to date: what is unfolded, and what has the focus, stay so.
const main = document.querySelector("main");
const status = document.body.appendChild(document.createElement("p"));
status.setAttribute("role", "status");
const name = (item) =>
  item.id || item.getAttribute("href") || item.closest("details")?.querySelector("caption")?.textContent;
let last = "";
async function refresh() {
  let text;
  try {
    const reply = await fetch(location.pathname, { cache: "no-cache" });
    if (!reply.ok) throw new Error(reply.statusText);
    text = await reply.text();
  } catch {
    status.textContent = "No connection. Does embedlab collect still run?";
    return;
  }
  status.textContent = "";
  if (text === last) return;
  const open = new Set([...main.querySelectorAll("details[open]")].map(name));
  const focus = main.contains(document.activeElement) && name(document.activeElement);
  main.innerHTML = new DOMParser().parseFromString(text, "text/html").querySelector("main").innerHTML;
  last = text;
  for (const item of main.querySelectorAll("details")) item.open = open.has(name(item));
  if (focus) [...main.querySelectorAll("a, summary")].find((item) => name(item) === focus)?.focus();
}
setInterval(refresh, 3000);
