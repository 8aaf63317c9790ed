// OpenAI's own Node client, unmodified, against a running platform whose engine is ScenarioEngine.
// Usage: node suite.mjs BASE_URL KEY; prints one line per check, exits 1 when one fails.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 2, timeout: 20_000 });
const chat = (content, more = {}) => ({ model: "default", messages: [{ role: "user", content }], ...more });
const completions = (from = client) => from.chat.completions;

const checks = {
  async "answers whole"() {
    const answer = await completions().create(chat("hello"));
    assert.equal(answer.choices[0].message.content, "Hello there");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal(answer.usage.completion_tokens, 2);
    assert.equal(typeof answer.usage.prompt_tokens_details.cached_tokens, "number");
    assert.match(answer._request_id, /^req_/);
  },

  async "streams, with usage when asked"() {
    const stream = await completions().create(
      chat("hello", { stream: true, stream_options: { include_usage: true } }));
    let text = "";
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, "Hello there");
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  },

  async "sends no usage chunk unasked"() {
    for await (const chunk of await completions().create(chat("hello", { stream: true }))) {
      assert.equal(chunk.choices.length, 1);
    }
  },

  async "lists models"() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.equal(ids.length, 1);
    assert.equal((await client.models.retrieve(ids[0])).object, "model");
  },

  async "maps errors to its classes"() {
    const stranger = new OpenAI({ baseURL, apiKey: "bt_nobody", maxRetries: 0 });
    await assert.rejects(completions(stranger).create(chat("hello")), OpenAI.AuthenticationError);
    await assert.rejects(completions().create(chat("hello", { temperature: -1 })), (error) =>
      error instanceof OpenAI.BadRequestError && error.param === "temperature");
    await assert.rejects(completions().create(chat("hello", { model: "other" })), (error) =>
      error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
  },

  async "does not repeat what can not succeed"() {
    const start = Date.now();
    await assert.rejects(completions().create(chat("fail")), OpenAI.InternalServerError);
    assert.ok(Date.now() - start < 5000);
  },

  async "repeats a 429 after the time it was told"() {
    const start = Date.now();
    const answer = await completions().create(chat("busy once, node"));
    assert.equal(answer.choices[0].message.content, "Hello there");
    assert.ok(Date.now() - start >= 950, "retry-after was honoured");
  },

  async "repeats a 503 after the time it was told"() {
    const start = Date.now();
    const answer = await completions().create(chat("full once, node"));
    assert.equal(answer.choices[0].message.content, "Hello there");
    assert.ok(Date.now() - start >= 950, "retry-after was honoured");
  },

  async "shows a 429 with its headers when it may not repeat"() {
    const once = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
    await assert.rejects(completions(once).create(chat("busy once, no retries")), (error) =>
      error instanceof OpenAI.RateLimitError
        && error.headers.get("retry-after") === "1"
        && error.headers.get("x-should-retry") === "true");
  },

  async "gets a failure in the middle of a stream as an error"() {
    const stream = await completions().create(chat("fail midway", { stream: true }));
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk);
    }, OpenAI.APIError);
  },

  async "aborts a stream"() {
    const stream = await completions().create(chat("endless", { stream: true }));
    let chunks = 0;
    for await (const chunk of stream) {
      assert.ok(chunk);
      if (++chunks === 5) stream.controller.abort();
    }
    assert.ok(chunks >= 5);
  },

  async "aborts a request that is not answered yet"() {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    await assert.rejects(
      completions().create(chat("endless"), { signal: abort.signal }), OpenAI.APIUserAbortError);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error.stack}`);
  }
}
console.log(`${Object.keys(checks).length} checks, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
