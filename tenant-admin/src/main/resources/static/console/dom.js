// A page is built from elements, never from HTML strings: text from tenants can not become markup.

/** h("td", {class: "number"}, "12"): an element with attributes, listeners (onclick) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let fields = 0;

/** A label with its input. */
export function field(label, input) {
  input.id = input.id || `field-${++fields}`;
  return h("div", {class: "grow"}, h("label", {for: input.id}, label), input);
}

export function table(columns, rows, empty) {
  if (rows.length === 0) return h("p", {class: "muted"}, empty);
  return h("table", {},
    h("thead", {}, h("tr", {}, columns.map((column) =>
      h("th", {scope: "col", class: column.number ? "number" : null}, column.title)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column) =>
      h("td", {class: column.number ? "number" : column.actions ? "actions" : null}, column.cell(row)))))));
}

/** A button that is disabled while its action runs; a failed action is told, not thrown away. */
export function button(label, action, style = "") {
  const element = h("button", {type: "button", class: style}, label);
  element.addEventListener("click", async () => {
    element.disabled = true;
    try {
      await action();
    } catch (error) {
      tell(error.message, "bad");
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

/** A form whose submit runs an action. */
export function form(action, ...children) {
  const element = h("form", {}, ...children);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = element.querySelector("button[type=submit]");
    submit.disabled = true;
    try {
      await action();
    } catch (error) {
      tell(error.message, "bad");
    } finally {
      submit.disabled = false;
    }
  });
  return element;
}

export function tell(text, style = "") {
  const line = h("p", {class: style}, text);
  document.getElementById("notice").append(line);
  setTimeout(() => line.remove(), style === "bad" ? 9000 : 4000);
}

export const number = (value) => value === undefined || value === null ? "–" : value.toLocaleString("en");

export function bytes(value) {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function time(instant) {
  if (!instant) return "–";
  const date = new Date(instant);
  return h("time", {datetime: date.toISOString(), title: date.toISOString()},
    date.toLocaleString("en", {dateStyle: "medium", timeStyle: "short"}));
}

const badges = {
  active: "good", ACTIVE: "good", DEVICE: "good", resident: "good",
  FILLING: "warm", RESTORING: "warm", EVICTING: "warm", filling: "warm", queued: "warm",
  suspended: "bad", SUSPENDED: "bad", revoked: "bad", failed: "bad",
};

export const badge = (word) => h("span", {class: `badge ${badges[word] ?? ""}`}, word.toLowerCase());
