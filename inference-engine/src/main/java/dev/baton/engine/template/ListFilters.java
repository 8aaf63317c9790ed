package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Undefined;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Jinja's filters that go through sequences. */
final class ListFilters {
  private ListFilters() {}

  static Value apply(String filter, Value value, Arguments arguments) {
    return switch (filter) {
      case "batch" -> batch(value, arguments);
      case "dictsort" -> sortedItems(value, arguments);
      case "first" -> {
        List<Value> values = Python.iterate(value);
        yield values.isEmpty() ? new Undefined("there is no first item") : values.getFirst();
      }
      case "items" -> Filters.items(value);
      case "join" -> join(value, arguments);
      case "last" -> {
        List<Value> values = Python.iterate(value);
        yield values.isEmpty() ? new Undefined("there is no last item") : values.getLast();
      }
      case "list" -> Items.list(Python.iterate(value));
      case "map" -> map(value, arguments);
      case "max" -> extreme(value, arguments, true);
      case "min" -> extreme(value, arguments, false);
      case "reject" -> select(value, arguments, UnaryOperator.identity(), false);
      case "rejectattr" -> selectAttribute(filter, value, arguments, false);
      case "reverse" ->
          value instanceof Text text
              ? Strings.reverse(text)
              : Items.iterator(Python.iterate(value).reversed());
      case "select" -> select(value, arguments, UnaryOperator.identity(), true);
      case "selectattr" -> selectAttribute(filter, value, arguments, true);
      case "sort" -> sort(value, arguments);
      case "sum" -> sum(value, arguments);
      case "unique" -> unique(value, arguments);
      default -> throw TemplateFailure.of("the filter '" + filter + "' is not supported");
    };
  }

  /** What {@code attribute='a.b.0'} reads from an item. */
  private static UnaryOperator<Value> getter(Value attribute) {
    if (!(attribute instanceof Text path)) {
      return item -> Access.item(item, attribute);
    }
    List<Value> keys = new ArrayList<>();
    for (Value part : Strings.split(path, Text.trusted("."), -1).values()) {
      String name = ((Text) part).value();
      boolean index = name.length() < 9 && Strings.all((Text) part, c -> c >= '0' && c <= '9');
      keys.add(index ? new Int(Integer.parseInt(name)) : part);
    }
    return item -> {
      Value value = item;
      for (Value key : keys) {
        value = Access.item(value, key);
      }
      return value;
    };
  }

  private static UnaryOperator<Value> attributeOrItself(Value attribute) {
    return attribute == None.NONE ? UnaryOperator.identity() : getter(attribute);
  }

  private static UnaryOperator<Value> ignoringCase(
      UnaryOperator<Value> key, boolean caseSensitive) {
    return caseSensitive
        ? key
        : item -> key.apply(item) instanceof Text text ? Strings.lower(text) : key.apply(item);
  }

  private static Items batch(Value value, Arguments arguments) {
    int size =
        Math.max(1, arguments.allow("batch", "linecount", "fill_with").integer(0, "linecount", 1));
    Value fill = arguments.get(1, "fill_with", None.NONE);
    List<Value> values = Python.iterate(value);
    List<Value> batches = new ArrayList<>();
    for (int from = 0; from < values.size(); from += size) {
      List<Value> batch =
          new ArrayList<>(values.subList(from, Math.min(values.size(), from + size)));
      if (fill != None.NONE) {
        Meter.chargeItems(size);
        batch.addAll(Collections.nCopies(size - batch.size(), fill));
      }
      batches.add(Items.list(batch));
    }
    Meter.chargeItems(values.size());
    return Items.iterator(batches);
  }

  private static Items sortedItems(Value value, Arguments arguments) {
    arguments.allow("dictsort", "case_sensitive", "by", "reverse");
    if (!(value instanceof Dict dict)) {
      throw TemplateFailure.of("dictsort needs a mapping, not " + Python.typeName(value));
    }
    Int position = new Int(arguments.text(1, "by", "key").value().equals("value") ? 1 : 0);
    UnaryOperator<Value> key =
        ignoringCase(pair -> Access.item(pair, position), arguments.flag(0, "case_sensitive"));
    List<Value> pairs = new ArrayList<>(Access.items(dict, Kind.LIST).values());
    pairs.sort(order(key, arguments.flag(2, "reverse")));
    return Items.list(pairs);
  }

  private static Text join(Value value, Arguments arguments) {
    arguments.allow("join", "d", "attribute");
    UnaryOperator<Value> item = attributeOrItself(arguments.get(1, "attribute", None.NONE));
    List<Value> values = Python.iterate(value);
    Meter.chargeItems(values.size());
    return Strings.join(arguments.text(0, "d", ""), values.stream().map(item).toList());
  }

  private static Items map(Value value, Arguments arguments) {
    UnaryOperator<Value> mapping;
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      UnaryOperator<Value> attribute = getter(arguments.require(0, "attribute", "map"));
      Value otherwise = arguments.named().get("default");
      mapping =
          item -> {
            Value found = attribute.apply(item);
            return found instanceof Undefined && otherwise != null && otherwise != None.NONE
                ? otherwise
                : found;
          };
    } else {
      String filter = known(Filters.NAMES, "filter", arguments.requireText(0, "filter", "map"));
      Arguments rest = arguments.rest();
      mapping = item -> Filters.apply(filter, item, rest);
    }
    return Items.iterator(each(value, mapping));
  }

  private static String known(Set<String> names, String kind, Text name) {
    if (!names.contains(name.value())) {
      throw TemplateFailure.of("the %s '%s' is not supported".formatted(kind, name.redacted()));
    }
    return name.value();
  }

  private static List<Value> each(Value value, UnaryOperator<Value> mapping) {
    List<Value> values = Python.iterate(value);
    List<Value> mapped = new ArrayList<>(values.size());
    for (Value item : values) {
      Meter.charge(1);
      mapped.add(mapping.apply(item));
    }
    return mapped;
  }

  private static Items selectAttribute(
      String filter, Value value, Arguments arguments, boolean kept) {
    Value attribute = arguments.require(0, "attribute", filter);
    return select(value, arguments.rest(), getter(attribute), kept);
  }

  private static Items select(
      Value value, Arguments arguments, UnaryOperator<Value> subject, boolean kept) {
    Predicate<Value> test = Python::truth;
    if (!arguments.positional().isEmpty()) {
      String name = known(Tests.NAMES, "test", arguments.requireText(0, "test", "select"));
      Arguments rest = arguments.rest();
      test = item -> Tests.apply(name, item, rest);
    }
    List<Value> selected = new ArrayList<>();
    for (Value item : Python.iterate(value)) {
      Meter.charge(1);
      if (test.test(subject.apply(item)) == kept) {
        selected.add(item);
      }
    }
    return Items.iterator(selected);
  }

  private static Comparator<Value> order(UnaryOperator<Value> key, boolean reverse) {
    Comparator<Value> order =
        (a, b) -> {
          Meter.charge(1);
          return Operators.compare("<", key.apply(a), key.apply(b));
        };
    return reverse ? order.reversed() : order;
  }

  private static Items sort(Value value, Arguments arguments) {
    arguments.allow("sort", "reverse", "case_sensitive", "attribute");
    boolean caseSensitive = arguments.flag(1, "case_sensitive");
    Value attribute = arguments.get(2, "attribute", None.NONE);
    Comparator<Value> order = null;
    List<Value> attributes =
        attribute instanceof Text names
            ? Strings.split(names, Text.trusted(","), -1).values()
            : List.of(attribute);
    for (Value name : attributes) {
      Comparator<Value> next =
          order(ignoringCase(attributeOrItself(name), caseSensitive), arguments.flag(0, "reverse"));
      order = order == null ? next : order.thenComparing(next);
    }
    List<Value> values = new ArrayList<>(Python.iterate(value));
    Meter.chargeItems(values.size());
    values.sort(order);
    return Items.list(values);
  }

  private static Value extreme(Value value, Arguments arguments, boolean greatest) {
    arguments.allow("min/max", "case_sensitive", "attribute");
    UnaryOperator<Value> key =
        ignoringCase(
            attributeOrItself(arguments.get(1, "attribute", None.NONE)),
            arguments.flag(0, "case_sensitive"));
    return Python.iterate(value).stream()
        .min(order(key, greatest))
        .orElse(new Undefined("there is no item"));
  }

  private static Value sum(Value value, Arguments arguments) {
    arguments.allow("sum", "attribute", "start");
    UnaryOperator<Value> item = attributeOrItself(arguments.get(0, "attribute", None.NONE));
    Value total = arguments.get(1, "start", new Int(0));
    for (Value next : Python.iterate(value)) {
      Meter.charge(1);
      total = Operators.add(total, item.apply(next));
    }
    return total;
  }

  private static Items unique(Value value, Arguments arguments) {
    arguments.allow("unique", "case_sensitive", "attribute");
    UnaryOperator<Value> key =
        ignoringCase(
            attributeOrItself(arguments.get(1, "attribute", None.NONE)),
            arguments.flag(0, "case_sensitive"));
    Set<Value> seen = new HashSet<>();
    List<Value> kept = new ArrayList<>();
    for (Value item : Python.iterate(value)) {
      Meter.charge(1);
      if (seen.add(key.apply(item))) {
        kept.add(item);
      }
    }
    return Items.iterator(kept);
  }
}
