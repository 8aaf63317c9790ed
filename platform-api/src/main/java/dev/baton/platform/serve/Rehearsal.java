package dev.baton.platform.serve;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * First requests to a server in this process, through the JDK's plainest client: a larger one would
 * fill the record of a start with classes that no server needs.
 */
final class Rehearsal {
  private static final int TIMEOUT_MILLIS = 30_000;
  private static final byte[] CHAT =
      """
      {"model":"default","stream":true,"temperature":0,"max_tokens":16,\
      "messages":[{"role":"user","content":"When are you open on Wednesday?"}]}\
      """
          .getBytes(StandardCharsets.UTF_8);

  private final int port;

  Rehearsal(int port) {
    this.port = port;
  }

  void readiness() throws IOException {
    read(open("/actuator/health/readiness"));
  }

  void chat(String key) throws IOException {
    HttpURLConnection connection = open("/v1/chat/completions");
    connection.setRequestProperty("Authorization", "Bearer " + key);
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    connection.getOutputStream().write(CHAT);
    read(connection);
  }

  private HttpURLConnection open(String path) throws IOException {
    URI address = URI.create("http://127.0.0.1:" + port + path);
    HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    return connection;
  }

  /** An answer other than success fails. */
  private static void read(HttpURLConnection connection) throws IOException {
    try (InputStream body = connection.getInputStream()) {
      body.readAllBytes();
    }
  }
}
