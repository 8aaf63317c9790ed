package dev.baton.engine.template;

import dev.baton.engine.tokenizer.MarkedText;
import dev.baton.engine.tokenizer.Tokenizer;

/**
 * Chat templates for model files without one: ChatML where the vocabulary has its marks, else plain
 * text with the roles as headings, which any model that can write reads well enough.
 */
final class FallbackTemplates {
  private static final String CHATML =
      """
      {%- for message in messages -%}
      {{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}
      """;

  private static final String HEADINGS =
      """
      {%- for message in messages -%}
      {{ '### ' + message.role|capitalize + ':\\n' + message.content + '\\n\\n' }}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{ '### Assistant:\\n' }}{%- endif -%}
      """;

  private FallbackTemplates() {}

  static String of(Tokenizer tokenizer) {
    return isToken(tokenizer, "<|im_start|>") && isToken(tokenizer, "<|im_end|>")
        ? CHATML
        : HEADINGS;
  }

  private static boolean isToken(Tokenizer tokenizer, String mark) {
    int[] ids = tokenizer.encode(MarkedText.trusted(mark));
    return ids.length == 1 && tokenizer.piece(ids[0]).equals(mark);
  }
}
