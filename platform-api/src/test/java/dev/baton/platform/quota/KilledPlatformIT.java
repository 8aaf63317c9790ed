package dev.baton.platform.quota;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.tenant.Tenant;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import dev.baton.testing.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A platform dies by kill -9 while admins write and tenants chat; another one looks after it. */
@Timeout(180)
class KilledPlatformIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int CLIENTS = 4;
  private static final int WRITES_BEFORE_THE_KILL = 60;

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  @TempDir Path directory;

  /** Whatever a client was told is done: a tenant by its id, with its name and its key. */
  private record Acknowledged(String name, String secret) {}

  @Test
  void everyAcknowledgedWriteAndEverySettledRequestIsThereOnce() throws Exception {
    Map<String, Acknowledged> tenants = new ConcurrentHashMap<>();
    AtomicInteger answered = new AtomicInteger();
    try (ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest survivor =
            PlatformUnderTest.start(
                engine, REDIS.url(), Map.of("baton.storage.read-timeout", "10s"))) {
      Tenant chatting = survivor.createTenant("Chats");
      IssuedKey key = survivor.issueKey(chatting);
      Process process = ChildJvm.start(PlatformProcess.class, REDIS.url(), directory.toString());
      try (BufferedReader out = process.inputReader()) {
        URI url = URI.create(Objects.requireNonNull(out.readLine(), "the platform did not start"));
        AtomicInteger writes = new AtomicInteger();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          String prefix = "Client " + i + " writes ";
          clients.add(
              client(() -> {
                for (int n = 0; ; n++) {
                  write(survivor, url, prefix + n, tenants);
                  if (writes.incrementAndGet() == WRITES_BEFORE_THE_KILL) {
                    process.destroyForcibly();
                  }
                }
              }));
          clients.add(
              client(() -> {
                HttpRequest ask = at(url, survivor.chatRequest(key.secret(), chat("")));
                while (survivor.send(ask).statusCode() == 200) {
                  answered.incrementAndGet();
                }
              }));
        }
        for (Thread client : clients) {
          client.join();
        }
      } finally {
        process.destroyForcibly().waitFor();
      }

      assertThat(tenants).hasSizeGreaterThanOrEqualTo(WRITES_BEFORE_THE_KILL);
      for (Map.Entry<String, Acknowledged> tenant : tenants.entrySet()) {
        String path = "/admin/v1/tenants/" + tenant.getKey();
        assertThat(JSON.readTree(survivor.admin("GET", path)).path("name").asString())
            .isEqualTo(tenant.getValue().name());
        assertThat(
                survivor
                    .send(survivor.request("/v1/models", tenant.getValue().secret()).build())
                    .statusCode())
            .isEqualTo(200);
        assertThat(actions(survivor, path))
            .containsExactlyInAnyOrder("tenant.created", "api_key.created", "tenant.renamed");
      }
      assertThat(answered).hasPositiveValue();
      // What was settled but whose answer was not read any more may be there as well.
      assertThat(ledger(survivor, chatting))
          .doesNotHaveDuplicates()
          .hasSizeBetween(answered.get(), answered.get() + CLIENTS);
    }
  }

  /** Three writes; they count as one when all three were acknowledged. */
  private static void write(
      PlatformUnderTest survivor, URI url, String name, Map<String, Acknowledged> tenants)
      throws IOException, InterruptedException {
    String id =
        send(survivor, url, "POST", "", "{\"name\":\"%s\"}".formatted(name)).path("id").asString();
    String secret =
        send(survivor, url, "POST", "/" + id + "/keys", "{\"name\":\"k\"}")
            .path("secret")
            .asString();
    String renamed = name + ", renamed";
    send(survivor, url, "PATCH", "/" + id, "{\"name\":\"%s\"}".formatted(renamed));
    tenants.put(id, new Acknowledged(renamed, secret));
  }

  private static JsonNode send(
      PlatformUnderTest survivor, URI url, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        survivor.send(
            at(
                url,
                survivor
                    .request("/admin/v1/tenants" + path, PlatformUnderTest.ADMIN_TOKEN)
                    .header("Content-Type", "application/json")
                    .header("If-Match", "*")
                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                    .build()));
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
    return JSON.readTree(answer.body());
  }

  private static HttpRequest at(URI url, HttpRequest request) {
    return HttpRequest.newBuilder(request, (name, value) -> true)
        .uri(url.resolve(request.uri().getPath()))
        .build();
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  /** Works until the connection breaks. */
  private static Thread client(Work work) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            work.run();
          } catch (IOException e) {
            // Killed, as it should be.
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static List<String> actions(PlatformUnderTest survivor, String tenant) throws Exception {
    return items(survivor, tenant + "/audit", "action");
  }

  private static List<String> ledger(PlatformUnderTest survivor, Tenant tenant) throws Exception {
    List<String> requests = new ArrayList<>();
    String path = "/admin/v1/tenants/" + tenant.id() + "/usage/requests?limit=200";
    String cursor = "";
    do {
      JsonNode page =
          JSON.readTree(
              survivor.admin("GET", cursor.isEmpty() ? path : path + "&cursor=" + cursor));
      page.path("items").forEach(entry -> requests.add(entry.path("requestId").asString()));
      cursor = page.path("nextCursor").asString("");
    } while (!cursor.isEmpty());
    return requests;
  }

  private static List<String> items(PlatformUnderTest survivor, String path, String field)
      throws Exception {
    return StreamSupport.stream(
            JSON.readTree(survivor.admin("GET", path)).path("items").spliterator(), false)
        .map(entry -> entry.path(field).asString())
        .toList();
  }
}
