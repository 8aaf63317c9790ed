import {svg} from "./dom.js";

// Drawn on a 24 × 24 grid with a line of 1.8.
const PATHS = {
  tenants: "M4 20V6l8-3v17M12 20V9l8 3v8M3 20h18M7.5 9v.01M7.5 13v.01M16 14.5v.01",
  engine: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  usage: "M4 20V4M4 20h16M8.5 16v-5M13 16V7M17.5 16v-7",
  playground: "M4 5h16v11H10l-5 4v-4H4zM8.5 9h7M8.5 12h4",
  audit: "M6 3h9l4 4v14H6zM14 3v5h5M9.5 12.5h6M9.5 16.5h6",
  docs: "M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM21 4h-6a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h6z",
  key: "M14.5 9.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M11 13l-7 7M6 18l2 2M8.5 15.5l2 2",
  prompt: "M5 4h14v16H5zM8.5 8.5h7M8.5 12h7M8.5 15.5h4",
  pin: "M9 3h6l-1 6 3 4H7l3-4zM12 13v8",
  plus: "M12 5v14M5 12h14",
  search: "M11 11m-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M16 16l4.5 4.5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  warn: "M12 4L2.5 20h19zM12 10v4.5M12 17.5v.01",
  bad: "M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 7.5v5.5M12 16.5v.01",
  info: "M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 11v5.5M12 7.5v.01",
  more: "M5 12m-.6 0a.6 .6 0 1 0 1.2 0a.6 .6 0 1 0-1.2 0M12 12m-.6 0a.6 .6 0 1 0 1.2 0a.6 .6 0 1 0-1.2 0M19 12m-.6 0a.6 .6 0 1 0 1.2 0a.6 .6 0 1 0-1.2 0",
  down: "M6 9l6 6 6-6",
  download: "M12 4v11M7 10.5l5 5 5-5M4 20h16",
  send: "M4 12l16-8-5 16-3.5-6.5z",
  stop: "M7 7h10v10H7z",
  sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  screen: "M3 5h18v11H3zM9 20h6M12 16v4",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  offline: "M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 5-2.8M19 12a10 10 0 0 0-4.5-2.6M12 19v.01",
  flame: "M12 3c1 4 5 5.5 5 10.5a5 5 0 0 1-10 0c0-2 1-3.5 2-4.5 0 2 1 3 2 3 0-4-1-6 1-9z",
  swap: "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
  back: "M9 6l-5 5 5 5M4 11h10a6 6 0 0 1 6 6v2",
  tag: "M4 4h8l8 8-8 8-8-8zM8.5 8.5v.01",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  rotate: "M20 11a8 8 0 0 0-14-4.5L4 8.5M4 4v4.5h4.5M4 13a8 8 0 0 0 14 4.5l2-2M20 20v-4.5h-4.5",
  play: "M8 5l11 7-11 7z",
  pause: "M9 5v14M15 5v14",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
};

/** A decorative icon: the words beside it say what it means. */
export const icon = (name) => svg("svg", {
  class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 1.8,
  "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
}, svg("path", {d: PATHS[name]}));
