package dev.baton.engine.template;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the tenant's prompt and the client's messages into an order that the template renders
 * faithfully. The tenant's prompt always comes first; a client's own system message comes after it,
 * never before or instead of it: as a message of its own where the template knows that, else behind
 * the tenant's text after a blank line.
 */
final class Seating {
  private static final String SYSTEM = "system";
  private static final String DEVELOPER = "developer"; // OpenAI's newer name for the same
  private static final String USER = "user";
  private static final String ASSISTANT = "assistant";
  private static final String BLANK_LINE = "\n\n";

  private Seating() {}

  static List<ChatMessage> arrange(
      TemplateHabits habits, @Nullable String systemPrompt, List<ChatMessage> messages) {
    requireAnswerable(messages);
    List<String> systemTexts = new ArrayList<>();
    if (systemPrompt != null && !systemPrompt.isEmpty()) {
      systemTexts.add(systemPrompt);
    }
    List<ChatMessage> turns = new ArrayList<>();
    for (ChatMessage message : messages) {
      boolean system = isSystem(message);
      if (system && (turns.isEmpty() || !habits.lateSystemMessage())) {
        systemTexts.add(message.content());
      } else {
        turns.add(system ? new ChatMessage(SYSTEM, message.content()) : message);
      }
    }
    if (systemTexts.isEmpty()) {
      return turns;
    }
    if (!habits.systemMessage()) {
      return withoutSystemMessage(String.join(BLANK_LINE, systemTexts), turns);
    }
    List<String> own =
        habits.secondSystemMessage() ? systemTexts : List.of(String.join(BLANK_LINE, systemTexts));
    if (!habits.assistantFirst() && turns.getFirst().role().equals(ASSISTANT)) {
      turns.addFirst(new ChatMessage(USER, "")); // who has not said anything yet
    }
    List<ChatMessage> arranged = new ArrayList<>();
    own.forEach(text -> arranged.add(new ChatMessage(SYSTEM, text)));
    arranged.addAll(turns);
    return arranged;
  }

  /** Before the first user message's text, or as a user message where the assistant begins. */
  private static List<ChatMessage> withoutSystemMessage(String text, List<ChatMessage> turns) {
    List<ChatMessage> arranged = new ArrayList<>(turns);
    ChatMessage first = turns.getFirst();
    if (first.role().equals(USER)) {
      arranged.set(0, new ChatMessage(USER, text + BLANK_LINE + first.content()));
    } else {
      arranged.addFirst(new ChatMessage(USER, text));
    }
    return arranged;
  }

  private static boolean isSystem(ChatMessage message) {
    return message.role().equals(SYSTEM) || message.role().equals(DEVELOPER);
  }

  private static void requireAnswerable(List<ChatMessage> messages) {
    String last = "";
    for (int i = 0; i < messages.size(); i++) {
      ChatMessage message = messages.get(i);
      switch (message.role()) {
        case USER, ASSISTANT -> last = message.role();
        case SYSTEM, DEVELOPER -> {}
        default ->
            throw invalid(
                "messages[%d] has a role that is none of system, developer, user, assistant"
                    .formatted(i));
      }
    }
    if (!last.equals(USER)) {
      throw invalid(
          last.isEmpty()
              ? "messages hold no message of role user; add one"
              : "the last message must come from the user, not the assistant: add a user message");
    }
  }

  private static EngineException invalid(String message) {
    return new EngineException(ErrorCode.INVALID_REQUEST, message);
  }
}
