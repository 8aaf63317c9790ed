package dev.baton.admin.apikey;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.baton.admin.http.AdminProblem;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a key may be used for. */
public enum KeyScope {
  CHAT("chat"),
  MODELS("models"),
  /** Choosing the prompt version of a single request. */
  PROMPT_SELECT("prompt:select");

  /** What a key may where nothing is said. */
  static final Set<KeyScope> USUAL = Set.of(CHAT, MODELS);

  private final String label;

  KeyScope(String label) {
    this.label = label;
  }

  /** As the API says it. */
  @JsonValue
  public String label() {
    return label;
  }

  /** Reads a body's scopes; null is the usual ones. */
  static Set<KeyScope> parse(@Nullable List<String> labels) {
    if (labels == null) {
      return USUAL;
    }
    if (labels.isEmpty()) {
      throw AdminProblem.invalid("scopes", "must name at least one of " + all());
    }
    Set<KeyScope> scopes = EnumSet.noneOf(KeyScope.class);
    for (String label : labels) {
      scopes.add(
          Arrays.stream(values())
              .filter(scope -> scope.label.equals(label))
              .findFirst()
              .orElseThrow(() ->
                  AdminProblem.invalid("scopes", "has an unknown element; known are " + all())));
    }
    return scopes;
  }

  private static String all() {
    return Arrays.stream(values()).map(KeyScope::label).collect(Collectors.joining(", "));
  }
}
