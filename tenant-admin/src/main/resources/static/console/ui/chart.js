import {h, id, narrow, svg} from "./dom.js";
import {compact} from "./format.js";

const HEIGHT = 210;
const LEFT = 46;
const BOTTOM = 24;
const TOP = 10;

/** As many units as it has room: letters keep their size on a phone. */
const extent = () => narrow() ? 320 : 500;

/** A round number at or above a maximum whose quarters are whole: counts have no halves. */
function roundUp(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1.2, 2, 4, 8, 12].find((step) => step * power >= value) * power;
}

function axes(top, labels, x, format, wide) {
  const y = (part) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - part);
  const every = Math.ceil(labels.length / (wide / 80));
  return [
    [0, 0.25, 0.5, 0.75, 1].map((part) => [
      svg("line", {class: part ? "grid" : "axis", x1: LEFT, x2: wide, y1: y(part), y2: y(part)}),
      svg("text", {class: "tick", x: LEFT - 8, y: y(part) + 4, "text-anchor": "end"}, format(top * part)),
    ]),
    labels.map((label, at) => at % every === 0
      && svg("text", {class: "tick", x: x(at), y: HEIGHT - 6, "text-anchor": "middle"}, label)),
  ];
}

const frame = (label, wide, ...content) => svg("svg", {class: "chart", viewBox: `0 0 ${wide} ${HEIGHT}`, role: "img", "aria-label": label}, content);

/**
 * Stacked bars. The same numbers stand in a table below, for those who can not see the bars.
 *
 * @param labels one for each bar
 * @param series [{name, colour (0..7), values}]
 */
export function bars(title, labels, series, format = compact) {
  const totals = labels.map((_, at) => series.reduce((sum, one) => sum + one.values[at], 0));
  const top = roundUp(Math.max(...totals, 0));
  const wide = extent();
  const step = (wide - LEFT) / Math.max(labels.length, 1);
  const width = Math.max(1, Math.min(34, step * 0.68));
  const x = (at) => LEFT + step * (at + 0.5);
  const scale = (HEIGHT - TOP - BOTTOM) / top;
  const stack = (at) => {
    let base = HEIGHT - BOTTOM;
    return series.map((one) => {
      const height = one.values[at] * scale;
      base -= height;
      return height > 0 && svg("rect", {class: `series-${one.colour}`, x: x(at) - width / 2, y: base, width, height: Math.max(height, 0.75)});
    });
  };
  const words = (at) => `${labels[at]}: ${series.map((one) => `${one.name} ${format(one.values[at])}`).join(", ")}`;
  const total = format(totals.reduce((sum, one) => sum + one, 0));
  return h("figure", {class: "figure"},
    legend(series),
    frame(`${title}: ${total} in ${labels.length} intervals, at most ${format(Math.max(...totals, 0))} in one`, wide,
      axes(top, labels, x, format, wide),
      labels.map((_, at) => svg("g", {class: "bar"}, svg("title", {}, words(at)),
        svg("rect", {class: "hit", x: x(at) - step / 2, y: TOP, width: step, height: HEIGHT - TOP - BOTTOM}), stack(at)))),
    asTable(title, labels, series, format));
}

/**
 * Lines over time, the newest at the right, always over the same span.
 *
 * @param span how many values fill the width
 */
export function lines(title, series, span, format = compact) {
  const top = roundUp(Math.max(...series.flatMap((one) => one.values), 0));
  const wide = extent();
  const x = (at, length) => LEFT + (wide - LEFT) * (span - length + at) / (span - 1);
  const y = (value) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
  const labels = ["2 min ago", "90 s", "60 s", "30 s", "now"];
  const path = (values) => values.map((value, at) => `${at ? "L" : "M"}${x(at, values.length).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return h("figure", {class: "figure"},
    legend(series.map((one) => ({...one, name: `${one.name} ${format(one.values.at(-1) ?? 0)}`}))),
    frame(`${title}, now: ${series.map((one) => `${one.name} ${format(one.values.at(-1) ?? 0)}`).join(", ")}`, wide,
      axes(top, [], x, format, wide),
      labels.map((label, at) => svg("text", {class: "tick", x: LEFT + (wide - LEFT) * at / 4, y: HEIGHT - 6,
        "text-anchor": at === 0 ? "start" : at === 4 ? "end" : "middle"}, label)),
      series.map((one) => one.values.length > 1 && [
        svg("path", {class: `area series-${one.colour}`, d: `${path(one.values)}V${HEIGHT - BOTTOM}H${x(0, one.values.length)}Z`}),
        svg("path", {class: `line stroke-${one.colour}`, d: path(one.values)}),
      ])));
}

const legend = (series) => h("ul", {class: "legend"}, series.map((one) => h("li", {}, swatch(one.colour), one.name)));

export const swatch = (colour) => svg("svg", {class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true"},
  svg("rect", {class: `series-${colour}`, width: 10, height: 10, rx: 3}));

function asTable(title, labels, series, format) {
  const caption = id("numbers");
  return h("details", {class: "numbers"}, h("summary", {id: caption}, "Show as a table"),
    h("div", {class: "table-scroll", tabindex: "0", role: "group", "aria-labelledby": caption}, h("table", {}, h("caption", {class: "hidden-text"}, title),
      h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "Interval"), series.map((one) => h("th", {scope: "col", class: "end-cell"}, one.name)))),
      h("tbody", {}, labels.map((label, at) => h("tr", {}, h("th", {scope: "row"}, label),
        series.map((one) => h("td", {class: "end-cell"}, format(one.values[at])))))))));
}
