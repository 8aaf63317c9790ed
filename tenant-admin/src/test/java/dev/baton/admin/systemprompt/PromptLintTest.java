package dev.baton.admin.systemprompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptLintTest {

  // In two parts each, so that no scanner of repositories takes them for real.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "AKIA" + "IOSFODNN7EXAMPLE",
        "gh" + "p_abcdefghijklmnopqrstuvwxyz0123456789",
        "sk" + "-proj-abcdefghijklmnopqrstuvwx",
        "sk" + "_live_0123456789abcdefgh",
        "xox" + "b-1234567890-abcdef",
        "AIza" + "SyA1234567890abcdefghijklmnopqrstuvw",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "bt_" + "0123456789abcdef_01234567_0123456789abcdefghjkmnpqrstvwxyz",
        "postgres://app:" + "hunter22@db.internal:5432/shop",
        "The password is " + "hunter2!",
        "api_key: \"" + "abc123def456\"",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln",
        "token Zx9" + "Qw3Lk8Vb5Nm2Rt7Yp4Hd6Fs1Gj0",
        "9f86d081884c7d659a2feaa0c55ad015" + "a3bf4f1b2b0b822cd15d6c15b0f00a08"
      })
  void credentialsAreWarnedOfByLineAndNeverQuoted(String secret) {
    List<PromptLint.Warning> warnings =
        PromptLint.check("You are the assistant of a shop.\nUse " + secret + " for the stock.\n");
    assertThat(warnings).hasSize(1);
    assertThat(warnings.getFirst().line()).isEqualTo(2);
    assertThat(warnings.getFirst().message()).doesNotContain(secret);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Never ask for a password, and never repeat one.",
        "If the customer forgot the password: send the reset link.",
        "Visit https://shop.example.com/bicycles/mountain-bikes/full-suspension for details.",
        "Donaudampfschifffahrtsgesellschaftskapitaensmuetze is a word.",
        "Order numbers look like 2026-000123-DE; phone +49 30 1234567.",
        "==================================================",
        "Use snake_case_names_for_all_of_the_variables_here.",
        "00000000000000000000000000000000",
        "The secret is patience."
      })
  void ordinaryTextIsNot(String line) {
    assertThat(PromptLint.check(line)).isEmpty();
  }

  @Test
  void hostileTextTakesLinearTime() {
    String hostile = ("eyJ" + "a".repeat(5000) + " a://" + "b:".repeat(5000) + "\n").repeat(40);
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> PromptLint.check(hostile));
  }
}
