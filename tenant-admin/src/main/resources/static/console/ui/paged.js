import {page} from "../app/api.js";
import {h, put} from "./dom.js";
import {button, notAvailable, empty, skeleton, table} from "./parts.js";
import {announce} from "./toast.js";

/**
 * A table of a list that the server gives in pages by cursor. Further pages are added below, so that what
 * was read stays where it was. Where the server ends a page early, the next one is asked for.
 *
 * @param nothing what is shown where the list is empty
 */
export function pagedTable(label, path, columns, nothing, {missing, limit = 50} = {}) {
  const place = h("div", {}, skeleton(7));
  let rows = [];
  let cursor = null;
  let asked = 0;

  const draw = () => {
    put(place, rows.length ? table(label, columns, rows) : nothing(),
      cursor && h("div", {class: "more"}, button("Show more", more, {style: "small"})));
  };
  /** Adds rows until there are so many; false when another question has overtaken this one. */
  const read = async (wanted, known, from) => {
    const mine = ++asked;
    let found = known;
    let next = from;
    try {
      do {
        const part = await page(path(), {cursor: next, limit});
        if (mine !== asked) return false;
        found = found.concat(part.items);
        next = part.nextCursor;
      } while (next && found.length < wanted);
    } catch (error) {
      if (mine !== asked) return false;
      throw error;
    }
    [rows, cursor] = [found, next];
    return true;
  };
  const more = async () => {
    if (!await read(rows.length + 1, rows, cursor)) return;
    draw();
    announce(`${rows.length} rows`);
  };
  place.refresh = async () => {
    try {
      if (await read(1, [], null)) draw();
    } catch (error) {
      put(place, error.missing && missing ? notAvailable(missing)
        : empty("bad", "This could not be loaded", error.message, button("Try again", place.refresh)));
    }
  };
  place.refresh();
  return place;
}
