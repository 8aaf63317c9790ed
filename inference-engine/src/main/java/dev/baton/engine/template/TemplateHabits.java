package dev.baton.engine.template;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a template does with system messages, found by rendering probes rather than by its name.
 *
 * @param systemMessage whether a system message is rendered as one. Some templates raise (Gemma 2,
 *     Mistral v0.1), some drop it without a word (Phi-3); the system text then goes to the front of
 *     the first user message
 * @param secondSystemMessage whether a second one behind the first is rendered as one, too
 * @param lateSystemMessage whether one between later turns is rendered as one, in its place
 * @param assistantFirst whether the assistant may speak first behind a system message. Some
 *     templates raise, some lose the system message with the user's that they would put it into
 */
record TemplateHabits(
    boolean systemMessage,
    boolean secondSystemMessage,
    boolean lateSystemMessage,
    boolean assistantFirst) {
  private static final String FIRST = "Kestrel";
  private static final String SECOND = "Osprey";
  private static final String QUESTION = "Heron";

  /**
   * @param render gives a conversation's text as the template renders it
   * @throws EngineException when the template can not even render one user message
   */
  static TemplateHabits probe(Function<List<ChatMessage>, String> render) {
    ChatMessage question = new ChatMessage("user", QUESTION);
    requireOnce(render.apply(List.of(question)));

    boolean first =
        rendersAsItsOwn(render, role -> List.of(new ChatMessage(role, FIRST), question), "user");
    boolean second =
        first
            && rendersAsItsOwn(
                render,
                role -> List.of(system(FIRST), new ChatMessage(role, SECOND), question),
                "user",
                "assistant");
    boolean late =
        second
            && rendersAsItsOwn(
                render,
                role ->
                    List.of(
                        new ChatMessage("user", FIRST),
                        assistant("Swift"),
                        new ChatMessage(role, SECOND),
                        question),
                "user",
                "assistant");
    boolean assistantFirst =
        first
            && rendersAsItsOwn(
                render,
                role -> List.of(new ChatMessage(role, FIRST), assistant(SECOND), question),
                "user");
    return new TemplateHabits(first, second, late, assistantFirst);
  }

  private static void requireOnce(String text) {
    if (!text.contains(QUESTION)) {
      throw new EngineException(
          ErrorCode.TEMPLATE_FAILED,
          "The model's chat template leaves out what the user says; give the model another one");
    }
  }

  private static ChatMessage assistant(String text) {
    return new ChatMessage("assistant", text);
  }

  private static ChatMessage system(String text) {
    return new ChatMessage("system", text);
  }

  /**
   * Whether all messages appear once and in order, and the one in question not in the words that
   * the template has for another role.
   */
  private static boolean rendersAsItsOwn(
      Function<List<ChatMessage>, String> render,
      Function<String, List<ChatMessage>> conversation,
      String... otherRoles) {
    String text = renderedOrNull(render, conversation.apply("system"));
    if (text == null) {
      return false;
    }
    List<ChatMessage> messages = conversation.apply("system");
    int from = -1;
    for (ChatMessage message : messages) {
      int at = text.indexOf(message.content());
      if (at <= from || text.indexOf(message.content(), at + 1) >= 0) {
        return false;
      }
      from = at;
    }
    for (String role : otherRoles) {
      if (text.equals(renderedOrNull(render, conversation.apply(role)))) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable String renderedOrNull(
      Function<List<ChatMessage>, String> render, List<ChatMessage> messages) {
    try {
      return render.apply(messages);
    } catch (EngineException refused) {
      return null;
    }
  }
}
