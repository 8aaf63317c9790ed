package dev.baton.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compares with what Python's jinja2 makes of the same templates, set up as Hugging Face does;
 * {@code src/test/fixtures/chat-templates/generate.py} made the expectations.
 */
final class ChatTemplateFixturesTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2025-03-09T14:05:07Z"), ZoneOffset.UTC);

  @TestFactory
  Stream<DynamicTest> rendersModelTemplatesAsHuggingFaceDoes() {
    JsonNode conversations = read("conversations.json");
    return read("renderings.json").properties().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> {
                  String source = text(entry.getKey() + ".jinja");
                  JsonNode model = entry.getValue();
                  for (Map.Entry<String, JsonNode> expected : model.get("results").properties()) {
                    Map<String, Object> variables = new HashMap<>();
                    variables.put("bos_token", model.get("bos").stringValue());
                    variables.put("eos_token", model.get("eos").stringValue());
                    variables.put("add_generation_prompt", true);
                    variables.putAll(map(conversations.get(expected.getKey())));
                    check(expected.getKey(), source, variables, expected.getValue());
                  }
                }));
  }

  @TestFactory
  Stream<DynamicTest> evaluatesConstructsAsPythonDoes() {
    JsonNode fixtures = read("constructs.json");
    Map<String, Object> variables = map(fixtures.get("variables"));
    return fixtures
        .get("constructs")
        .valueStream()
        .map(fixture -> {
          String source = fixture.get("source").stringValue();
          return DynamicTest.dynamicTest(source, () -> check(source, source, variables, fixture));
        });
  }

  private static void check(
      String title, String source, Map<String, Object> variables, JsonNode expected) {
    String text;
    try {
      text = ChatTemplate.parse(source).render(variables, CLOCK).text().text();
    } catch (EngineException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.TEMPLATE_FAILED);
      if (!expected.has("error")) {
        fail(title + ": " + e.getMessage(), e);
      }
      if (expected.get("error").stringValue().equals("raised")) {
        assertThat(e).as(title).hasMessageContaining(expected.get("message").stringValue());
      }
      return;
    }
    if (expected.has("error")) {
      fail(title + ": should fail as " + expected.get("error").stringValue() + ", was: " + text);
    }
    assertThat(text).as(title).isEqualTo(expected.get("text").stringValue());
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(JsonNode node) {
    return JSON.convertValue(node, Map.class);
  }

  private static JsonNode read(String name) {
    return JSON.readTree(text(name));
  }

  private static String text(String name) {
    String path = "/chat-templates/" + name;
    try (InputStream in = ChatTemplateFixturesTest.class.getResourceAsStream(path)) {
      return new String(Objects.requireNonNull(in, path).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
