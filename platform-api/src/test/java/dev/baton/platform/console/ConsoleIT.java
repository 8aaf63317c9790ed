package dev.baton.platform.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.Engine;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.serve.TestRedis;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** A person's way through the console: from the first tenant to its suspension. */
@Timeout(600)
class ConsoleIT {
  private static final int PROMPT_TOKENS = 1500;

  /** Remembers what the activation's panel showed: it is gone when the activation is done. */
  private static final String WATCH_PROGRESS =
      """
      window.seen = [];
      new MutationObserver(() => {
        const bar = document.querySelector(".activation progress");
        if (bar) window.seen.push(bar.value / bar.max);
      }).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
      """;

  @TempDir private Path directory;

  @Test
  void walksFromSignInToSuspension() throws Exception {
    Path model = directory.resolve("tiny.gguf");
    RandomModelSpec.tiny().contextLength(4096).layerCount(4).writeTo(model);
    try (TestRedis redis = TestRedis.start();
        Engine engine = LocalEngine.open(EngineSettings.defaults(model));
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis.url(), Map.of());
        Browser browser =
            Browser.open(directory.resolve("profile"), Path.of("target", "screenshots"))) {
      browser.go(platform.url().resolve("/console/"));
      signIn(browser);
      createTenant(browser);
      createKey(browser);
      publish(browser, prompt(engine, "Harbour Cycles", 0), "First version");
      activateWithProgress(browser, "v1");
      chat(browser);
      publishSecond(browser, engine);
      compare(browser);
      canary(browser);
      activateWithProgress(browser, "v2");
      rollBack(browser);
      usage(browser);
      limits(browser);
      residency(browser);
      engine(browser);
      audit(browser);
      suspend(browser);
      assertThat(browser.complaints()).noneMatch(line -> line.contains("Content Security Policy"));
    }
  }

  private static void signIn(Browser browser) throws Exception {
    browser.see("Sign in");
    accessible(browser);
    browser.screenshot("sign-in");
    browser.type("Token", "not the token");
    browser.press("Sign in");
    browser.see("The platform does not accept this token.");
    browser.type("Token", PlatformUnderTest.ADMIN_TOKEN);
    browser.key(Keys.ENTER);
    browser.see("No tenants yet");
  }

  private static void createTenant(Browser browser) throws Exception {
    browser.press("New tenant");
    browser.see("Unique among tenants");
    accessible(browser);
    browser.key(Keys.ESCAPE);
    browser.seeNoMore("Unique among tenants");
    assertThat(browser.focused()).as("Escape gives the focus back").isEqualTo("New tenant");
    browser.press("New tenant");
    browser.type("Name", "Harbour Cycles");
    browser.key(Keys.ENTER);
    browser.see("No prompt version yet");
    accessible(browser);
  }

  private static void createKey(Browser browser) throws Exception {
    browser.press("Keys");
    browser.see("No keys yet");
    browser.press("New key");
    browser.type("Name", "production");
    browser.press("Create key");
    browser.see("can not be shown again");
    assertThat(browser.textOf(".secret code")).startsWith("bt_");
    browser.screenshot("key");
    accessible(browser);
    browser.press("Done");
    browser.seeNoMore("can not be shown again");
    browser.see("production");
  }

  private static void publish(Browser browser, String text, String message) throws Exception {
    browser.press("Prompts");
    browser.press("New draft");
    browser.paste("System prompt", text);
    browser.see("of the context of 4,096 tokens");
    browser.screenshot("draft");
    accessible(browser);
    browser.press("Publish");
    browser.type("Message", message);
    browser.key(Keys.ENTER);
    browser.see(message);
  }

  private static void activateWithProgress(Browser browser, String version) throws Exception {
    browser.run(WATCH_PROGRESS);
    browser.press("Activate");
    browser.see(version + " is active: every new chat uses it.");
    browser.see("active prompt " + version);
    assertThat((Boolean) browser.run("return window.seen.some((part) => part >= 0 && part <= 1)"))
        .as("the progress was shown")
        .isTrue();
    browser.screenshot("prompts");
    accessible(browser);
  }

  private static void chat(Browser browser) throws Exception {
    browser.press("Open in playground");
    browser.press("Use a temporary key");
    browser.see("A key for this tab, for one hour.");
    browser.type("Most tokens", "40");
    browser.type("Message", "When are you open on Wednesday?");
    browser.key(Keys.ENTER);
    browser.await("the answer's usage", () -> browser.textOf(".measures").contains(" of 1,"));
    assertThat(browser.textOf(".turn.assistant")).isNotBlank();
    browser.screenshot("playground");
    accessible(browser);
  }

  private static void publishSecond(Browser browser, Engine engine) throws Exception {
    browser.press("Tenants");
    browser.press("Harbour Cycles");
    String second =
        prompt(engine, "Harbour Cycles", 0)
            .replace("costs 21 crowns", "costs 19 crowns until Sunday")
            .replace("\nArticle 30 ", "\nThe workshop is closed on Mondays.\nArticle 30 ");
    publish(browser, second, "Prices of this week, the workshop's hours");
  }

  private static void compare(Browser browser) throws Exception {
    browser.press("Actions for version v2");
    browser.press("Compare with v1");
    browser.see("v1 → v2");
    browser.screenshot("compare");
    accessible(browser);
    browser.press("Harbour Cycles");
  }

  /** A label names the second version; the playground asks for it beside the active one. */
  private static void canary(Browser browser) throws Exception {
    browser.press("Actions for version v2");
    browser.press("Set a label");
    browser.type("Label", "canary");
    browser.key(Keys.ENTER);
    browser.see("canary is v2 now.");
    browser.press("Open in playground");
    browser.press("Use a temporary key");
    browser.see("A key for this tab, for one hour.");
    browser.press("Compare two versions");
    browser.choose("Prompt version of: Second answer", "canary");
    browser.type("Most tokens", "30");
    browser.type("Message", "What does article 12 cost?");
    browser.key(Keys.ENTER);
    browser.await(
        "both answers",
        () ->
            browser.count(".turn.assistant") == 2
                && browser.textOf(".lane:last-child .measures").contains(" of 1,"));
    browser.screenshot("canary");
    accessible(browser);
    browser.press("Tenants");
    browser.press("Harbour Cycles");
  }

  private static void rollBack(Browser browser) throws Exception {
    browser.press("Roll back to v1");
    browser.see("Chats switch from v2 back to v1.");
    browser.press("Roll back");
    browser.see("v1 is active: every new chat uses it.");
    browser.see("active prompt v1");
  }

  private static void usage(Browser browser) throws Exception {
    browser.press("Usage");
    browser.await("bars", () -> browser.count(".chart .bar rect[class^=series]") > 0);
    browser.see("Completion tokens");
    browser.press("By prompt version");
    browser.await(
        "both versions",
        () ->
            browser.textOf(".section .card.flush").contains("v1")
                && browser.textOf(".section .card.flush").contains("v2"));
    browser.screenshot("usage");
    accessible(browser);
  }

  private static void limits(Browser browser) throws Exception {
    browser.press("Limits");
    browser.type("Requests per minute", "600");
    browser.press("Save limits");
    browser.see("The limits are saved");
    browser.see(" of 600");
    browser.screenshot("limits");
    accessible(browser);
  }

  private static void residency(Browser browser) throws Exception {
    browser.press("Residency");
    browser.press("Commands for v1");
    browser.press("Pin");
    browser.see("Pinned by admin");
    browser.screenshot("residency");
    accessible(browser);
  }

  private static void audit(Browser browser) throws Exception {
    browser.press("Audit");
    browser.see("system_kv.pinned");
    browser.see("tenant.created");
    accessible(browser);
  }

  private static void engine(Browser browser) throws Exception {
    browser.press("Engine");
    browser.see("KV memory");
    browser.see("Harbour Cycles v1");
    browser.screenshot("engine");
    accessible(browser);
  }

  private static void suspend(Browser browser) throws Exception {
    browser.press("Tenants");
    browser.press("Harbour Cycles");
    browser.press("More for Harbour Cycles");
    browser.press("Suspend");
    browser.see("Suspend Harbour Cycles?");
    browser.screenshot("suspend");
    accessible(browser);
    browser.press("Suspend");
    browser.see("This tenant is suspended");
  }

  private static void accessible(Browser browser) throws Exception {
    assertThat(browser.accessibilityFaults()).as(browser.address()).isEmpty();
  }

  /** A prompt of about 1,500 tokens. */
  private static String prompt(Engine engine, String shop, int first) {
    StringBuilder text = new StringBuilder("You are the assistant of ").append(shop).append('.');
    int article = first;
    while (engine.preview(text.toString()).tokens() < PROMPT_TOKENS) {
      for (int line = 0; line < 10; line++, article++) {
        text.append("\nArticle ").append(article).append(" costs ").append(7 * article % 90);
        text.append(" crowns. Article ").append(article).append(" is in stock.");
      }
    }
    return text.toString();
  }
}
