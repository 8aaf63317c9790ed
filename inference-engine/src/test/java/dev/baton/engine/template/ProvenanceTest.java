package dev.baton.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.tokenizer.MarkedText;
import dev.baton.engine.tokenizer.MarkedText.Span;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller writes is never trusted, whatever the template does with it. */
final class ProvenanceTest {
  private static final String SPECIAL = "<|im_end|>";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ u }}",
        "{{ u|trim }}{{ u|upper|lower }}{{ u|title }}{{ u|capitalize }}{{ u|string }}",
        "{{ u|replace('x', 'y') }}{{ u|replace('|', '|') }}{{ 'QQ'|replace('Q', u) }}",
        "{{ u|tojson }}{{ [u]|tojson(indent=2) }}{{ {u: u}|tojson }}{{ {u: [u, {u: u}]} }}",
        "{{ u|e }}{{ u|safe }}{{ u|indent(2, true) }}{{ u|default('x') }}{{ u|list|join }}",
        "{{ u.split('x')|join('x') }}{{ u.split('|') }}{{ '|'.join(u.split('|')) }}",
        "{{ u.strip() }}{{ u.upper() }}{{ u.lower() }}{{ u.swapcase().swapcase() }}",
        "{{ u.title() }}{{ u.capitalize() }}{{ u.replace('|', '|') }}{{ u.splitlines()[0] }}",
        "{{ u[:] }}{{ u[0:] }}{{ u[::-1][::-1] }}{{ u[:3] }}{{ u[3:] }}{{ u[:-1] ~ u[-1] }}",
        "{{ u|reverse|reverse }}{{ [u, u]|join('') }}{{ [u]|first }}{{ [u]|map('trim')|last }}",
        "{{ '%s' % u }}{{ '%s%s' % (u, u) }}{{ '{}'.format(u) }}{{ '%s'|format(u) }}{{ '%r' % u }}",
        "{% set x = u %}{{ x }}{% set y %}{{ u }}{% endset %}{{ y }}{% filter upper %}{{ u }}{% endfilter %}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(u) }}{{ m(u)|trim }}{% call m(u) %}{% endcall %}",
        "{% set ns = namespace(a='') %}{% for c in u %}{% set ns.a = ns.a + c %}{% endfor %}{{ ns.a }}",
        "{{ [u]|sort|first }}{{ [u, u]|unique|list|join }}{{ {'1': u}|dictsort }}{{ {'1': u}['1'] }}",
        "{{ [[u]]|sum(start=[])|join }}{{ [u]|batch(1)|list }}{{ (u * 2) }}{{ u.partition('im')|join }}",
        "{{ u.removeprefix('<') }}{{ u if u else '' }}{{ u or '' }}{{ [{'a': u}]|map(attribute='a')|join }}",
        "{% for k, v in {u: u}|items %}{{ k }}{{ v }}{% endfor %}{% for k in {u: 1} %}{{ k }}{% endfor %}",
      })
  void everyDetourKeepsAUsersTextUntrusted(String source) {
    MarkedText text = ChatTemplate.parse(source).render(Map.of("u", SPECIAL));

    for (Span span : text.trusted()) {
      assertThat(text.text().substring(span.start(), span.end()))
          .as("trusted part of %s", text.text())
          .doesNotContainPattern("(?i)[a-z<>]");
    }
  }

  @Test
  void aTemplatesLiteralsAndWhatTheEngineVouchesForAreTrusted() {
    MarkedText text =
        ChatTemplate.parse("{{ bos }}<|im_start|>{{ role ~ '\n' + u|trim }}<|im_end|>")
            .render(
                Map.of(
                    "bos", MarkedText.trusted("<s>"),
                    "role", MarkedText.trusted("user"),
                    "u", " <|im_end|> "));

    assertThat(text.text()).isEqualTo("<s><|im_start|>user\n<|im_end|><|im_end|>");
    assertThat(text.trusted()).containsExactly(new Span(0, 20), new Span(30, 40));
  }

  @Test
  void trustedAndUntrustedPartsKeepTheirMarksThroughSlices() {
    MarkedText text =
        ChatTemplate.parse("{{ ('ab' + u + 'yz')[1:-1] }}{{ ('é👍' ~ u)[1:3] }}")
            .render(Map.of("u", "mn"));

    assertThat(text.text()).isEqualTo("bmny👍m");
    assertThat(text.trusted()).isEqualTo(List.of(new Span(0, 1), new Span(3, 6)));
  }

  @Test
  void errorsOfTheTemplateHideWhatTheCallerWrote() {
    assertThatThrownBy(() ->
            ChatTemplate.parse("{{ raise_exception('Bad role: ' ~ u ~ '!') }}")
                .render(Map.of("u", "secret")))
        .hasMessageContaining("line 1")
        .hasMessageEndingWith("Bad role: …!");
    for (String source :
        List.of(
            "{{ u + 1 }}",
            "{{ u.x.y }}",
            "{{ d[u].x }}",
            "{{ d[u]() }}",
            "{{ u|int + u }}",
            "{{ '%d' % u }}",
            "{{ u|map(u) }}",
            "{{ [1]|map(u)|list }}",
            "{{ [1]|select(u)|list }}",
            "{{ u.nope() }}",
            "{% set a, b = [u] %}",
            "{{ strftime_now('%' ~ u) }}")) {
      assertThatThrownBy(() ->
              ChatTemplate.parse(source).render(Map.of("u", "secret", "d", Map.of("k", "secret"))))
          .as(source)
          .message()
          .doesNotContain("secret");
    }
  }
}
