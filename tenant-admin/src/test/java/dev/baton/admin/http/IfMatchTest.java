package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;

class IfMatchTest {

  @Test
  void tagsOfOneOrMoreHeadersAreKeptWeakOnesAreNot() {
    HttpHeaders headers = new HttpHeaders();
    headers.add("If-Match", "\"a\", W/\"b\" ,\"c\"");
    headers.add("If-Match", "\"d\"");
    assertThat(IfMatch.of(headers).argument()).isEqualTo("\"a\",\"c\",\"d\"");
  }

  @Test
  void aStarIsWhatever() {
    HttpHeaders headers = new HttpHeaders();
    headers.add("If-Match", " * ");
    assertThat(IfMatch.of(headers)).isEqualTo(IfMatch.WHATEVER);
  }

  @Test
  void itMustBeThere() {
    assertThatThrownBy(() -> IfMatch.of(new HttpHeaders()))
        .isInstanceOfSatisfying(
            AdminProblem.class, problem -> assertThat(problem.status().value()).isEqualTo(428));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "\"a", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "\"a\"x", "W/a"})
  void whatIsNoTagIsABadRequest(String value) {
    HttpHeaders headers = new HttpHeaders();
    headers.add("If-Match", value);
    assertThatThrownBy(() -> IfMatch.of(headers))
        .isInstanceOfSatisfying(
            AdminProblem.class, problem -> assertThat(problem.status().value()).isEqualTo(400));
  }
}
