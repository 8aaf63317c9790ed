package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import dev.baton.engine.tokenizer.MarkedText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Plain JSON-like Java values as the template sees them; strings are untrusted. */
final class Variables {
  private Variables() {}

  static Value value(@Nullable Object object, int depth) {
    int inside = Meter.deeper(depth);
    return switch (object) {
      case null -> None.NONE;
      case String text -> Text.untrusted(text);
      case MarkedText text -> Text.of(text);
      case Boolean bool -> Bool.of(bool);
      case Double number -> new Real(number);
      case Float number -> new Real(Double.parseDouble(number.toString()));
      case Integer number -> new Int(number);
      case Long number -> new Int(number);
      case Short number -> new Int(number);
      case Byte number -> new Int(number);
      case BigInteger number when number.bitLength() < 64 -> new Int(number.longValue());
      case Number number -> new Real(number.doubleValue());
      case List<?> list -> {
        List<Value> values = new ArrayList<>(list.size());
        for (Object element : list) {
          values.add(value(element, inside));
        }
        yield Items.list(values);
      }
      case Map<?, ?> map -> {
        Map<Value, Value> entries = LinkedHashMap.newLinkedHashMap(map.size());
        map.forEach((key, element) -> entries.put(value(key, inside), value(element, inside)));
        yield new Dict(entries);
      }
      default ->
          throw new IllegalArgumentException(
              "a template's variable must be JSON-like, not " + object.getClass().getName());
    };
  }
}
