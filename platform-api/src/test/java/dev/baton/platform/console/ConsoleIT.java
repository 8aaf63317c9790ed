package dev.baton.platform.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.systemprompt.Activations;
import dev.baton.admin.systemprompt.PromptVersion;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.Tenant;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.access.AdminPort;
import dev.baton.platform.serve.TestRedis;
import dev.baton.testing.IdentityProvider;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** A person's way through the console, on the whole platform in a real browser. */
@Timeout(900)
class ConsoleIT {
  private static final int PROMPT_TOKENS = 1500;
  private static final String OPERATOR = "operator-token-0123456789abcdef";
  private static final String AUDITOR = "auditor-token-0123456789abcdef";

  /** Remembers what the activation's panel showed: it is gone when the activation is done. */
  private static final String WATCH_PROGRESS =
      """
      window.seen = [];
      window.watching?.disconnect();
      window.watching = new MutationObserver(() => {
        const bar = document.querySelector(".activation progress");
        if (bar) window.seen.push(bar.value / bar.max);
      });
      window.watching.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
      """;

  /** Holds the first answer that a residency page asks for, and counts what it asks. */
  private static final String SLOW_RESIDENCY =
      """
      const plain = window.fetch;
      const held = Promise.withResolvers();
      window.slow = {asked: 0, release: held.resolve};
      window.fetch = async (address, ...options) => {
        const first = String(address).includes("/residency") && window.slow.asked++ === 0;
        const answer = await plain(address, ...options);
        if (first) await held.promise;
        return answer;
      };
      """;

  @TempDir private Path directory;
  private TestRedis redis;
  private Engine engine;

  @BeforeEach
  void openEngine() throws IOException {
    Path model = directory.resolve("tiny.gguf");
    RandomModelSpec.tiny().contextLength(4096).layerCount(4).writeTo(model);
    redis = TestRedis.start();
    engine = LocalEngine.open(EngineSettings.defaults(model));
  }

  @AfterEach
  void closeEngine() {
    engine.close();
    redis.close();
  }

  @Test
  void walksFromSignInToSuspension() throws Exception {
    HeldFills fills = new HeldFills(engine);
    try (PlatformUnderTest platform =
            PlatformUnderTest.start(fills.engine(), redis.url(), Map.of());
        Browser browser = openBrowser()) {
      browser.go(platform.url().resolve("/console/"));
      signIn(browser);
      createTenant(browser);
      search(browser, platform);
      String key = createKey(browser);
      prices(browser);
      draftAndPublish(browser);
      activateWithProgress(browser);
      chat(browser);
      publishSecond(browser);
      compare(browser);
      canary(browser);
      cancelActivation(browser, fills);
      activateResident(browser);
      rollBack(browser);
      usage(browser);
      limits(browser);
      residency(browser);
      engine(browser);
      keys(browser, platform, key);
      audit(browser);
      suspend(browser, platform);
      deleteAndRestore(browser, platform);
      keyboard(browser);
      assertThat(browser.complaints()).noneMatch(line -> line.contains("Content Security Policy"));
    }
  }

  /** The console's address is another than the tenants'; who may less is offered less. */
  @Test
  void lowerRolesAndThePlaygroundOnTheOperatorsOwnPort() throws Exception {
    try (IdentityProvider provider = IdentityProvider.start("baton-admin");
        PlatformUnderTest platform =
            PlatformUnderTest.start(
                engine,
                redis,
                Map.of(
                    "baton.admin.port",
                    0,
                    "baton.admin.tokens.olga.token",
                    OPERATOR,
                    "baton.admin.tokens.olga.role",
                    "operator",
                    "baton.admin.tokens.anna.token",
                    AUDITOR,
                    "baton.admin.tokens.anna.role",
                    "auditor",
                    "baton.admin.oidc.issuer",
                    provider.issuer(),
                    "baton.admin.oidc.audience",
                    "baton-admin",
                    "baton.admin.oidc.roles-claim",
                    "realm_access.roles"));
        Browser browser = openBrowser()) {
      Tenant tenant = platform.createTenant("Harbour Cycles");
      platform.issueKey(tenant);
      PromptVersion version =
          platform
              .bean(SystemPrompts.class)
              .register(Actor.ADMIN, tenant.id(), "You are the assistant.", null, null)
              .block();
      String id = Objects.requireNonNull(version).id();
      platform.bean(Activations.class).start(Actor.ADMIN, tenant.id(), id).block();
      browser.await("the prompt is active", () -> activeVersion(platform, tenant).equals(id));
      int port = platform.bean(AdminPort.class).port();
      browser.go(URI.create("http://127.0.0.1:" + port + "/console/"));

      signInWith(browser, AUDITOR, "anna", "auditor");
      auditorReads(browser);
      browser.press("Sign out");
      signInWith(browser, OPERATOR, "olga", "operator");
      operatorWorksAndDeletesNothing(browser);
      chatOnThisPort(browser);
      browser.press("Sign out");
      signInWith(browser, provider.token("owner"), "user-17", "owner");
      browser.press("Harbour Cycles");
      browser.press("More for Harbour Cycles");
      browser.see("Delete");
      assertThat(browser.complaints()).noneMatch(line -> line.contains("Content Security Policy"));
    }
  }

  private static String activeVersion(PlatformUnderTest platform, Tenant tenant) {
    Tenant now = Objects.requireNonNull(platform.bean(Tenants.class).get(tenant.id()).block());
    return Objects.requireNonNullElse(now.activeVersionId(), "none");
  }

  private Browser openBrowser() throws IOException {
    return Browser.open(directory.resolve("profile"), Path.of("target", "screenshots"));
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

  private static void search(Browser browser, PlatformUnderTest platform) throws Exception {
    for (int other = 1; other <= 101; other++) {
      platform.createTenant("Customer " + other);
    }
    platform.createTenant("Zürich Books");
    browser.press("Tenants");
    browser.see("Customer 99");
    assertThat(browser.shows("Zürich Books")).as("on a page that is not loaded").isFalse();
    browser.type("Search tenants", "zürich");
    browser.see("Zürich Books");
    browser.seeNoMore("Customer 99");
    browser.screenshot("tenants");
    accessible(browser);
    browser.type("Search tenants", "nobody");
    browser.see("Nothing matches");
    browser.type("Search tenants", "harbour");
    browser.press("Harbour Cycles");
  }

  private static String createKey(Browser browser) throws Exception {
    browser.press("Keys");
    browser.see("No keys yet");
    browser.press("New key");
    browser.type("Name", "production");
    browser.press("Create key");
    browser.see("can not be shown again");
    String secret = browser.textOf(".secret code");
    assertThat(secret).startsWith("bt_");
    browser.screenshot("key");
    accessible(browser);
    browser.press("Done");
    browser.seeNoMore("can not be shown again");
    browser.see("production");
    return secret;
  }

  /** What is set before anything is used, so that the use has a cost. */
  private static void prices(Browser browser) throws Exception {
    browser.press("Tenants");
    browser.press("Harbour Cycles");
    String tenant = browser.address();
    browser.go(URI.create(tenant.replaceFirst("#.*", "#/usage")));
    browser.see("no price set");
    browser.press("Prices");
    browser.type("Prompt, computed", "250");
    browser.type("Prompt, cached", "25.5");
    browser.type("Completion", "1000");
    browser.screenshot("prices");
    accessible(browser);
    browser.press("Save prices");
    browser.see("The prices are saved.");
    browser.go(URI.create(tenant));
  }

  /** A draft is kept, found again, changed and published. */
  private void draftAndPublish(Browser browser) throws Exception {
    browser.press("Prompts");
    browser.press("New draft");
    browser.type("Title", "The shop's first prompt");
    browser.paste("System prompt", "You are the assistant.\nUse AKIA" + "IOSFODNN7EXAMPLE");
    browser.see("Line 2:");
    browser.press("Save draft");
    browser.see("The draft is saved.");
    browser.press("Harbour Cycles");
    browser.see("Last edited by");
    browser.screenshot("drafts");
    browser.press("The shop's first prompt");
    browser.paste("System prompt", prompt());
    browser.see("of the context of 4,096 tokens");
    browser.seeNoMore("Line 2:");
    browser.screenshot("draft");
    accessible(browser);
    publishAs(browser, "First version");
    browser.see("No drafts");
  }

  private static void publishAs(Browser browser, String message) {
    browser.press("Publish");
    browser.type("Message", message);
    browser.key(Keys.ENTER);
    browser.see(message);
  }

  private static void activateWithProgress(Browser browser) throws Exception {
    browser.run(WATCH_PROGRESS);
    activate(browser, "v1");
    List<Double> seen = progress(browser);
    assertThat(seen).as("the progress that was shown").isSorted();
    assertThat(seen.getFirst()).isLessThan(1.0);
    assertThat(seen.getLast()).isEqualTo(1.0);
    browser.screenshot("prompts");
    accessible(browser);
  }

  /** The canary has had its version filled. */
  private static void activateResident(Browser browser) {
    browser.run(WATCH_PROGRESS);
    activate(browser, "v2");
    assertThat(progress(browser)).endsWith(1.0);
  }

  /** By the last row that offers it. */
  private static void activate(Browser browser, String version) {
    browser.press("Activate");
    browser.see(version + " is active: every new chat uses it.");
    browser.see("active prompt " + version);
  }

  private static List<Double> progress(Browser browser) {
    return ((List<?>) Objects.requireNonNull(browser.run("return window.seen")))
        .stream().map(part -> ((Number) part).doubleValue()).toList();
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

  private void publishSecond(Browser browser) {
    browser.back();
    browser.press("New draft");
    browser.paste(
        "System prompt",
        prompt()
            .replace("costs 21 crowns", "costs 19 crowns until Sunday")
            .replace("\nArticle 30 ", "\nThe workshop is closed on Mondays.\nArticle 30 "));
    browser.see("of the context of 4,096 tokens");
    publishAs(browser, "Prices of this week, the workshop's hours");
  }

  private static void compare(Browser browser) throws Exception {
    browser.press("Actions for version v2");
    browser.press("Compare with v1");
    browser.see("v1 → v2");
    browser.see("2 added, 1 removed");
    assertThat(browser.textOf(".diff del")).isEqualTo("21 crowns");
    assertThat(browser.textOf(".diff ins")).isEqualTo("19 crowns until Sunday");
    browser.see("The workshop is closed on Mondays.");
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
    browser.press("Compare two versions");
    browser.choose("Prompt version of: Second answer", "canary");
    browser.type("Most tokens", "30");
    browser.type("Message", "What does article 12 cost?");
    browser.key(Keys.ENTER);
    browser.await(
        "both answers",
        () ->
            browser.count(".turn.assistant") == 2
                && browser.textOf(".lane:first-child .measures").contains(" of 1,")
                && browser.textOf(".lane:last-child .measures").contains(" of 1,"));
    assertThat(browser.count(".turn.failed")).isZero();
    browser.screenshot("canary");
    accessible(browser);
    browser.back();
  }

  private static void cancelActivation(Browser browser, HeldFills fills) throws Exception {
    browser.press("Actions for version v2");
    browser.press("Edit as a new draft");
    browser.see("Begun from v2.");
    publishAs(browser, "Never to be active");
    browser.press("v3");
    browser.see("Version v3");
    fills.hold(true);
    browser.press("Activate");
    browser.see("Activating v3");
    browser.see("Waiting for its turn");
    browser.screenshot("activation");
    accessible(browser);
    browser.press("Cancel");
    browser.see("The activation of v3 was cancelled; nothing has changed.");
    fills.hold(false);
    browser.press("Harbour Cycles");
    browser.see("active prompt v1");
  }

  private static void rollBack(Browser browser) {
    browser.press("Roll back to v1");
    browser.see("Chats switch from v2 back to v1.");
    browser.press("Roll back");
    browser.see("v1 is active: every new chat uses it.");
    browser.see("active prompt v1");
  }

  private static void usage(Browser browser) throws Exception {
    String id = browser.textOf(".page-head code");
    browser.press("Usage");
    browser.await("bars", () -> browser.count(".chart .bar rect[class^=series]") > 0);
    browser.see("Completion tokens");
    assertThat(browser.textOf(".tiles")).contains("Requests\n3\n").contains("Cost\n$");
    browser.press("By prompt version");
    browser.await(
        "both versions",
        () ->
            browser.textOf(".section .card.flush").contains("v1")
                && browser.textOf(".section .card.flush").contains("v2"));
    browser.screenshot("usage");
    accessible(browser);
    browser.press("CSV");
    List<String> csv = browser.downloaded("usage-" + id + ".csv").lines().toList();
    assertThat(csv).hasSize(4);
    assertThat(csv.getFirst()).contains("prompt_version", "completion_tokens");
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

  /** A pin over the tenant's budget is refused in words, one within it is kept. */
  private static void residency(Browser browser) throws Exception {
    browser.press("Residency");
    browser.see("the device’s alone holds");
    budget(browser, "1");
    browser.see("0 B of 1.0 MiB pinned");
    browser.press("Commands for v1");
    browser.press("Pin");
    browser.see("are over its budget of 1048576");
    budget(browser, "64");
    browser.see("of 64.0 MiB pinned");
    keepsItsMenu(browser);
    browser.press("Pin");
    browser.see("Pinned by admin");
    assertThat(browser.focused()).isEqualTo("Commands for v1");
    browser.see("the tenant’s own budget");
    browser.screenshot("residency");
    accessible(browser);
    browser.press("Commands for v1");
    browser.press("Unpin");
    browser.see("v1 is not pinned any more.");
    browser.press("Commands for v2");
    browser.press("Evict");
    browser.see("v2 is evicted.");
    browser.press("Commands for v2");
    browser.press("Warm");
    browser.await("v2 on the device again", () -> browser.count(".badge.good.dot") >= 3);
  }

  /** A menu that is opened while the table is asked for again stays. */
  private static void keepsItsMenu(Browser browser) {
    browser.run(SLOW_RESIDENCY);
    browser.await("a question", () -> Boolean.TRUE.equals(browser.run("return slow.asked > 0")));
    browser.press("Commands for v1");
    browser.run("slow.release()");
    browser.await(
        "the next question", () -> Boolean.TRUE.equals(browser.run("return slow.asked > 1")));
    assertThat(browser.offers("Pin")).as("the open menu").isTrue();
  }

  private static void budget(Browser browser, String mebibytes) {
    browser.press("Change");
    browser.type("Budget in MiB", mebibytes);
    browser.press("Save budget");
    browser.see("The pin budget is saved.");
  }

  private static void engine(Browser browser) throws Exception {
    browser.press("Engine");
    browser.see("KV memory");
    browser.see("Harbour Cycles v1");
    browser.see("Live");
    browser.screenshot("engine");
    accessible(browser);
    browser.back();
  }

  /** Edits, rotates and revokes, and sees with a client that it is so. */
  private static void keys(Browser browser, PlatformUnderTest platform, String first)
      throws Exception {
    browser.press("Keys");
    browser.press("Actions for the key production");
    browser.press("Edit");
    browser.type("Name", "production, Europe");
    browser.press("Choose a prompt version per request");
    browser.press("Save");
    browser.see("The key is changed.");
    browser.see("production, Europe");
    browser.press("Actions for the key production, Europe");
    browser.press("Rotate");
    browser.press("Rotate key");
    browser.see("The new secret of production, Europe");
    String second = browser.textOf(".secret code");
    browser.press("Done");
    browser.see("Former secret until");
    browser.screenshot("keys");
    accessible(browser);
    assertThat(models(platform, first)).as("the former secret in its grace").isEqualTo(200);
    assertThat(models(platform, second)).isEqualTo(200);
    browser.press("Actions for the key production, Europe");
    browser.press("Revoke");
    browser.see("This can not be undone.");
    browser.press("Revoke key");
    browser.see("Revoked");
    browser.await(
        "both secrets refused",
        () -> models(platform, first) == 401 && models(platform, second) == 401);
  }

  private static int models(PlatformUnderTest platform, String key) {
    try {
      return platform.send(platform.request("/v1/models", key).build()).statusCode();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void audit(Browser browser) throws Exception {
    String id = browser.textOf(".page-head code");
    browser.press("Audit");
    browser.see("Changes of this tenant");
    browser.press("Export");
    assertThat(browser.downloaded("audit-" + id + ".ndjson"))
        .contains("tenant.created", "api_key.revoked")
        .doesNotContain("Article 12", "bt_");
    browser.see("system_kv.pinned");
    browser.see("tenant.pin_budget_set");
    browser.see("system_prompt.activation_cancelled");
    browser.see("tenant.created");
    browser.screenshot("audit");
    accessible(browser);
  }

  private static void suspend(Browser browser, PlatformUnderTest platform) throws Exception {
    browser.press("Keys");
    browser.press("New key");
    browser.type("Name", "of a tenant that is suspended");
    browser.press("Create key");
    browser.see("can not be shown again");
    String key = browser.textOf(".secret code");
    browser.press("Done");
    assertThat(models(platform, key)).isEqualTo(200);
    browser.press("More for Harbour Cycles");
    browser.press("Suspend");
    browser.see("Suspend Harbour Cycles?");
    browser.screenshot("suspend");
    accessible(browser);
    browser.press("Suspend");
    browser.see("This tenant is suspended");
    browser.await("its requests are refused", () -> models(platform, key) == 403);
    browser.press("Resume");
    browser.seeNoMore("This tenant is suspended");
    browser.await("its requests are served", () -> models(platform, key) == 200);
  }

  private static void deleteAndRestore(Browser browser, PlatformUnderTest platform)
      throws Exception {
    browser.press("More for Harbour Cycles");
    browser.press("Delete");
    browser.press("Delete tenant");
    browser.see("That is not the name");
    browser.type("Type Harbour Cycles to confirm", "Harbour Cycles");
    browser.press("Delete tenant");
    browser.see("This tenant is deleted.");
    browser.screenshot("deleted");
    accessible(browser);
    offersNothingThatMustFail(browser);
    browser.press("Tenants");
    browser.type("Search tenants", "harbour");
    browser.see("Nothing matches");
    browser.press("Show deleted");
    browser.press("Harbour Cycles");
    browser.press("Restore");
    browser.seeNoMore("This tenant is deleted.");
    browser.see("active prompt v1");
  }

  /** Of a deleted tenant all can be read; the one thing to do with it is to restore it. */
  private static void offersNothingThatMustFail(Browser browser) {
    for (String tab : List.of("Prompts", "Keys", "Residency", "Limits", "Usage", "Audit")) {
      browser.press(tab);
      browser.await(tab + " chosen", () -> browser.textOf(".tabs [aria-current]").equals(tab));
      browser.await(tab + " loaded", () -> browser.count("main .skeleton") == 0);
      browser.see("This tenant is deleted.");
      browser.see("Restore");
      for (String change :
          List.of(
              "New draft",
              "Activate",
              "Roll back to v1",
              "Roll back to v2",
              "New key",
              "Save limits",
              "Change",
              "Open in playground")) {
        assertThat(browser.offers(change)).as("%s on %s", change, tab).isFalse();
      }
    }
    browser.press("Prompts");
    browser.press("v1");
    browser.see("Version v1");
    assertThat(browser.offers("Edit as a new draft")).isFalse();
    assertThat(browser.offers("Activate")).isFalse();
  }

  /** A menu by arrows, the tabs by Enter, and a dialog that does not outlive its page. */
  private static void keyboard(Browser browser) {
    browser.press("More for Harbour Cycles");
    assertThat(browser.focused()).isEqualTo("Rename");
    browser.key(Keys.ARROW_DOWN);
    assertThat(browser.focused()).isEqualTo("Suspend");
    browser.key(Keys.END);
    assertThat(browser.focused()).isEqualTo("Delete");
    browser.key(Keys.ESCAPE);
    assertThat(browser.focused()).isEqualTo("More for Harbour Cycles");
    browser.press("Limits");
    browser.see("Requests per minute");
    assertThat(browser.focused()).as("who walks through the tabs stays there").isEqualTo("Limits");
    browser.press("Keys");
    browser.press("New key");
    browser.see("To tell it from the others.");
    browser.back();
    browser.see("Requests per minute");
    browser.seeNoMore("To tell it from the others.");
  }

  private static void signInWith(Browser browser, String token, String name, String role) {
    browser.type("Token", token);
    browser.press("Sign in");
    browser.see("Harbour Cycles");
    assertThat(browser.textOf(".who")).contains(name, role);
  }

  private static void auditorReads(Browser browser) throws Exception {
    assertThat(browser.shows("New tenant")).isFalse();
    browser.press("Harbour Cycles");
    browser.see("v1");
    for (String offered : List.of("Activate", "New draft", "Roll back")) {
      assertThat(browser.shows(offered)).as(offered).isFalse();
    }
    assertThat(browser.count("[aria-label^='More for']")).isZero();
    browser.press("Keys");
    browser.see("test");
    assertThat(browser.shows("New key")).isFalse();
    browser.press("Residency");
    browser.see("Device");
    assertThat(browser.shows("Change")).isFalse();
    assertThat(browser.count("[aria-label^='Commands for']")).isZero();
    browser.press("Limits");
    browser.see("Requests per minute");
    assertThat(browser.shows("Save limits")).isFalse();
    browser.screenshot("auditor");
    browser.press("Audit");
    browser.see("tenant.created");
    browser.press("Open in playground");
    browser.see("Most tokens");
    assertThat(browser.shows("Use a temporary key")).isFalse();
  }

  private static void operatorWorksAndDeletesNothing(Browser browser) {
    browser.see("New tenant");
    browser.press("Harbour Cycles");
    browser.press("More for Harbour Cycles");
    browser.see("Suspend");
    assertThat(browser.shows("Delete")).isFalse();
    browser.key(Keys.ESCAPE);
    browser.press("Usage");
    browser.press("Tenants");
  }

  private static void chatOnThisPort(Browser browser) throws Exception {
    browser.press("Harbour Cycles");
    browser.press("Open in playground");
    browser.press("Use a temporary key");
    browser.see("A key for this tab, for one hour.");
    browser.type("Most tokens", "20");
    browser.type("Message", "Hello");
    browser.key(Keys.ENTER);
    browser.await("the answer's usage", () -> browser.textOf(".measures").contains(" of "));
    assertThat(browser.count(".turn.failed")).isZero();
    assertThat(browser.textOf(".turn.assistant")).isNotBlank();
    browser.screenshot("playground-own-port");
  }

  private static void accessible(Browser browser) throws Exception {
    assertThat(browser.accessibilityFaults()).as(browser.address()).isEmpty();
  }

  /** A prompt of about 1,500 tokens. */
  private String prompt() {
    StringBuilder text = new StringBuilder("You are the assistant of Harbour Cycles.");
    int article = 0;
    while (engine.preview(text.toString()).tokens() < PROMPT_TOKENS) {
      for (int line = 0; line < 10; line++, article++) {
        text.append("\nArticle ").append(article).append(" costs ").append(7 * article % 90);
        text.append(" crowns. Article ").append(article).append(" is in stock.");
      }
    }
    return text.toString();
  }
}
