package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Namespace;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The functions that every template sees, Jinja's and those that Hugging Face adds. */
final class Globals {
  private static final int MAX_RANGE = 100_000;

  private Globals() {}

  /**
   * @param now what {@code strftime_now} prints
   * @param dateFormats receives the formats it is called with
   */
  static void define(Scope scope, ZonedDateTime now, Set<String> dateFormats) {
    define(scope, "range", Globals::range);
    define(scope, "dict", arguments -> new Dict(entries(arguments)));
    define(scope, "namespace", Globals::namespace);
    define(
        scope,
        "raise_exception",
        arguments -> {
          throw new Raised(arguments.text(0, "message", ""));
        });
    define(
        scope,
        "strftime_now",
        arguments -> {
          String pattern = arguments.requireText(0, "format", "strftime_now").value();
          dateFormats.add(pattern);
          return Text.untrusted(Strftime.format(pattern, now));
        });
  }

  private static void define(Scope scope, String name, Function function) {
    scope.set(name, function);
  }

  private static Items range(Arguments arguments) {
    List<Value> bounds = arguments.positional();
    if (bounds.isEmpty() || bounds.size() > 3 || !bounds.stream().allMatch(Numbers::isWhole)) {
      throw TemplateFailure.of("range takes one to three whole numbers");
    }
    long start = bounds.size() == 1 ? 0 : Numbers.whole(bounds.get(0));
    long stop = Numbers.whole(bounds.get(bounds.size() == 1 ? 0 : 1));
    long step = bounds.size() == 3 ? Numbers.whole(bounds.get(2)) : 1;
    if (step == 0) {
      throw TemplateFailure.of("range needs a step that is not zero");
    }
    List<Value> values = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (values.size() == MAX_RANGE) {
        throw TemplateFailure.of("range is longer than " + MAX_RANGE);
      }
      values.add(new Int(i));
    }
    Meter.chargeItems(values.size());
    return Items.list(values);
  }

  private static Namespace namespace(Arguments arguments) {
    Namespace namespace = new Namespace();
    for (Map.Entry<Value, Value> entry : entries(arguments).entrySet()) {
      namespace.set(Python.text(entry.getKey()).value(), entry.getValue());
    }
    return namespace;
  }

  private static Map<Value, Value> entries(Arguments arguments) {
    Map<Value, Value> entries = new LinkedHashMap<>();
    for (Value mapping : arguments.positional()) {
      if (!(mapping instanceof Dict dict)) {
        throw TemplateFailure.of("a mapping is expected, not " + Python.typeName(mapping));
      }
      entries.putAll(dict.entries());
    }
    for (Map.Entry<String, Value> named : arguments.named().entrySet()) {
      entries.put(Text.trusted(named.getKey()), named.getValue());
    }
    return entries;
  }

  /** The template itself refused the conversation. */
  static final class Raised extends RuntimeException {
    private static final long serialVersionUID = 1;

    Raised(Text message) {
      super(message.redacted(), null, false, false);
    }
  }
}
