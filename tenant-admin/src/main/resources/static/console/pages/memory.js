import {h, narrow, svg} from "../ui/dom.js";
import {swatch} from "../ui/chart.js";
import {bytes, number, percent, plural} from "../ui/format.js";

const columns = () => narrow() ? 48 : 128;
const ROWS = 16;
const CELL = 10;
const COLOURS = 8;

/** A colour for each tenant; it keeps it while the page is open. */
const chosen = new Map();
export function colours(systemKvs) {
  for (const {tenantId} of systemKvs) if (!chosen.has(tenantId)) chosen.set(tenantId, chosen.size % COLOURS);
  return (tenantId) => chosen.get(tenantId) ?? COLOURS - 1;
}

/** The system KVs that hold blocks, a tenant's side by side. */
function parts(s, systemKvs, blockBytes, colour) {
  const held = systemKvs.filter((kv) => kv.bytes > 0).map((kv) => ({
    name: `${kv.tenantName ?? kv.tenantId} ${kv.versionId}`, tenantId: kv.tenantId, blocks: Math.round(kv.bytes / blockBytes),
    style: `series-${colour(kv.tenantId)}`, pinned: kv.pinned,
  }));
  held.sort((a, b) => a.tenantId.localeCompare(b.tenantId));
  // Versions of one tenant lie side by side in its colour: every other one is paler.
  held.forEach((part, at) => {
    const before = held[at - 1];
    if (before?.tenantId === part.tenantId && !before.style.endsWith(" paler")) part.style += " paler";
  });
  if (s.requestBlocks > 0) held.push({name: "Running chats", blocks: s.requestBlocks, style: "series-chat", pinned: false});
  return held;
}

/**
 * The pool as a field of cells, filled from the top left. Every cell is the same number of blocks; a part that
 * holds any has at least one cell.
 */
export function memoryMap(s, systemKvs, blockBytes, colour) {
  const held = parts(s, systemKvs, blockBytes, colour);
  const wide = columns();
  const perCell = Math.max(1, s.totalBlocks / (wide * ROWS));
  const cells = Math.round(s.totalBlocks / perCell);
  const rows = Math.ceil(cells / wide);
  const height = rows * CELL;
  let from = 0;
  const runs = held.map((part) => {
    const count = Math.min(cells - from, Math.max(1, Math.round(part.blocks / perCell)));
    const rects = strips(from, count, wide);
    from += count;
    return svg("g", {}, svg("title", {}, `${part.name}: ${plural(part.blocks, "block")}, ${bytes(part.blocks * blockBytes)}${part.pinned ? ", pinned" : ""}`),
      rects.map((box) => svg("rect", {...box, class: part.style})), part.pinned && rects.map((box) => svg("rect", {...box, class: "pinned"})));
  });
  const words = held.map((part) => `${part.name} ${plural(part.blocks, "block")}${part.pinned ? ", pinned" : ""}`).concat(`free ${plural(s.freeBlocks, "block")}`);
  return h("div", {class: "figure"},
    svg("svg", {class: "map", viewBox: `0 0 ${wide * CELL} ${height}`, role: "img", "aria-label": `KV memory: ${words.join("; ")}`},
      svg("defs", {},
        svg("pattern", {id: "pinned-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
          svg("line", {class: "hatch", x1: 0, y1: 0, x2: 0, y2: 6})),
        svg("pattern", {id: "lattice", width: CELL, height: CELL, patternUnits: "userSpaceOnUse"},
          svg("path", {class: "lattice", d: `M${CELL} 0V${CELL}H0`}))),
      runs, svg("rect", {width: wide * CELL, height, fill: "url(#lattice)", "pointer-events": "none"})),
    h("div", {class: "spread"},
      h("ul", {class: "legend"}, held.map((part) => h("li", {}, keyOf(part), h("b", {}, part.name), `${bytes(part.blocks * blockBytes)}${part.pinned ? ", pinned" : ""}`)),
        h("li", {}, keyOf({style: "series-free"}), h("b", {}, "Free"), bytes(s.freeBlocks * blockBytes)))),
    h("p", {class: "tiny soft numeric"}, `${number(s.totalBlocks)} blocks of ${s.blockTokens} tokens, ${percent(s.totalBlocks - s.freeBlocks, s.totalBlocks)} in use; `
      + `${number(s.pinnedBlocks)} of at most ${number(s.pinBudgetBlocks)} pinned. Hatched: pinned. A cell is ${perCell === 1 ? "one block" : `${perCell.toFixed(1)} blocks`}.`));
}

const keyOf = (part) => svg("svg", {class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true"},
  svg("rect", {class: part.style, width: 10, height: 10, rx: 3}), part.pinned && svg("path", {class: "hatch", d: "M2 8L8 2"}));

/** The cells [from, from + count) as at most three rectangles a run: first row, whole rows, last row. */
function strips(from, count, wide) {
  const boxes = [];
  let at = from;
  while (at < from + count) {
    const column = at % wide;
    const left = from + count - at;
    const whole = column === 0 ? Math.floor(left / wide) : 0;
    const width = whole ? wide : Math.min(left, wide - column);
    boxes.push({x: column * CELL, y: Math.floor(at / wide) * CELL, width: width * CELL, height: Math.max(1, whole) * CELL});
    at += whole ? whole * wide : width;
  }
  return boxes;
}

/** Groups of the batch as bars, and how many of their tokens were relayed. */
export function batchPicture(s, systemKvs, colour) {
  const groups = systemKvs.filter((kv) => kv.sequences > 0)
    .map((kv) => ({name: `${kv.tenantName ?? kv.tenantId} ${kv.versionId}`, size: kv.sequences, style: `series-${colour(kv.tenantId)}`}))
    .sort((a, b) => b.size - a.size);
  const alone = s.runningSequences - groups.reduce((sum, group) => sum + group.size, 0);
  if (alone > 0) groups.push({name: "Without a group", size: alone, style: "series-chat"});
  const most = Math.max(1, ...groups.map((group) => group.size));
  const shared = s.relayedTokens + s.plainTokens;
  return h("div", {class: "figure"},
    h("ul", {class: "legend"}, h("li", {}, swatch(0), `Relayed ${percent(s.relayedTokens, shared)}`), h("li", {}, swatch(7), `Plain ${percent(s.plainTokens, shared)}`)),
    svg("svg", {class: "ratio", viewBox: "0 0 100 3", preserveAspectRatio: "none", role: "img", "aria-label": `Of the tokens with a system prompt ${percent(s.relayedTokens, shared)} were relayed`},
      svg("rect", {class: "series-free", width: 100, height: 3}),
      shared > 0 && [svg("rect", {class: "series-0", width: 100 * s.relayedTokens / shared, height: 3}),
        svg("rect", {class: "series-7", x: 100 * s.relayedTokens / shared, width: 100 * s.plainTokens / shared, height: 3})]),
    h("div", {class: "groups groups-space"}, groups.length ? groups.map((group) => h("div", {class: "group"}, h("span", {class: "name", title: group.name}, group.name),
      svg("svg", {viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true"}, svg("rect", {class: group.style, width: 100 * group.size / most, height: 10, rx: 1})),
      h("span", {class: "end-cell"}, plural(group.size, "chat")))) : h("p", {class: "soft"}, "Nothing runs at the moment.")));
}
