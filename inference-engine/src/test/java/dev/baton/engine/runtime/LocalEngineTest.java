package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent.GeneratedToken;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.Residency;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.backend.Step;
import dev.baton.engine.scheduler.RelayMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LocalEngineTest {

  @Test
  void generatesWhatTheTokensAloneDecide() {
    try (TestEngine test = new TestEngine(64)) {
      TestEngine.Call call = test.ungrouped("a", "hello there", 20);
      assertThat(call.generation.promptTokenCount()).isEqualTo(11);
      test.runUntilIdle();
      assertThat(call.listener.ids()).hasSize(20).isEqualTo(call.expectedIds());
      assertThat(call.listener.reason()).isEqualTo(FinishReason.LENGTH);
      assertThat(call.listener.usage().completionTokens()).isEqualTo(20);
      test.assertNothingLost();
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(64);
    }
  }

  @ParameterizedTest
  @EnumSource(RelayMode.class)
  void computesSeveralTenantsGroupsAndUngroupedRequestsInOneStep(RelayMode relay) {
    try (TestEngine test = new TestEngine(200, TestEngine.batch(12, 40, relay))) {
      List<TestEngine.Call> calls = new ArrayList<>();
      for (String tenant : List.of("a", "b", "c")) {
        SystemPrompt prompt = TestEngine.prompt(tenant, "the long system prompt of " + tenant);
        for (int i = 0; i < 3; i++) {
          calls.add(test.call(tenant, prompt, "question " + i, 15 + i));
        }
      }
      calls.add(test.ungrouped("d", "no group here", 15));
      test.runUntilIdle();
      for (TestEngine.Call call : calls) {
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      }
      int groups =
          test.backend.steps.stream().mapToInt(step -> step.groups().size()).max().orElse(0);
      assertThat(groups).as("three tenants and the ungrouped").isEqualTo(4);
      boolean relayed =
          test.backend.steps.stream()
              .flatMap(step -> step.groups().stream())
              .anyMatch(Step.Group::relay);
      assertThat(relayed).isEqualTo(relay != RelayMode.OFF);
      assertThat(test.engine.statistics().relayedTokens() > 0).isEqualTo(relay != RelayMode.OFF);
      test.assertNothingLost();
    }
  }

  @Test
  void keepsGroupsInPlaceFromStepToStep() {
    try (TestEngine test = new TestEngine(200)) {
      for (String tenant : List.of("a", "b", "c")) {
        SystemPrompt prompt = TestEngine.prompt(tenant, "system prompt of " + tenant);
        test.call(tenant, prompt, "one", tenant.equals("a") ? 30 : 20);
        test.call(tenant, prompt, "two", tenant.equals("b") ? 25 : 5);
      }
      test.runUntilIdle();
      Set<List<Integer>> ordered = new HashSet<>(); // first blocks of two groups of one step
      for (Step step : test.backend.steps) {
        List<Integer> groups = new ArrayList<>();
        for (Step.Group group : step.groups()) {
          if (group.system() != null) {
            int own = group.system().blocks()[0];
            groups.forEach(earlier -> ordered.add(List.of(earlier, own)));
            groups.add(own);
          }
        }
      }
      assertThat(ordered).hasSize(3);
      assertThat(ordered).noneMatch(pair -> ordered.contains(pair.reversed()));
    }
  }

  @Test
  void neverExceedsTheTokenBudgetAndKeepsDecodesGoingBesideAFill() {
    try (TestEngine test = new TestEngine(200, TestEngine.batch(4, 10, RelayMode.AUTO))) {
      TestEngine.Call decode = test.ungrouped("a", "x", 60);
      test.steps(2);
      TestEngine.Call cold =
          test.call("b", TestEngine.prompt("b", "a system prompt that takes some steps"), "q", 3);
      int before = decode.listener.ids().size();
      int steps = 0;
      while (!cold.listener.started()) {
        test.steps(1);
        steps++;
      }
      assertThat(steps).isGreaterThan(3);
      assertThat(decode.listener.ids()).as("a token each step").hasSize(before + steps);
      test.runUntilIdle();
      assertThat(decode.listener.ids()).isEqualTo(decode.expectedIds());
      assertThat(cold.listener.ids()).isEqualTo(cold.expectedIds());
      assertThat(test.backend.steps).allMatch(step -> step.tokenCount() <= 10);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 5, 8, 15, 16})
  void splittingThePromptAnywhereChangesNothing(int split) {
    String whole = "0123456789abcdef";
    try (TestEngine test = new TestEngine(64)) {
      SystemPrompt prompt = TestEngine.prompt("a", whole.substring(0, split));
      TestEngine.Call one = test.call("a", prompt, whole.substring(split), 12);
      TestEngine.Call two = test.call("a", prompt, whole.substring(split), 12);
      test.runUntilIdle();
      List<Integer> expected = test.ungrouped("a", whole, 12).expectedIds();
      assertThat(one.listener.ids()).isEqualTo(expected);
      assertThat(two.listener.ids()).isEqualTo(expected);
      assertThat(one.listener.cachedTokens()).isEqualTo(Math.min(split, 15));
      test.runUntilIdle();
      test.assertNothingLost();
    }
  }

  @Test
  void fillsOnceHoweverManyWait() {
    try (TestEngine test = new TestEngine(200)) {
      SystemPrompt prompt = TestEngine.prompt("a", "everybody waits for this system prompt");
      List<TestEngine.Call> calls = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        calls.add(test.call("a", prompt, "q" + i, 4));
      }
      test.runUntilIdle();
      assertThat(test.status("a").fills()).isEqualTo(1);
      assertThat(test.status("a").hits()).isEqualTo(5);
      assertThat(test.status("a").residency()).isEqualTo(Residency.DEVICE);
      assertThat(calls).allMatch(call -> call.listener.ids().equals(call.expectedIds()));
    }
  }

  @Test
  void sharesTheLongestCommonPartOfARenderingThatDeviates() {
    String template =
        ByteTokens.TEMPLATE.replace(
            "{{ m.content }}\n{% else",
            "{% if messages|length > 40 %}(long){% endif %}{{ m.content }}\n{% else");
    try (TestEngine test = new TestEngine(200, TestEngine.settings(), template)) {
      test.answer(test.engine.warm(textPrompt("You-are-a-bot-that-answers-politely.")));
      TestEngine.Call straight =
          test.chat("a", "a-v1", "You-are-a-bot-that-answers-politely.", "hi", 6);
      test.runUntilIdle();
      assertThat(straight.listener.cachedTokens()).as("BOS, the prompt, a newline").isEqualTo(38);
      List<ChatMessage> messages = new ArrayList<>();
      for (int i = 0; i < 41; i++) {
        messages.add(new ChatMessage(i % 2 == 0 ? "user" : "assistant", ""));
      }
      TestEngine.Call deviating =
          test.chat("a", "a-v1", "You-are-a-bot-that-answers-politely.", messages, 6);
      test.runUntilIdle();
      assertThat(deviating.listener.ids()).isEqualTo(deviating.expectedIds());
      assertThat(deviating.listener.cachedTokens()).as("BOS").isEqualTo(1);
      assertThat(test.status("a").prefixMismatches()).isEqualTo(Map.of("rendering", 1L));
      test.assertNothingLost();
    }
  }

  @Test
  void answersExactlyWhereTheTemplateMovesTheSystemPromptAndCountsWhy() {
    String template =
        "{% for m in messages %}{% if m.role != 'system' %}{{ m.role }}:"
            + "{% if loop.last and messages[0].role == 'system' %}{{ messages[0].content }}|"
            + "{% endif %}{{ m.content }}\n{% endif %}{% endfor %}";
    try (TestEngine test = new TestEngine(100, TestEngine.settings(), template)) {
      TestEngine.Call call =
          test.chat("a", "a-v1", "You-are-a-bot-that-answers-politely.", "hi", 6);
      test.runUntilIdle();
      assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      assertThat(call.listener.cachedTokens()).as("BOS").isEqualTo(1);
      assertThat(test.status("a").prefixMismatches())
          .isEqualTo(
              Map.of("the chat template puts the system prompt into the last user turn", 1L));
    }
  }

  private static SystemPrompt textPrompt(String text) {
    return new SystemPrompt(TestEngine.key("a"), new SystemPrompt.Text(text));
  }

  @Test
  void refillsWhenTheTemplatePrintsAnotherDate() {
    String template = "{{ strftime_now('%d-%B') }}\n" + ByteTokens.TEMPLATE;
    try (TestEngine test = new TestEngine(100, TestEngine.settings(), template)) {
      TestEngine.Call today =
          test.chat("a", "a-v1", "You-are-a-bot-that-answers-politely.", "hi", 30);
      test.steps(3);
      test.clock.advance(Duration.ofDays(1));
      TestEngine.Call tomorrow =
          test.chat("a", "a-v1", "You-are-a-bot-that-answers-politely.", "hi", 6);
      test.runUntilIdle();
      assertThat(today.listener.ids()).isEqualTo(today.expectedIds());
      assertThat(tomorrow.listener.ids()).isEqualTo(tomorrow.expectedIds());
      assertThat(tomorrow.listener.cachedTokens()).as("BOS, 02-January, the prompt").isEqualTo(49);
      assertThat(test.status("a").fills()).isEqualTo(2);
      assertThat(test.status("a").evictions()).as("yesterday's").isEqualTo(1);
      test.assertNothingLost();
    }
  }

  @Test
  void refusesAVersionWhoseTextChanged() {
    try (TestEngine test = new TestEngine(100)) {
      test.answer(test.engine.warm(textPrompt("You-are-a-bot-that-answers-politely.")));
      assertThatThrownBy(() -> test.chat("a", "a-v1", "You are a pirate.", "hi", 6))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST))
          .hasMessageContaining("immutable");
      assertThat(test.engine.warm(textPrompt("You are a pirate."))).isCompletedExceptionally();
    }
  }

  @Test
  void endsAtTheContextWithLength() {
    try (TestEngine test = new TestEngine(200)) {
      String prompt = "x".repeat(TestEngine.CONTEXT - 5);
      TestEngine.Call call = test.ungrouped("a", prompt, 100);
      test.runUntilIdle();
      assertThat(call.listener.ids()).hasSize(5).isEqualTo(call.expectedIds());
      assertThat(call.listener.reason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void refusesAPromptLongerThanTheContextNamingBothNumbers() {
    try (TestEngine test = new TestEngine(200)) {
      assertThatThrownBy(() -> test.ungrouped("a", "x".repeat(TestEngine.CONTEXT), 1))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED))
          .hasMessageContaining("512 tokens")
          .hasMessageContaining("context is 512");
    }
  }

  @Test
  void stopsAtEndOfTurnUnlessToldToIgnoreIt() {
    try (TestEngine test = new TestEngine(200, TestEngine.batch(8, 24, RelayMode.AUTO))) {
      TestEngine.Call endless = test.ungrouped("a", "some prompt", 500);
      test.runUntilIdle();
      int eos = endless.listener.ids().indexOf(ByteTokens.EOS);
      assertThat(eos).as("the hash chooses EOS at some point").isPositive();
      RecordingListener listener = new RecordingListener();
      test.engine.generate(
          new GenerationRequest(
              "r",
              "a",
              null,
              new GenerationRequest.Tokens(ByteTokens.ids("some prompt")),
              SamplingParameters.GREEDY,
              null,
              List.of(),
              false,
              0,
              null),
          listener);
      test.runUntilIdle();
      assertThat(listener.reason()).isEqualTo(FinishReason.STOP);
      assertThat(listener.ids()).isEqualTo(endless.listener.ids().subList(0, eos));
    }
  }

  @Test
  void stopStringsEndTheTextAndAreLeftOut() {
    try (TestEngine test = new TestEngine(200)) {
      TestEngine.Call free = test.ungrouped("a", "tell me", 40);
      test.runUntilIdle();
      String text = free.listener.text();
      String stop = text.substring(10, 13);
      RecordingListener listener = new RecordingListener();
      test.engine.generate(
          new GenerationRequest(
              "r",
              "a",
              null,
              new GenerationRequest.Tokens(ByteTokens.ids("tell me")),
              SamplingParameters.GREEDY,
              40,
              List.of("never in there at all", stop),
              true,
              0,
              null),
          listener);
      test.runUntilIdle();
      assertThat(listener.reason()).isEqualTo(FinishReason.STOP);
      assertThat(listener.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
    }
  }

  @Test
  void scoringAContinuationReportsWhatGeneratingItReports() {
    try (TestEngine test = new TestEngine(200)) {
      SystemPrompt prompt = TestEngine.prompt("a", "some system prompt");
      List<RecordingListener> listeners = new ArrayList<>();
      int[] forced = null;
      for (int i = 0; i < 2; i++) {
        RecordingListener listener = new RecordingListener();
        test.engine.generate(
            new GenerationRequest(
                "r" + i,
                "a",
                prompt,
                new GenerationRequest.Tokens(ByteTokens.ids("score me")),
                SamplingParameters.GREEDY,
                forced == null ? 12 : null,
                List.of(),
                true,
                5,
                forced),
            listener);
        test.runUntilIdle();
        listeners.add(listener);
        forced = listener.ids().stream().mapToInt(Integer::intValue).toArray();
      }
      List<GeneratedToken> generated = listeners.get(0).tokens();
      List<GeneratedToken> scored = listeners.get(1).tokens();
      assertThat(scored).hasSize(12).usingRecursiveComparison().isEqualTo(generated);
      assertThat(generated)
          .allSatisfy(token -> {
            assertThat(token.top()).hasSize(5);
            assertThat(token.top().getFirst().id()).isEqualTo(token.id());
            assertThat(token.logprob()).isNegative();
          });
    }
  }

  @Test
  void previewsWithoutTouchingMemory() {
    try (TestEngine test = new TestEngine(100)) {
      PromptPreview preview = test.engine.preview("You-are-a-bot-that-answers-politely.");
      assertThat(preview.sharedTokens()).isEqualTo(38);
      assertThat(preview.tokens()).isEqualTo(38);
      assertThat(preview.kvBytes()).isEqualTo(10 * 4 * 100);
      assertThat(preview.remainingTokens()).isEqualTo(TestEngine.CONTEXT - preview.tokens());
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(100);
      assertThat(test.engine.systemKvs()).isEmpty();
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    try (TestEngine test = new TestEngine(100)) {
      assertThatThrownBy(() -> test.ungrouped("a", "", 1)).hasMessageContaining("empty");
      assertThatThrownBy(() ->
              test.engine.generate(
                  test.request("a", null, new GenerationRequest.Tokens(new int[] {5, 259}), 1),
                  event -> {}))
          .hasMessageContaining("token id 259");
      assertThatThrownBy(() ->
              test.engine.generate(
                  test.request(
                      "a", TestEngine.prompt("a", "ids"), new GenerationRequest.Chat(List.of()), 1),
                  event -> {}))
          .hasMessageContaining("not a chat");
      test.assertNothingLost();
    }
  }
}
