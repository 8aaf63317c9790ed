// A page is built from elements, never from HTML strings: text from tenants can not become markup.

const present = (child) => child !== null && child !== undefined && child !== false;

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (!present(value)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(present));
  return element;
}

/** h("td", {class: "end-cell"}, "12"): an element with attributes, listeners (onclick) and children. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Replaces what an element holds. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(present));
  return element;
}

const named = (element) => element.getAttribute("aria-label") ?? element.textContent;

/** Replaces what an element holds; the focus goes to what is called as the element that had it. */
export function putKeepingFocus(element, ...children) {
  const focused = document.activeElement;
  const held = element.contains(focused);
  put(element, ...children);
  if (held) [...element.querySelectorAll("a, button, input, [tabindex]")].find((one) => named(one) === named(focused))?.focus({preventScroll: true});
  return element;
}

/** Whether the window is as narrow as a phone; what is drawn then is drawn smaller. */
export const narrow = () => matchMedia("(max-width: 640px)").matches;

let ids = 0;
export const id = (stem) => `${stem}-${++ids}`;

/** After the given pause without a further call, runs the action once. */
export function afterPause(millis, action) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), millis);
  };
}

/** Waits; ends early, without an error, when the page is left. */
export const pause = (millis, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, millis);
  signal?.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, {once: true});
});

/** Runs the action again and again until the page is left; a page in the background rests. */
export async function repeat(millis, signal, action) {
  while (!signal.aborted) {
    if (!document.hidden) await action();
    await pause(millis, signal);
  }
}
