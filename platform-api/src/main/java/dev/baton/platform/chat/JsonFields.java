package dev.baton.platform.chat;

import dev.baton.platform.problem.ApiProblem;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Typed reading of one JSON object without coercion: {@code "1"} is no number and {@code 1.5} no
 * integer. Absent and {@code null} are the same; anything else of the wrong type is a 400 that
 * names the field.
 *
 * @param path where the object is, such as {@code messages[2].}, empty at the top
 */
record JsonFields(JsonNode object, String path) {

  static JsonFields of(JsonNode node, String path) {
    if (!node.isObject()) {
      throw ApiProblem.invalidType(path, "an object", kind(node));
    }
    return new JsonFields(node, path.isEmpty() ? "" : path + ".");
  }

  String name(String field) {
    return path + field;
  }

  @Nullable JsonNode get(String field) {
    JsonNode node = object.get(field);
    return node == null || node.isNull() ? null : node;
  }

  @Nullable String text(String field) {
    JsonNode node = get(field);
    return node == null ? null : text(node, name(field));
  }

  String requiredText(String field) {
    String text = text(field);
    if (text == null) {
      throw ApiProblem.missing(name(field));
    }
    return text;
  }

  @Nullable Double number(String field) {
    JsonNode node = get(field);
    if (node == null) {
      return null;
    }
    return number(node, name(field));
  }

  @Nullable Integer integer(String field) {
    JsonNode node = get(field);
    if (node == null) {
      return null;
    }
    return integer(node, name(field));
  }

  @Nullable Long longInteger(String field) {
    JsonNode node = get(field);
    if (node == null) {
      return null;
    }
    if (!node.isIntegralNumber()) {
      throw ApiProblem.invalidType(name(field), "an integer", kind(node));
    }
    if (!node.canConvertToLong()) {
      throw ApiProblem.invalidValue(name(field), name(field) + " does not fit 64 bits.");
    }
    return node.longValue();
  }

  boolean bool(String field) {
    JsonNode node = get(field);
    if (node == null) {
      return false;
    }
    if (!node.isBoolean()) {
      throw ApiProblem.invalidType(name(field), "a boolean", kind(node));
    }
    return node.booleanValue();
  }

  @Nullable JsonNode array(String field) {
    JsonNode node = get(field);
    if (node != null && !node.isArray()) {
      throw ApiProblem.invalidType(name(field), "an array", kind(node));
    }
    return node;
  }

  static String text(JsonNode node, String name) {
    if (!node.isString()) {
      throw ApiProblem.invalidType(name, "a string", kind(node));
    }
    String text = node.stringValue();
    // An escape such as \ud83d alone passes JSON, but is no character.
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw ApiProblem.invalidValue(name, name + " holds half a surrogate pair, which is no text.");
    }
    return text;
  }

  static double number(JsonNode node, String name) {
    if (!node.isNumber()) {
      throw ApiProblem.invalidType(name, "a number", kind(node));
    }
    return node.doubleValue();
  }

  static int integer(JsonNode node, String name) {
    if (!node.isIntegralNumber()) {
      throw ApiProblem.invalidType(name, "an integer", kind(node));
    }
    if (!node.canConvertToInt()) {
      throw ApiProblem.invalidValue(name, name + " is out of range.");
    }
    return node.intValue();
  }

  static String kind(JsonNode node) {
    if (node.isObject()) {
      return "an object";
    }
    if (node.isArray()) {
      return "an array";
    }
    if (node.isString()) {
      return "a string";
    }
    if (node.isBoolean()) {
      return "a boolean";
    }
    if (node.isIntegralNumber()) {
      return "an integer";
    }
    return node.isNumber() ? "a decimal number" : "null";
  }
}
