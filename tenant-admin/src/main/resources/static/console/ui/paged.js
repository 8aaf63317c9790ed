import {page} from "../app/api.js";
import {h, put} from "./dom.js";
import {button, notAvailable, empty, skeleton, table} from "./parts.js";
import {announce} from "./toast.js";

/**
 * A table of a list that the server gives in pages by cursor. Further pages are added below, so that what
 * was read stays where it was.
 */
export function pagedTable(label, path, columns, nothing, {keep = () => true, missing, limit = 50} = {}) {
  const place = h("div", {}, skeleton(7));
  let rows = [];
  let cursor = null;

  const draw = () => {
    const shown = rows.filter(keep);
    put(place,
      shown.length ? table(label, columns, shown) : rows.length ? empty("search", "Nothing matches", "Try another search.") : nothing(),
      cursor && h("div", {class: "more"}, button("Show more", more, {style: "small"})));
  };
  const more = async () => {
    const next = await page(path(), {cursor, limit});
    rows = rows.concat(next.items);
    cursor = next.nextCursor;
    draw();
    announce(`${rows.length} rows`);
  };
  place.redraw = draw;
  place.refresh = async () => {
    try {
      const first = await page(path(), {limit});
      rows = first.items;
      cursor = first.nextCursor;
      draw();
    } catch (error) {
      put(place, error.missing && missing ? notAvailable(missing)
        : empty("bad", "This could not be loaded", error.message, button("Try again", place.refresh)));
    }
  };
  place.refresh();
  return place;
}
