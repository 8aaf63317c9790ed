import {h} from "./dom.js";

export const NONE = "–";
const absent = (value) => value === undefined || value === null;

export const number = (value) => absent(value) ? NONE : Number(value).toLocaleString("en");

export const compact = (value) => absent(value) ? NONE
  : Number(value).toLocaleString("en", {notation: "compact", maximumFractionDigits: 1});

export const percent = (part, whole) => whole > 0 ? `${Math.round(100 * part / whole)}%` : NONE;

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function bytes(value) {
  if (absent(value)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function millis(value) {
  if (absent(value)) return NONE;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
}

export function money(value, currency) {
  if (absent(value)) return NONE;
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2;
  try {
    return Number(value).toLocaleString("en", {style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits});
  } catch {
    return `${Number(value).toFixed(digits)} ${currency ?? ""}`.trim();
  }
}

const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [7, "day"]];

function relative(date) {
  let distance = (date - Date.now()) / 1000;
  if (Math.abs(distance) < 10) return "just now";
  const words = new Intl.RelativeTimeFormat("en", {numeric: "auto"});
  for (const [size, unit] of STEPS) {
    if (Math.abs(distance) < size) return words.format(Math.round(distance), unit);
    distance /= size;
  }
  return date.toLocaleDateString("en", {dateStyle: "medium"});
}

/** "Nov 21, 15:03:07", with the year where it is another one. */
const exact = (date) => date.toLocaleString("en", {month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", year: date.getFullYear() === new Date().getFullYear() ? undefined : "numeric"});

/** "3 minutes ago", with the exact time on it. */
export function ago(instant) {
  if (!instant) return h("span", {class: "soft"}, NONE);
  const date = new Date(instant);
  return h("time", {datetime: date.toISOString(), title: exact(date)}, relative(date));
}

/** The exact time. */
export function time(instant) {
  if (!instant) return h("span", {class: "soft"}, NONE);
  const date = new Date(instant);
  return h("time", {datetime: date.toISOString(), title: date.toISOString()}, exact(date));
}

/** An instant as <input type="datetime-local"> shows it, in the browser's time zone. */
export function localOf(instant) {
  if (!instant) return "";
  const date = new Date(instant);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What <input type="datetime-local"> shows as an instant, or null. */
export const instantOf = (local) => local ? new Date(local).toISOString() : null;
