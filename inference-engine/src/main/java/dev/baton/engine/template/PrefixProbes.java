package dev.baton.engine.template;

import dev.baton.engine.ChatMessage;
import java.util.ArrayList;
import java.util.List;

/**
 * Conversations as unlike each other as users make them. What all their renderings under one system
 * prompt begin with, no request changes.
 */
final class PrefixProbes {
  /** First characters of every kind that a tokenizer treats differently. */
  private static final List<String> BEGINNINGS =
      List.of(
          "Hello",
          "x",
          "The quick",
          " leading",
          "  two",
          "\nline",
          "\n\nlines",
          "\ttab",
          "\r\n",
          "7",
          "42 is",
          "'s",
          "'ll",
          "!",
          ".",
          ",",
          ")",
          "\"",
          "-",
          "#",
          "<",
          "</",
          "[",
          "|",
          "_",
          "漢字",
          "これ",
          "é",
          "Ünder",
          "привет",
          "مرحبا",
          "👍",
          "\u200b",
          "\u00a0",
          "\u0301");

  private PrefixProbes() {}

  /** Conversations of a client; the first is the shortest. */
  static List<List<ChatMessage>> conversations() {
    List<List<ChatMessage>> probes = new ArrayList<>();
    probes.add(List.of(user("x")));
    for (String beginning : BEGINNINGS) {
      probes.add(List.of(user(beginning)));
      probes.add(List.of(new ChatMessage("system", beginning), user("Heron")));
    }
    probes.add(List.of(user("One"), assistant("Two"), user("Three")));
    probes.add(List.of(user("\nOne"), assistant(" 2"), user("3"), assistant("Four"), user("👍")));
    probes.add(List.of(assistant("Welcome"), user("Hi")));
    probes.add(List.of(user("One"), user("Two")));
    probes.add(
        List.of(user("One"), assistant("Two"), new ChatMessage("system", "Three"), user("Four")));
    return probes;
  }

  private static ChatMessage user(String text) {
    return new ChatMessage("user", text);
  }

  private static ChatMessage assistant(String text) {
    return new ChatMessage("assistant", text);
  }
}
