package dev.baton.engine.template;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value of the template language, equal and printed as Python's. All are immutable but {@link
 * Namespace}: Hugging Face renders templates in an immutable sandbox.
 */
sealed interface Value
    permits Value.None,
        Value.Bool,
        Value.Int,
        Value.Real,
        Text,
        Value.Items,
        Value.Dict,
        Value.Undefined,
        Value.Namespace,
        Value.Function,
        LoopState {

  /** Python's {@code None}. */
  enum None implements Value {
    NONE
  }

  /** Equals the number 0 or 1, as in Python. */
  record Bool(boolean value) implements Value {
    static final Bool TRUE = new Bool(true);
    static final Bool FALSE = new Bool(false);

    static Bool of(boolean value) {
      return value ? TRUE : FALSE;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return Numbers.equal(this, other);
    }

    @Override
    public int hashCode() {
      return Numbers.hash(value ? 1 : 0);
    }
  }

  /** A whole number of 64 bits; what overflows is an error. */
  record Int(long value) implements Value {
    @Override
    public boolean equals(@Nullable Object other) {
      return Numbers.equal(this, other);
    }

    @Override
    public int hashCode() {
      return Numbers.hash(value);
    }
  }

  /** A Python float. */
  record Real(double value) implements Value {
    @Override
    public boolean equals(@Nullable Object other) {
      return Numbers.equal(this, other);
    }

    @Override
    public int hashCode() {
      return Numbers.hash(value);
    }
  }

  /** What a run of values is in Python; it decides printing, truth, indexing and equality. */
  enum Kind {
    LIST,
    TUPLE,
    /** Keys, values or items of a dict. */
    VIEW,
    /** A generator, such as what {@code map} returns: always true, without a length. */
    ITERATOR
  }

  /** Values in order. */
  record Items(Kind kind, List<Value> values) implements Value {
    public Items {
      values = Collections.unmodifiableList(values);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      if (!(other instanceof Items items) || kind != items.kind) {
        return false;
      }
      Meter.charge(1 + values.size());
      return kind == Kind.ITERATOR ? this == other : values.equals(items.values);
    }

    @Override
    public int hashCode() {
      Meter.charge(1 + values.size());
      return values.hashCode();
    }

    static Items list(List<? extends Value> values) {
      return new Items(Kind.LIST, Collections.unmodifiableList(values));
    }

    static Items tuple(Value... values) {
      return new Items(Kind.TUPLE, List.of(values));
    }

    static Items iterator(List<? extends Value> values) {
      return new Items(Kind.ITERATOR, Collections.unmodifiableList(values));
    }
  }

  /** Keys and values in order of insertion. */
  record Dict(Map<Value, Value> entries) implements Value {
    public Dict {
      entries = Collections.unmodifiableMap(entries);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      Meter.charge(1 + entries.size());
      return other instanceof Dict dict && entries.equals(dict.entries);
    }

    @Override
    public int hashCode() {
      Meter.charge(1 + entries.size());
      return entries.hashCode();
    }
  }

  /** A name, attribute or item that is not there; any use but printing and testing it fails. */
  record Undefined(String cause) implements Value {
    static Undefined named(String name) {
      return new Undefined("'" + name + "' is undefined");
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
      return 0;
    }

    TemplateFailure failure() {
      return TemplateFailure.of(cause);
    }
  }

  /** The one thing whose attributes a template may set, made by {@code namespace()}. */
  final class Namespace implements Value {
    private final Map<String, Value> attributes = new LinkedHashMap<>();

    Value get(String name) {
      Value value = attributes.get(name);
      return value != null
          ? value
          : new Undefined("'namespace' object has no attribute '" + name + "'");
    }

    void set(String name, Value value) {
      attributes.put(name, value);
    }
  }

  /** Something to call: a macro, a method of a value, a global function. */
  non-sealed interface Function extends Value {
    Value call(Arguments arguments);
  }
}
