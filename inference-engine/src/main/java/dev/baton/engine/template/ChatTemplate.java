package dev.baton.engine.template;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.tokenizer.MarkedText;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: the Jinja subset that such templates use, rendered exactly as Hugging
 * Face renders it (jinja2's immutable sandbox with {@code trim_blocks}, {@code lstrip_blocks}, loop
 * controls, {@code tojson}, {@code raise_exception}, {@code strftime_now}).
 *
 * <p>The text remembers which characters the template wrote, so that nothing a caller passes in can
 * become a special token. Immutable, safe for use by many threads.
 */
public final class ChatTemplate {
  private static final int MAX_SOURCE_LENGTH = 1_000_000;

  private final List<Statement> statements;

  private ChatTemplate(List<Statement> statements) {
    this.statements = statements;
  }

  /**
   * A rendered chat.
   *
   * @param text the text, trusted where the template wrote it
   * @param dateFormats formats of {@code strftime_now} that the rendering called, in order
   */
  public record Rendering(MarkedText text, Set<String> dateFormats) {
    public Rendering {
      dateFormats = Set.copyOf(dateFormats);
    }

    /** When the same rendering may next give another text, or null when it never will. */
    public @Nullable ZonedDateTime nextChange(ZonedDateTime now) {
      return dateFormats.stream()
          .map(format -> Strftime.nextChange(format, now))
          .min(ZonedDateTime::compareTo)
          .orElse(null);
    }
  }

  /**
   * Reads a template.
   *
   * @throws EngineException {@link ErrorCode#TEMPLATE_FAILED} naming line and construct when the
   *     template is damaged or uses what Baton does not know
   */
  public static ChatTemplate parse(String source) {
    try {
      if (source.length() > MAX_SOURCE_LENGTH) {
        throw TemplateFailure.at(1, "it is longer than " + MAX_SOURCE_LENGTH + " characters");
      }
      return new ChatTemplate(Parser.parse(source));
    } catch (TemplateFailure e) {
      throw new EngineException(
          ErrorCode.TEMPLATE_FAILED,
          "Baton can not read the chat template, line %d: %s".formatted(e.line(), e.reason()),
          e);
    }
  }

  /** Renders with the system's clock. */
  public MarkedText render(Map<String, ? extends @Nullable Object> variables) {
    return render(variables, Clock.systemDefaultZone()).text();
  }

  /**
   * Renders with a clock for {@code strftime_now}.
   *
   * @param variables JSON-like values: {@link Map}, {@link List}, {@link String}, {@link Number},
   *     {@link Boolean}, null; and {@link MarkedText} where the engine vouches for a text, such as
   *     that of {@code bos_token}
   * @throws EngineException {@link ErrorCode#TEMPLATE_FAILED} with the line and what went wrong
   *     there, never with a value of the variables
   */
  public Rendering render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
    return Meter.measured(() -> {
      Set<String> dateFormats = new LinkedHashSet<>();
      Scope globals = new Scope(null);
      Globals.define(globals, ZonedDateTime.now(clock), dateFormats);
      Scope scope = new Scope(globals);
      Interpreter interpreter = new Interpreter(scope);
      try {
        variables.forEach((name, value) -> scope.set(name, Variables.value(value, 0)));
        return new Rendering(interpreter.render(statements).marked(), dateFormats);
      } catch (Globals.Raised e) {
        throw failed(
            "The model's chat template refuses this conversation (line %d): %s"
                .formatted(interpreter.line(), e.getMessage()),
            e);
      } catch (TemplateFailure e) {
        throw failed(
            "The model's chat template failed at line %d: %s"
                .formatted(interpreter.line(), e.reason()),
            e);
      }
    });
  }

  private static EngineException failed(String message, RuntimeException cause) {
    return new EngineException(ErrorCode.TEMPLATE_FAILED, message, cause);
  }
}
