import {follow, get} from "../app/api.js";
import {lines} from "../ui/chart.js";
import {h, pause, put, repeat} from "../ui/dom.js";
import {ago, bytes, compact, number, percent} from "../ui/format.js";
import {badge, card, empty, state, table, tile} from "../ui/parts.js";
import {batchPicture, colours, memoryMap} from "./memory.js";

const POLL_MILLIS = 1000;
const RETRY_MILLIS = 3000;
const SPAN = 120;

/** KV memory as a map by tenant, the batch and its throughput, live. */
export async function enginePage({signal}) {
  const first = await get("/engine");
  const places = {tiles: h("dl", {class: "tiles"}), speed: h("div", {}), batch: h("div", {}), memory: h("div", {}), kvs: h("div", {}), live: h("span", {})};
  const history = {decode: [], prefill: [], last: null};
  const draw = (engine) => {
    record(history, engine.statistics);
    picture(places, engine, history);
  };
  draw(first);
  watch(signal, draw, places.live);
  const {model} = first;
  return [
    h("div", {class: "page-head"}, h("div", {}, h("h1", {}, "Engine"),
      h("p", {class: "lead"}, h("code", {}, model.id), ` · ${model.architecture} · ${compact(model.parameterCount)} parameters · context of ${number(model.contextLength)} tokens · ${bytes(model.kvBytesPerToken)} of KV a token`)),
    h("div", {class: "row"}, places.live)),
    h("div", {class: "stack"},
      places.tiles,
      card("KV memory", {lead: "One pool of blocks: each tenant’s system KVs, the running chats, and what is free."}, places.memory),
      h("div", {class: "columns"},
        card("Throughput", {lead: "Tokens a second, the last two minutes."}, places.speed),
        card("Batch", {lead: "The sequences that run now, by tenant: one group reads its system KV once a step."}, places.batch)),
      card("System KVs", {flush: true}, places.kvs)),
  ];
}

/** Follows the platform's stream; where there is none, or it breaks, asks once a second. */
async function watch(signal, draw, live) {
  const say = (kind, words) => put(live, badge(words, kind));
  while (!signal.aborted) {
    try {
      for await (const engine of follow("/engine/events", signal)) {
        say("good", "Live");
        draw(engine);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.missing) break;
      say("bad", "Connection lost");
    }
    await pause(RETRY_MILLIS, signal);
  }
  await repeat(POLL_MILLIS, signal, async () => {
    try {
      draw(await get("/engine", signal));
      say("good", "Live");
    } catch {
      if (!signal.aborted) say("bad", "Connection lost");
    }
  });
}

function record(history, statistics) {
  const now = performance.now();
  if (history.last) {
    const seconds = (now - history.last.at) / 1000;
    const rate = (kind) => Math.max(0, Math.round((statistics[kind] - history.last.statistics[kind]) / seconds));
    for (const [name, kind] of [["decode", "decodeTokens"], ["prefill", "prefillTokens"]]) {
      history[name].push(rate(kind));
      if (history[name].length > SPAN) history[name].shift();
    }
  }
  history.last = {at: now, statistics};
}

function picture(places, {model, statistics: s, systemKvs}, history) {
  const colour = colours(systemKvs);
  put(places.tiles,
    tile("Running chats", number(s.runningSequences), s.waitingRequests ? `${number(s.waitingRequests)} waiting` : ""),
    tile("Groups in a step", number(s.lastStepGroups)),
    tile("Tokens a second", number(history.decode.at(-1) ?? 0)),
    tile("Relayed tokens", percent(s.relayedTokens, s.relayedTokens + s.plainTokens)),
    tile("KV reads saved", bytes(s.systemKvBytesSaved)),
    tile("Completed", number(s.completedRequests), s.failedRequests ? `${number(s.failedRequests)} failed` : ""));
  put(places.memory, memoryMap(s, systemKvs, model.kvBytesPerToken * s.blockTokens, colour));
  put(places.batch, batchPicture(s, systemKvs, colour));
  put(places.speed, lines("Tokens a second", [
    {name: "Decode", colour: 0, values: history.decode},
    {name: "Prefill", colour: 1, values: history.prefill},
  ], SPAN));
  if (!places.kvs.contains(document.activeElement)) put(places.kvs, systemKvTable(systemKvs));
}

function systemKvTable(systemKvs) {
  if (!systemKvs.length) return empty("engine", "No system KV yet", "Activate a tenant’s prompt and it is filled into memory.");
  return table("System KVs of all tenants", [
    {title: "Tenant", cell: (kv) => h("a", {class: "title-cell", href: `#/tenants/${encodeURIComponent(kv.tenantId)}/residency`}, kv.tenantName ?? kv.tenantId)},
    {title: "Version", cell: (kv) => h("code", {}, kv.versionId)},
    {title: "Residency", cell: (kv) => h("div", {class: "row"}, state(kv.residency), kv.pinned && badge("Pinned", "info", "pin"))},
    {title: "Tokens", end: true, cell: (kv) => number(kv.tokens)},
    {title: "Memory", end: true, cell: (kv) => h("span", {class: "nowrap"}, bytes(kv.bytes))},
    {title: "Chats", end: true, cell: (kv) => number(kv.sequences)},
    {title: "Hits", end: true, cell: (kv) => number(kv.hits)},
    {title: "Fills", end: true, cell: (kv) => number(kv.fills)},
    {title: "Evictions", end: true, cell: (kv) => number(kv.evictions)},
    {title: "Last use", cell: (kv) => ago(kv.lastUsed)},
  ], systemKvs);
}
