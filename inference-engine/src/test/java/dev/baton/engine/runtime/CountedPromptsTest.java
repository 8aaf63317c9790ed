package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class CountedPromptsTest {
  private final CountedPrompts counted = new CountedPrompts(100);

  private static GenerationRequest request(
      String id, String tenant, @Nullable SystemPrompt system, GenerationRequest.Input input) {
    return GenerationRequest.sampled(
        id, tenant, system, input, SamplingParameters.GREEDY, null, List.of(), 0);
  }

  private static GenerationRequest.Chat hello() {
    return new GenerationRequest.Chat(List.of(new ChatMessage("user", "hello")));
  }

  private static Prompts.Prepared tokens(int count) {
    return new Prompts.Prepared(new int[count], null);
  }

  @Test
  void isTakenOnceByTheRequestThatWasCounted() {
    GenerationRequest request = request("r1", "a", null, hello());
    Prompts.Prepared prepared = tokens(10);
    counted.put(request, prepared);
    assertThat(counted.take(request.withMaxTokens(5))).isSameAs(prepared);
    assertThat(counted.take(request)).isNull();
    assertThat(counted.tokens()).isZero();
  }

  /** Equal ids and equal texts are not enough: it must be the very prompt of the very tenant. */
  @Test
  void isNeverTakenByAnother() {
    SystemPrompt system = new SystemPrompt(new SystemKvKey("a", "v1"), new SystemPrompt.Text("A"));
    SystemPrompt same = new SystemPrompt(new SystemKvKey("b", "v1"), new SystemPrompt.Text("A"));
    GenerationRequest.Chat input = hello();
    counted.put(request("r1", "a", system, input), tokens(10));
    assertThat(counted.take(request("r1", "b", same, input))).isNull();
    counted.put(request("r2", "a", system, input), tokens(10));
    assertThat(counted.take(request("r2", "a", system, hello()))).isNull();
    assertThat(counted.tokens()).isZero();
  }

  @Test
  void holdsNoMoreTokensThanItMayAndForgetsTheEldest() {
    GenerationRequest first = request("r0", "a", null, hello());
    counted.put(first, tokens(40));
    for (int i = 1; i < 50; i++) {
      counted.put(request("r" + i, "a", null, hello()), tokens(40));
      assertThat(counted.tokens()).isLessThanOrEqualTo(100);
    }
    assertThat(counted.take(first)).isNull();
    counted.put(request("large", "a", null, hello()), tokens(101));
    assertThat(counted.tokens()).isZero();
  }

  @Test
  void holdsNoMoreRequestsThanItMay() {
    for (int i = 0; i < 5_000; i++) {
      counted.put(request("r" + i, "a", null, hello()), tokens(0));
    }
    assertThat(counted.count()).isEqualTo(1024);
  }

  @Test
  void aRequestThatIsCountedAgainCountsOnce() {
    GenerationRequest request = request("r1", "a", null, hello());
    counted.put(request, tokens(10));
    Prompts.Prepared later = tokens(12);
    counted.put(request, later);
    assertThat(counted.tokens()).isEqualTo(12);
    assertThat(counted.take(request)).isSameAs(later);
  }
}
