package dev.baton.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.PermissionDeniedException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionUsage;
import com.openai.models.models.Model;
import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.platform.serve.TestRedis;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own Java SDK, unmodified, against the platform on the real engine. */
@Timeout(60)
class OpenAiSdkIT {
  private static final String PROMPT =
      "You are the assistant of a lighthouse. The lamp is lit at dusk and put out at dawn. ";

  @TempDir private static Path directory;

  private static TestRedis redis;
  private static Engine engine;
  private static PlatformUnderTest platform;
  private static Tenant tenant;
  private static OpenAIClient client;

  @BeforeAll
  static void start() throws Exception {
    Path model = directory.resolve("tiny.gguf");
    RandomModelSpec.tiny().contextLength(1024).writeTo(model);
    redis = TestRedis.start();
    engine = LocalEngine.open(EngineSettings.defaults(model).withModelId("tiny"));
    platform = PlatformUnderTest.start(engine, redis, Map.of());
    tenant = platform.createTenant("Lighthouse");
    platform.activate(tenant, PROMPT.repeat(3));
    client = client(platform.issueKey(tenant).secret());
  }

  @AfterAll
  static void stop() {
    platform.close();
    engine.close();
    redis.close();
  }

  @Test
  void answersWhole() {
    ChatCompletion answer = client.chat().completions().create(question().seed(7).build());
    assertThat(answer.model()).isEqualTo("tiny");
    ChatCompletion.Choice choice = answer.choices().getFirst();
    assertThat(choice.message().content()).isPresent();
    assertThat(choice.finishReason())
        .isIn(ChatCompletion.Choice.FinishReason.LENGTH, ChatCompletion.Choice.FinishReason.STOP);
    CompletionUsage usage = answer.usage().orElseThrow();
    assertThat(usage.completionTokens()).isBetween(1L, 12L);
    assertThat(usage.totalTokens()).isEqualTo(usage.promptTokens() + usage.completionTokens());
    long cached = usage.promptTokensDetails().orElseThrow().cachedTokens().orElseThrow();
    assertThat(cached).isBetween(60L, usage.promptTokens() - 1);
  }

  @Test
  void streamsWhatItAnswersWhole() {
    ChatCompletionCreateParams question = question().temperature(0).build();
    ChatCompletion whole = client.chat().completions().create(question);
    StringBuilder text = new StringBuilder();
    CompletionUsage usage = null;
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(
                question.toBuilder()
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      for (Iterator<ChatCompletionChunk> chunks = stream.stream().iterator(); chunks.hasNext(); ) {
        ChatCompletionChunk chunk = chunks.next();
        chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
        usage = chunk.usage().orElse(usage);
      }
    }
    assertThat(text.toString())
        .isEqualTo(whole.choices().getFirst().message().content().orElseThrow());
    assertThat(usage).isNotNull();
    assertThat(usage.completionTokens()).isEqualTo(whole.usage().orElseThrow().completionTokens());
  }

  @Test
  void repeatsAnAnswerWithEqualSeed() {
    ChatCompletionCreateParams question = question().temperature(1).seed(11).build();
    assertThat(text(client.chat().completions().create(question)))
        .isEqualTo(text(client.chat().completions().create(question)));
  }

  @Test
  void listsAndRetrievesModels() {
    List<Model> models = client.models().list().data();
    assertThat(models).extracting(Model::id).containsExactly("tiny");
    assertThat(client.models().retrieve("tiny").ownedBy()).isEqualTo("baton");
    assertThatThrownBy(() -> client.models().retrieve("other"))
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void mapsErrorsToItsExceptions() throws Exception {
    assertThatThrownBy(() -> client("bat_nonsense").chat().completions().create(question().build()))
        .isInstanceOf(UnauthorizedException.class);
    assertThatThrownBy(() -> client.chat().completions().create(question().temperature(-1).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            refused -> assertThat(refused.param()).contains("temperature"));
    assertThatThrownBy(() -> client.chat().completions().create(question().model("other").build()))
        .isInstanceOfSatisfying(
            NotFoundException.class,
            refused -> assertThat(refused.code()).contains("model_not_found"));
    assertThatThrownBy(() ->
            client
                .chat()
                .completions()
                .create(question().addUserMessage("long ".repeat(2000)).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            refused -> assertThat(refused.code()).contains("context_length_exceeded"));
    Tenant suspended = platform.createTenant("Dark lighthouse");
    OpenAIClient other = client(platform.issueKey(suspended).secret());
    platform.admin("POST", "/admin/v1/tenants/" + suspended.id() + "/suspend");
    assertThatThrownBy(() -> other.chat().completions().create(question().build()))
        .isInstanceOf(PermissionDeniedException.class);
  }

  @Test
  void endsTheGenerationWhenTheStreamIsClosed() throws Exception {
    long cancelled = engine.statistics().cancelledRequests();
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(
                question().maxCompletionTokens(800).logitBias(neverEnding()).build())) {
      assertThat(stream.stream().limit(3).count()).isEqualTo(3);
    }
    EngineStatistics after = PlatformUnderTest.idle(engine);
    assertThat(after.cancelledRequests()).isEqualTo(cancelled + 1);
    assertThat(after.requestBlocks()).isZero();
    assertThat(after.freeBlocks() + after.systemBlocks()).isEqualTo(after.totalBlocks());
  }

  @Test
  void neverCountsOrReadsAnotherTenantsPrompt() throws Exception {
    Tenant twin = platform.createTenant("Twin lighthouse");
    platform.activate(twin, PROMPT.repeat(3));
    Tenant bare = platform.createTenant("No prompt");
    OpenAIClient twinClient = client(platform.issueKey(twin).secret());
    OpenAIClient bareClient = client(platform.issueKey(bare).secret());
    ChatCompletionCreateParams question = question().temperature(0).build();
    long before = platform.hits(engine, tenant);
    long twinBefore = platform.hits(engine, twin);
    ChatCompletion own = client.chat().completions().create(question);
    ChatCompletion twins = twinClient.chat().completions().create(question);
    ChatCompletion none = bareClient.chat().completions().create(question);
    // Equal prompts give equal answers, each from its own system KV.
    assertThat(text(twins)).isEqualTo(text(own));
    assertThat(platform.hits(engine, tenant)).isEqualTo(before + 1);
    assertThat(platform.hits(engine, twin)).isEqualTo(twinBefore + 1);
    assertThat(cached(own)).isPositive();
    assertThat(cached(none)).isZero();
    assertThat(none.usage().orElseThrow().promptTokens())
        .isLessThan(own.usage().orElseThrow().promptTokens());
  }

  private static OpenAIClient client(String key) {
    return OpenAIOkHttpClient.builder()
        .apiKey(key)
        .baseUrl(platform.url() + "/v1")
        .maxRetries(0)
        .timeout(Duration.ofSeconds(30))
        .build();
  }

  private static ChatCompletionCreateParams.Builder question() {
    return ChatCompletionCreateParams.builder()
        .model("tiny")
        .maxCompletionTokens(12)
        .addUserMessage("When is the lamp lit?");
  }

  /** The tokens that would end the answer, made impossible. */
  private static ChatCompletionCreateParams.LogitBias neverEnding() {
    ChatCompletionCreateParams.LogitBias.Builder bias =
        ChatCompletionCreateParams.LogitBias.builder();
    int vocabSize = engine.model().vocabSize();
    for (int id = vocabSize - 5; id < vocabSize; id++) {
      bias.putAdditionalProperty(Integer.toString(id), JsonValue.from(-100));
    }
    return bias.build();
  }

  private static String text(ChatCompletion answer) {
    return answer.choices().getFirst().message().content().orElseThrow();
  }

  private static long cached(ChatCompletion answer) {
    return answer
        .usage()
        .orElseThrow()
        .promptTokensDetails()
        .orElseThrow()
        .cachedTokens()
        .orElse(0L);
  }
}
