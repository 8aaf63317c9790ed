import {get} from "./api.js";
import {badge, bytes, h, number, svg, table, time} from "./dom.js";

const REFRESH_MILLIS = 1000;
// Hues a fixed step apart: neighbours on the map differ, and a tenant keeps its colour while the order holds.
const colour = (index) => `hsl(${(158 + index * 47) % 360} 38% 48%)`;

/** KV memory as a map by tenant, the batch and its counters, live. */
export async function engineView(signal) {
  const live = h("div", {});
  const draw = async () => live.replaceChildren(...picture(await get("/engine")));
  await draw();
  const timer = setInterval(() => draw().catch(() => {}), REFRESH_MILLIS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return [h("h1", {}, "Engine"), h("p", {class: "lead"}, "What the running batch and its KV memory hold, once a second."), live];
}

function picture({model, statistics: s, systemKvs}) {
  const relayed = s.relayedTokens + s.plainTokens;
  return [
    h("div", {class: "tiles"},
      tile(number(s.runningSequences), "running chats"),
      tile(number(s.waitingRequests), "waiting"),
      tile(number(s.lastStepGroups), "tenant groups in the last step"),
      tile(number(s.decodeTokens), "tokens generated"),
      tile(relayed ? `${Math.round(100 * s.relayedTokens / relayed)} %` : "–", "of shared tokens relayed"),
      tile(bytes(s.systemKvBytesSaved), "of system KV not read again")),
    h("section", {class: "card"},
      h("div", {class: "spread"}, h("h2", {}, "KV memory"),
        h("span", {class: "muted small"}, `${number(s.freeBlocks)} of ${number(s.totalBlocks)} blocks free, ${s.blockTokens} tokens each; `
          + `${number(s.pinnedBlocks)} of ${number(s.pinBudgetBlocks)} pinnable blocks pinned`)),
      ...memoryMap(s, systemKvs, model.kvBytesPerToken * s.blockTokens)),
    h("section", {class: "card"},
      h("h2", {}, "System KVs"),
      table([
        {title: "Tenant", cell: (kv) => h("a", {href: `#/tenants/${encodeURIComponent(kv.tenantId)}`}, kv.tenantName ?? kv.tenantId)},
        {title: "Version", cell: (kv) => h("code", {}, kv.versionId)},
        {title: "Residency", cell: (kv) => [badge(kv.residency), kv.pinned ? " pinned" : ""]},
        {title: "Tokens", number: true, cell: (kv) => number(kv.tokens)},
        {title: "Memory", number: true, cell: (kv) => bytes(kv.bytes)},
        {title: "Chats", number: true, cell: (kv) => number(kv.sequences)},
        {title: "Hits", number: true, cell: (kv) => number(kv.hits)},
        {title: "Fills", number: true, cell: (kv) => number(kv.fills)},
        {title: "Evictions", number: true, cell: (kv) => number(kv.evictions)},
        {title: "Last used", cell: (kv) => time(kv.lastUsed)},
      ], systemKvs, "No prompt has been used yet.")),
    h("p", {class: "muted small"}, `${model.id} · ${model.architecture} · ${number(model.parameterCount)} parameters · context `
      + `${number(model.contextLength)} tokens · ${bytes(model.kvBytesPerToken)} of KV a token`),
  ];
}

const tile = (value, label) => h("div", {class: "tile"}, h("b", {}, value), h("span", {}, label));

/** One bar as wide as the memory: each system KV, the running chats, and what is free. */
function memoryMap(s, systemKvs, blockBytes) {
  const parts = systemKvs.filter((kv) => kv.bytes > 0).map((kv, index) => ({
    name: kv.tenantName ?? kv.tenantId, blocks: Math.round(kv.bytes / blockBytes), fill: colour(index), pinned: kv.pinned,
  }));
  if (s.requestBlocks > 0) parts.push({name: "running chats", blocks: s.requestBlocks, fill: "var(--warm)"});
  const map = svg("svg", {class: "map", viewBox: `0 0 ${s.totalBlocks} 10`, preserveAspectRatio: "none", role: "img",
    "aria-label": parts.map((part) => `${part.name} ${part.blocks} blocks`).concat(`free ${s.freeBlocks} blocks`).join(", ")});
  let from = 0;
  for (const part of parts) {
    const rect = svg("rect", {x: from, y: 0, width: part.blocks, height: 10, fill: part.fill}, svg("title", {}, `${part.name}: ${part.blocks} blocks`));
    map.append(rect);
    from += part.blocks;
  }
  return [map, h("ul", {class: "legend"}, parts.map((part) => h("li", {},
    svg("svg", {viewBox: "0 0 1 1", "aria-hidden": "true"}, svg("rect", {width: 1, height: 1, fill: part.fill})),
    `${part.name}${part.pinned ? " (pinned)" : ""} · ${bytes(part.blocks * blockBytes)}`)),
    h("li", {}, `free · ${bytes(s.freeBlocks * blockBytes)}`))];
}
