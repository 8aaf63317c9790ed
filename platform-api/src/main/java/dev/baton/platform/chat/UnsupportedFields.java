package dev.baton.platform.chat;

import dev.baton.platform.problem.ApiProblem;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Fields of OpenAI's API that would change the answer and are not served. A value that asks for
 * nothing (null, an empty list, {@code "none"}) passes; any other is a 400 that names the field,
 * because an answer without the asked effect would be wrong in silence. Fields that are in neither
 * this list nor {@link ChatCompletionRequest} are ignored: {@code user}, {@code metadata}, {@code
 * prompt_cache_key} and whatever else has no effect on the text.
 */
final class UnsupportedFields {
  private static final Predicate<JsonNode> NOTHING = node -> false;
  private static final Predicate<JsonNode> EMPTY = node -> node.isArray() && node.isEmpty();
  private static final Predicate<JsonNode> FALSE = node -> node.isBoolean() && !node.booleanValue();

  /** Field to what it may say without effect. */
  private static final Map<String, Predicate<JsonNode>> FIELDS =
      Map.ofEntries(
          Map.entry("tools", EMPTY),
          Map.entry("tool_choice", is("none")),
          Map.entry("functions", EMPTY),
          Map.entry("function_call", is("none")),
          Map.entry("response_format", node -> is("text").test(node.path("type"))),
          Map.entry(
              "modalities",
              node -> node.isArray() && node.size() == 1 && is("text").test(node.get(0))),
          Map.entry("audio", NOTHING),
          Map.entry("prediction", NOTHING),
          Map.entry("prompt", NOTHING),
          Map.entry("reasoning_effort", is("none")),
          Map.entry("verbosity", is("medium")),
          Map.entry("web_search_options", NOTHING),
          Map.entry("moderation", NOTHING),
          Map.entry("store", FALSE),
          Map.entry("service_tier", node -> is("auto").test(node) || is("default").test(node)));

  private UnsupportedFields() {}

  static void check(JsonFields body) {
    for (Map.Entry<String, Predicate<JsonNode>> field : FIELDS.entrySet()) {
      @Nullable JsonNode value = body.get(field.getKey());
      if (value != null && !field.getValue().test(value)) {
        throw ApiProblem.unsupported(
            field.getKey(),
            "Unsupported parameter: '%s' is not served here. Leave it out."
                .formatted(field.getKey()));
      }
    }
  }

  private static Predicate<JsonNode> is(String text) {
    return node -> node.isString() && node.stringValue().equals(text);
  }
}
