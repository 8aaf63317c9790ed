package dev.baton.engine.template;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A template is as trusted as the download it came with: it ends, and in bounded memory. */
final class HostileTemplateTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Two equal structures of 2^60 elements, cheap to build. */
  private static final String DOUBLED_LISTS =
      "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(60) %}"
          + "{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}{% endfor %}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='x' * 7000000) %}{% for i in range(9999) %}{% set n.s = n.s|upper %}{% endfor %}",
        "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
        DOUBLED_LISTS + "{{ n.l }}",
        DOUBLED_LISTS + "{{ n.l|tojson }}",
        DOUBLED_LISTS + "{{ n.l == n.m }}",
        DOUBLED_LISTS + "{{ {n.l: 1} }}",
        DOUBLED_LISTS + "{{ n.l < n.m }}",
        "{% set n = namespace(n=1) %}{% for i in range(999) %}{% set n.n = [n.n] %}{% endfor %}{{ n.n }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(a) %}{{ m(a) }}{{ m(a) }}{% endmacro %}{{ m(1) }}",
        "{{ 'x' * 999999999999 }}",
        "{{ [0] * 999999999 }}",
        "{{ 9 ** 999999999 }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ ('x,' * 3000000).split(',')|map('upper')|list|length }}",
        "{{ (['x' * 5000000] * 900000)|map('upper')|join }}",
        "{{ (['x' * 5000000] * 900000)|sort|length }}",
        "{{ ('x' * 5000000 ~ 'a') in (['x' * 5000000 ~ 'b'] * 900000) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ range(99999)|list|batch(1, 1)|list|batch(1000000000, 'x')|list }}",
        "{% for i in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
        "{{ range(0, 999999999999) }}",
      })
  void endsWithAnErrorInsteadOfHangingTheServer(String source) {
    assertTimeoutPreemptively(
        LIMIT,
        () ->
            assertThatThrownBy(() -> ChatTemplate.parse(source).render(Map.of()))
                .isInstanceOfSatisfying(
                    EngineException.class,
                    e ->
                        org.assertj.core.api.Assertions.assertThat(e.code())
                            .isEqualTo(ErrorCode.TEMPLATE_FAILED)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "(¦100000",
        "[¦100000",
        "{% if 1 %}¦100000",
        "{{ -¦100000",
        "not ¦100000",
        "{{ x¦2",
        "a.b|upper ¦2",
      })
  void refusesToNestWithoutEnd(String part, int times) {
    for (String source : new String[] {"{{ " + part.repeat(times), part.repeat(times)}) {
      assertTimeoutPreemptively(
          LIMIT,
          () -> {
            try {
              ChatTemplate.parse(source).render(Map.of());
            } catch (EngineException expected) {
              org.assertj.core.api.Assertions.assertThat(expected.code())
                  .isEqualTo(ErrorCode.TEMPLATE_FAILED);
            }
          });
    }
  }

  @Test
  void refusesLongChainsThatEvaluateDeeply() {
    for (String link : new String[] {" + 1", "|abs", "[0]", ".x"}) {
      assertThatThrownBy(
              () -> ChatTemplate.parse("{{ 1" + link.repeat(100_000) + " }}").render(Map.of()))
          .as(link)
          .isInstanceOf(EngineException.class);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "{% import 'x' as y %}¦the tag 'import' is not supported",
        "{{ a|groupby('x') }}¦the filter 'groupby' is not supported",
        "{{ a is escaped }}¦the test 'escaped' is not supported",
        "{% for a in b recursive %}{% endfor %}¦recursive loops are not supported",
        "{{ f(*a) }}¦spreading arguments with '*' is not supported",
        "{% if a %}x{% endfor %}¦expected 'endif', found 'endfor'",
        "{% endif %}¦'endif' closes nothing that is open",
      })
  void namesWhatItDoesNotKnowAndWhere(String source, String reason) {
    assertThatThrownBy(() -> ChatTemplate.parse("first line\n" + source))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("line 2")
        .hasMessageContaining(reason);
  }
}
