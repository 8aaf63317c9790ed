package dev.baton.platform.chat;

import dev.baton.platform.chat.ChatCompletionRequest.Message;
import dev.baton.platform.chat.ChatCompletionRequest.StreamOptions;
import dev.baton.platform.problem.ApiProblem;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a chat completion body. Hand-written over the JSON tree, because every fault must name its
 * field in OpenAI's terms and nothing may be coerced; ranges of sampling values are checked where
 * they are used, in the engine's records.
 */
final class RequestReader {
  private static final Set<String> ROLES = Set.of("developer", "system", "user", "assistant");
  private static final int MAX_LOGIT_BIASES = 1024;

  private final JsonMapper json;

  RequestReader(JsonMapper json) {
    this.json = json;
  }

  ChatCompletionRequest read(byte[] body) {
    JsonFields fields = JsonFields.of(parse(body), "");
    UnsupportedFields.check(fields);
    Integer n = fields.integer("n");
    if (n != null && n != 1) {
      throw n < 1
          ? ApiProblem.invalidValue("n", "n must be at least 1, not " + n + ".")
          : ApiProblem.unsupported(
              "n", "Unsupported parameter: 'n' is served with 1 only. Send several requests.");
    }
    boolean stream = fields.bool("stream");
    boolean logprobs = fields.bool("logprobs");
    return new ChatCompletionRequest(
        fields.requiredText("model"),
        messages(fields),
        maxTokens(fields),
        fields.number("temperature"),
        fields.number("top_p"),
        fields.integer("top_k"),
        fields.number("min_p"),
        fields.number("repetition_penalty"),
        fields.number("frequency_penalty"),
        fields.number("presence_penalty"),
        logitBias(fields),
        fields.longInteger("seed"),
        n,
        stop(fields),
        logprobs,
        topLogprobs(fields, logprobs),
        stream,
        streamOptions(fields, stream));
  }

  private JsonNode parse(byte[] body) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException e) {
      throw ApiProblem.badBody("The request body is not valid UTF-8.");
    }
    JsonNode tree;
    try {
      tree = json.readTree(text);
    } catch (JacksonException e) {
      TokenStreamLocation place = e.getLocation();
      throw ApiProblem.badBody(
          place == null || place.getLineNr() < 1
              ? "The request body is not valid JSON."
              : "The request body is not valid JSON: line %d, column %d."
                  .formatted(place.getLineNr(), place.getColumnNr()));
    }
    if (!tree.isObject()) {
      throw ApiProblem.badBody("The request body must be a JSON object.");
    }
    return tree;
  }

  private static List<Message> messages(JsonFields body) {
    JsonNode array = body.array("messages");
    if (array == null) {
      throw ApiProblem.missing("messages");
    }
    if (array.isEmpty()) {
      throw ApiProblem.invalidValue("messages", "messages must hold at least one message.");
    }
    List<Message> messages = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      messages.add(message(JsonFields.of(array.get(i), "messages[" + i + "]")));
    }
    return List.copyOf(messages);
  }

  private static Message message(JsonFields message) {
    String role = message.requiredText("role");
    if (!ROLES.contains(role)) {
      String name = message.name("role");
      throw role.equals("tool") || role.equals("function")
          ? ApiProblem.unsupported(
              name, "Unsupported role '" + role + "': tools are not served here.")
          : ApiProblem.invalidValue(
              name, name + " must be one of developer, system, user and assistant.");
    }
    for (String effect : List.of("tool_calls", "function_call", "audio")) {
      JsonNode value = message.get(effect);
      if (value != null && !(value.isArray() && value.isEmpty())) {
        throw ApiProblem.unsupported(
            message.name(effect), "Unsupported parameter: '" + message.name(effect) + "'.");
      }
    }
    JsonNode content = message.get("content");
    if (content == null) {
      throw ApiProblem.missing(message.name("content"));
    }
    return new Message(role, content(content, message.name("content")));
  }

  private static String content(JsonNode content, String name) {
    if (!content.isArray()) {
      if (!content.isString()) {
        throw ApiProblem.invalidType(
            name, "a string or an array of parts", JsonFields.kind(content));
      }
      return JsonFields.text(content, name);
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      JsonFields part = JsonFields.of(content.get(i), name + "[" + i + "]");
      String type = part.requiredText("type");
      if (!type.equals("text")) {
        throw ApiProblem.unsupported(
            part.name("type"), "Unsupported content part: only parts of type 'text' are served.");
      }
      text.append(part.requiredText("text"));
    }
    return text.toString();
  }

  /** {@code max_tokens} is the deprecated name; the newer one wins, as with OpenAI. */
  private static @Nullable Integer maxTokens(JsonFields body) {
    for (String field : List.of("max_completion_tokens", "max_tokens")) {
      Integer value = body.integer(field);
      if (value != null) {
        if (value < 1) {
          throw ApiProblem.invalidValue(field, field + " must be at least 1, not " + value + ".");
        }
        return value;
      }
    }
    return null;
  }

  private static List<String> stop(JsonFields body) {
    JsonNode stop = body.get("stop");
    if (stop == null) {
      return List.of();
    }
    if (stop.isString()) {
      return List.of(JsonFields.text(stop, "stop"));
    }
    if (!stop.isArray()) {
      throw ApiProblem.invalidType(
          "stop", "a string or an array of strings", JsonFields.kind(stop));
    }
    List<String> strings = new ArrayList<>();
    for (int i = 0; i < stop.size(); i++) {
      strings.add(JsonFields.text(stop.get(i), "stop[" + i + "]"));
    }
    return strings;
  }

  private static Map<Integer, Float> logitBias(JsonFields body) {
    JsonNode node = body.get("logit_bias");
    if (node == null) {
      return Map.of();
    }
    if (!node.isObject()) {
      throw ApiProblem.invalidType("logit_bias", "an object", JsonFields.kind(node));
    }
    if (node.size() > MAX_LOGIT_BIASES) {
      throw ApiProblem.invalidValue(
          "logit_bias", "logit_bias takes at most " + MAX_LOGIT_BIASES + " tokens.");
    }
    Map<Integer, Float> biases = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      float bias = (float) JsonFields.number(entry.getValue(), "logit_bias");
      try {
        biases.put(Integer.valueOf(entry.getKey()), bias);
      } catch (NumberFormatException e) {
        throw ApiProblem.invalidValue("logit_bias", "logit_bias maps token ids to numbers.");
      }
    }
    return biases;
  }

  private static int topLogprobs(JsonFields body, boolean logprobs) {
    Integer top = body.integer("top_logprobs");
    if (top == null) {
      return 0;
    }
    if (!logprobs) {
      throw ApiProblem.invalidValue("top_logprobs", "top_logprobs needs logprobs: true.");
    }
    return top;
  }

  private static StreamOptions streamOptions(JsonFields body, boolean stream) {
    JsonNode options = body.get("stream_options");
    if (options == null) {
      return new StreamOptions(false);
    }
    if (!stream) {
      throw ApiProblem.invalidValue("stream_options", "stream_options needs stream: true.");
    }
    return new StreamOptions(JsonFields.of(options, "stream_options").bool("include_usage"));
  }
}
