package dev.baton.platform.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.ElementNotInteractableException;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A Chromium without a window, used as a person does: by the names of what is to be seen. */
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> FLAGS =
      List.of(
          "--headless=new",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--disable-dev-shm-usage",
          "--hide-scrollbars",
          "--window-size=1280,1043");

  /** What can be pressed, by its text or its label, the last one first: dialogs lie on top. */
  private static final String FIND_BY_NAME =
      """
      const [name] = arguments;
      const named = (e) => (e.getAttribute("aria-label") ?? e.textContent).trim() === name;
      const all = "button, a, summary, label, select, textarea, input, [role=menuitem], [tabindex]";
      return [...document.querySelectorAll(all)].filter((e) => named(e) && e.checkVisibility()).pop();
      """;

  private static final String FIND_FIELD =
      """
      const [name] = arguments;
      const label = [...document.querySelectorAll("label")]
        .filter((e) => e.textContent.trim() === name && e.checkVisibility()).pop();
      return label ? label.control : [...document.querySelectorAll("[aria-label]")]
        .filter((e) => e.getAttribute("aria-label") === name && e.checkVisibility()).pop();
      """;

  private static final String AXE =
      """
      const done = arguments[arguments.length - 1];
      axe.run().then((result) => done(result.violations.map((violation) =>
        `${violation.id}: ${violation.nodes.map((node) => node.target).join("; ")}`)));
      """;

  /** What the page needs in width beyond what there is, in CSS pixels. */
  private static final String OVERFLOW =
      "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

  private static final int PHONE_WIDTH = 390;
  private static final int PHONE_HEIGHT = 844;

  private final ChromeDriver driver;
  private final Path screenshots;
  private final Path downloads;

  private Browser(ChromeDriver driver, Path screenshots, Path downloads) {
    this.driver = driver;
    this.screenshots = screenshots;
    this.downloads = downloads;
  }

  /** Skips the test, and says so, on a machine without Chromium and its driver. */
  static Browser open(Path profile, Path screenshots) throws IOException {
    Optional<Path> chromium = program("chromium", "chromium-browser", "google-chrome");
    Optional<Path> chromedriver = program("chromedriver");
    assumeTrue(
        chromium.isPresent() && chromedriver.isPresent(),
        "The console's test needs chromium and chromedriver on the PATH.");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.get().toFile());
    options.addArguments(FLAGS);
    options.addArguments("--user-data-dir=" + profile);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(chromedriver.get().toFile())
            .withSilent(true)
            .build();
    Files.createDirectories(screenshots);
    Path downloads = Files.createDirectories(profile.resolveSibling("downloads"));
    ChromeDriver driver = new ChromeDriver(service, options);
    driver.executeCdpCommand(
        "Browser.setDownloadBehavior",
        Map.of("behavior", "allow", "downloadPath", downloads.toString()));
    return new Browser(driver, screenshots, downloads);
  }

  private static Optional<Path> program(String... names) {
    return Stream.of(names)
        .flatMap(name ->
            Stream.of(
                    Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  void go(URI address) {
    driver.get(address.toString());
  }

  String address() {
    return driver.getCurrentUrl() == null ? "" : driver.getCurrentUrl();
  }

  /** Presses a button, a link, a menu's item: what is called so. */
  void press(String name) {
    await(
        "to press: " + name,
        () -> {
          WebElement element = find(FIND_BY_NAME, name);
          if (element == null || !element.isEnabled()) {
            return false;
          }
          element.click();
          return true;
        });
  }

  /** Whether there is something to press that is called so. */
  boolean offers(String name) {
    return find(FIND_BY_NAME, name) != null;
  }

  /** Types into the field that is labelled so. */
  void type(String label, String text) {
    field(label).clear();
    field(label).sendKeys(text);
  }

  /** Puts a long text into a field at once, as pasting does. */
  void paste(String label, String text) {
    driver.executeScript(
        "arguments[0].value = arguments[1];"
            + " arguments[0].dispatchEvent(new Event('input', {bubbles: true}));",
        field(label),
        text);
  }

  void choose(String label, String option) {
    field(label).findElement(By.xpath("./option[@value='" + option + "']")).click();
  }

  void key(Keys key) {
    driver.switchTo().activeElement().sendKeys(key);
  }

  /** Goes to the page before, as the browser's own button does. */
  void back() {
    driver.navigate().back();
  }

  /** Waits for a file that a button had the browser save. */
  String downloaded(String name) throws IOException {
    Path file = downloads.resolve(name);
    await("the file " + name, () -> Files.isRegularFile(file));
    return Files.readString(file);
  }

  /** What a screen reader says of the element that has the focus. */
  String focused() {
    return String.valueOf(
        driver.executeScript(
            "const e = document.activeElement;"
                + " return e.getAttribute('aria-label') ?? e.textContent.trim();"));
  }

  /** Waits until the words are to be seen. */
  void see(String words) {
    await("to see: " + words, () -> text().contains(words));
  }

  void seeNoMore(String words) {
    await("not to see any more: " + words, () -> !text().contains(words));
  }

  boolean shows(String words) {
    return text().contains(words);
  }

  /** The text of the first element that a CSS selector finds. */
  String textOf(String selector) {
    return driver.findElement(By.cssSelector(selector)).getText();
  }

  int count(String selector) {
    return driver.findElements(By.cssSelector(selector)).size();
  }

  void await(String what, Supplier<Boolean> condition) {
    new WebDriverWait(driver, PATIENCE)
        .withMessage(() -> what + "\non " + address() + "\n" + text())
        .ignoring(StaleElementReferenceException.class, ElementNotInteractableException.class)
        .until(ignored -> condition.get());
  }

  @Nullable Object run(String script) {
    return driver.executeScript(script);
  }

  /**
   * Keeps a picture of the page in light and in dark, and one as a phone shows it from top to
   * bottom. Nothing may stick out at the side.
   */
  void screenshot(String name) throws IOException {
    assertFits(name + " in its window");
    for (String theme : List.of("light", "dark")) {
      theme(theme);
      keep(name + "-" + theme);
    }
    theme("light");
    phone(PHONE_HEIGHT);
    assertFits(name + " on a phone");
    phone(((Number) Objects.requireNonNull(run("return document.body.scrollHeight"))).intValue());
    keep(name + "-phone");
    driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
  }

  private void assertFits(String what) {
    assertThat((Long) run(OVERFLOW)).as(what).isNotPositive();
  }

  private void keep(String name) throws IOException {
    Files.write(screenshots.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  private void phone(int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width",
            PHONE_WIDTH,
            "height",
            Math.clamp(height, PHONE_HEIGHT, 4 * PHONE_HEIGHT),
            "deviceScaleFactor",
            1,
            "mobile",
            true));
  }

  private void theme(String theme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", theme))));
  }

  /** What axe finds wrong for people who use a keyboard or a screen reader, in light and dark. */
  List<String> accessibilityFaults() throws IOException {
    try (InputStream axe = Browser.class.getResourceAsStream("/axe.min.js")) {
      driver.executeScript(
          new String(Objects.requireNonNull(axe).readAllBytes(), StandardCharsets.UTF_8));
    }
    return Stream.of("dark", "light")
        .flatMap(theme -> {
          theme(theme);
          return ((List<?>) Objects.requireNonNull(driver.executeAsyncScript(AXE)))
              .stream().map(fault -> theme + ": " + fault);
        })
        .toList();
  }

  /** What the browser complained about: blocked by the policy, failed scripts. */
  List<String> complaints() {
    return driver.manage().logs().get("browser").getAll().stream()
        .map(entry -> entry.getLevel() + " " + entry.getMessage())
        .filter(line -> line.startsWith("SEVERE"))
        .toList();
  }

  private String text() {
    return driver.findElement(By.tagName("body")).getText();
  }

  private WebElement field(String label) {
    await("the field: " + label, () -> find(FIND_FIELD, label) != null);
    return Objects.requireNonNull(find(FIND_FIELD, label));
  }

  private @Nullable WebElement find(String script, String name) {
    return (WebElement) driver.executeScript(script, name);
  }

  @Override
  public void close() {
    driver.quit();
  }
}
