package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Undefined;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code loop} variable of a running loop. */
final class LoopState implements Value {
  private final List<Value> values;
  private int index;
  private @Nullable List<Value> changed;

  LoopState(List<Value> values) {
    this.values = values;
  }

  int length() {
    return values.size();
  }

  void moveTo(int next) {
    index = next;
  }

  @Nullable Value attribute(String name) {
    return switch (name) {
      case "index" -> new Int(index + 1L);
      case "index0" -> new Int(index);
      case "revindex" -> new Int(values.size() - index);
      case "revindex0" -> new Int(values.size() - index - 1L);
      case "first" -> Bool.of(index == 0);
      case "last" -> Bool.of(index == values.size() - 1);
      case "length" -> new Int(values.size());
      // Depth counts recursive calls of one loop only, which are not supported.
      case "depth" -> new Int(1);
      case "depth0" -> new Int(0);
      case "previtem" ->
          index > 0 ? values.get(index - 1) : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < values.size()
              ? values.get(index + 1)
              : new Undefined("there is no next item");
      case "cycle" ->
          (Function)
              arguments -> {
                if (arguments.positional().isEmpty()) {
                  throw TemplateFailure.of("cycle needs values to go through");
                }
                return arguments.positional().get(index % arguments.positional().size());
              };
      case "changed" ->
          (Function)
              arguments -> {
                boolean same = arguments.positional().equals(changed);
                changed = arguments.positional();
                return Bool.of(!same);
              };
      default -> null;
    };
  }
}
