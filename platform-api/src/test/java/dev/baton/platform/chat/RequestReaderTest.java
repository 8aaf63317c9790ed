package dev.baton.platform.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.baton.platform.problem.ApiProblem;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class RequestReaderTest {
  private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  private final RequestReader reader = new RequestReader(JsonMapper.shared());

  @Test
  void readsEveryServedField() {
    ChatCompletionRequest request =
        read(
            """
            {"model":"m","messages":[{"role":"developer","content":[{"type":"text","text":"a"},
            {"type":"text","text":"b"}]},{"role":"assistant","content":"c","refusal":null}],
            "max_completion_tokens":5,"temperature":0.5,"top_p":0.9,"top_k":3,"min_p":0.1,
            "repetition_penalty":1.1,"frequency_penalty":-1,"presence_penalty":1,
            "logit_bias":{"7":-100},"seed":9007199254740993,"n":1,"stop":["x","y"],
            "logprobs":true,"top_logprobs":2,"stream":true,
            "stream_options":{"include_usage":true,"include_obfuscation":false}}
            """);
    assertThat(request.messages())
        .containsExactly(
            new ChatCompletionRequest.Message("developer", "ab"),
            new ChatCompletionRequest.Message("assistant", "c"));
    assertThat(request.maxCompletionTokens()).isEqualTo(5);
    assertThat(request.temperature()).isEqualTo(0.5);
    assertThat(request.topP()).isEqualTo(0.9);
    assertThat(request.topK()).isEqualTo(3);
    assertThat(request.minP()).isEqualTo(0.1);
    assertThat(request.repetitionPenalty()).isEqualTo(1.1);
    assertThat(request.frequencyPenalty()).isEqualTo(-1);
    assertThat(request.presencePenalty()).isEqualTo(1);
    assertThat(request.logitBias()).isEqualTo(Map.of(7, -100f));
    assertThat(request.seed()).isEqualTo(9007199254740993L);
    assertThat(request.stop()).isEqualTo(List.of("x", "y"));
    assertThat(request.logprobs()).isTrue();
    assertThat(request.topLogprobs()).isEqualTo(2);
    assertThat(request.stream()).isTrue();
    assertThat(request.streamOptions().includeUsage()).isTrue();
  }

  @Test
  void takesNullsAsAbsentAndIgnoresWhatHasNoEffect() {
    ChatCompletionRequest request =
        read(
            """
            {"model":"m",%s,"n":null,"stop":null,"max_tokens":null,"temperature":null,"seed":null,
            "stream":null,"stream_options":null,"logit_bias":null,"logprobs":null,"tools":[],
            "tool_choice":"none","response_format":{"type":"text"},"modalities":["text"],
            "store":false,"user":"u","metadata":{"a":"b"},"prompt_cache_key":"k","whatever":{"x":1},
            "parallel_tool_calls":false,"service_tier":"auto","reasoning_effort":null}
            """
                .formatted(MESSAGES));
    assertThat(request.stop()).isEmpty();
    assertThat(request.maxCompletionTokens()).isNull();
    assertThat(request.stream()).isFalse();
  }

  @Test
  void readsOneStopStringAndTheOldNameOfMaxTokens() {
    ChatCompletionRequest request =
        read("{\"model\":\"m\"," + MESSAGES + ",\"stop\":\"end\",\"max_tokens\":3}");
    assertThat(request.stop()).containsExactly("end");
    assertThat(request.maxCompletionTokens()).isEqualTo(3);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'temperature': \"0.5\"|invalid_type|temperature",
        "'temperature': true|invalid_type|temperature",
        "'max_tokens': 1.5|invalid_type|max_tokens",
        "'max_tokens': 0|invalid_value|max_tokens",
        "'max_completion_tokens': -1|invalid_value|max_completion_tokens",
        "'max_tokens': 99999999999|invalid_value|max_tokens",
        "'n': 0|invalid_value|n",
        "'n': 2|unsupported_parameter|n",
        "'n': \"1\"|invalid_type|n",
        "'stream': \"true\"|invalid_type|stream",
        "'stream': 1|invalid_type|stream",
        "'stop': 5|invalid_type|stop",
        "'stop': [\"a\", 1]|invalid_type|stop[1]",
        "'seed': 1.5|invalid_type|seed",
        "'seed': 99999999999999999999|invalid_value|seed",
        "'logit_bias': []|invalid_type|logit_bias",
        "'logit_bias': {\"a\": 1}|invalid_value|logit_bias",
        "'logit_bias': {\"1\": \"a\"}|invalid_type|logit_bias",
        "'top_logprobs': 2|invalid_value|top_logprobs",
        "'stream_options': {}|invalid_value|stream_options",
        "'tools': [{\"type\":\"function\"}]|unsupported_parameter|tools",
        "'tool_choice': \"auto\"|unsupported_parameter|tool_choice",
        "'response_format': {\"type\":\"json_object\"}|unsupported_parameter|response_format",
        "'modalities': [\"text\",\"audio\"]|unsupported_parameter|modalities",
        "'functions': [{}]|unsupported_parameter|functions",
        "'prediction': {\"type\":\"content\"}|unsupported_parameter|prediction",
        "'audio': {}|unsupported_parameter|audio",
        "'store': true|unsupported_parameter|store",
        "'prompt': {\"id\":\"p\"}|unsupported_parameter|prompt",
        "'reasoning_effort': \"high\"|unsupported_parameter|reasoning_effort",
        "'messages': null|missing_required_parameter|messages",
        "'messages': []|invalid_value|messages",
        "'messages': \"Hi\"|invalid_type|messages",
        "'messages': [1]|invalid_type|messages[0]",
        "'messages': [{}]|missing_required_parameter|messages[0].role",
        "'messages': [{\"role\":\"boss\",\"content\":\"x\"}]|invalid_value|messages[0].role",
        "'messages': [{\"role\":\"tool\",\"content\":\"x\"}]|unsupported_parameter|messages[0].role",
        "'messages': [{\"role\":\"user\"}]|missing_required_parameter|messages[0].content",
        "'messages': [{\"role\":\"user\",\"content\":5}]|invalid_type|messages[0].content",
        "'messages': [{\"role\":\"user\",\"content\":[\"x\"]}]|invalid_type|messages[0].content[0]",
        "'messages': [{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]"
            + "|unsupported_parameter|messages[0].content[0].type",
        "'messages': [{\"role\":\"user\",\"content\":\"\\ud83d\"}]|invalid_value|messages[0].content",
        "'model': null|missing_required_parameter|model",
        "'model': 5|invalid_type|model",
      })
  void namesTheFieldAtFault(String field, String code, String param) {
    String body =
        field.startsWith("'messages'")
            ? "{\"model\":\"m\",%s}"
            : field.startsWith("'model'")
                ? "{%s," + MESSAGES + "}"
                : "{\"model\":\"m\",%s," + MESSAGES + "}";
    ApiProblem problem = refusal(body.formatted(field.replace('\'', '"')).getBytes(UTF_8));
    assertThat(problem.code()).isEqualTo(code);
    assertThat(problem.param()).isEqualTo(param);
    assertThat(problem.status().value()).isEqualTo(400);
  }

  @Test
  void refusesWhatIsNoJsonObjectInUtf8() {
    assertThat(refusal("{\"model\":".getBytes(UTF_8))).hasMessageContaining("not valid JSON");
    assertThat(refusal("[]".getBytes(UTF_8))).hasMessageContaining("JSON object");
    assertThat(refusal("null".getBytes(UTF_8))).hasMessageContaining("JSON object");
    assertThat(refusal("{} {}".getBytes(UTF_8))).hasMessageContaining("not valid JSON");
    assertThat(refusal(new byte[] {'{', '"', (byte) 0xc3, '(', '"'}))
        .hasMessageContaining("not valid UTF-8");
    assertThat(refusal(("[".repeat(2000)).getBytes(UTF_8))).hasMessageContaining("not valid JSON");
  }

  private ChatCompletionRequest read(String body) {
    return reader.read(body.getBytes(UTF_8));
  }

  private ApiProblem refusal(byte[] body) {
    return catchThrowableOfType(ApiProblem.class, () -> reader.read(body));
  }
}
