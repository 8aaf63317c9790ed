package dev.baton.platform.serve;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * The three words spoken with the own Redis before and after Spring's client lives: AUTH, PING,
 * SHUTDOWN.
 */
final class RedisWire {
  private static final int TIMEOUT_MILLIS = 1000;

  private RedisWire() {}

  /** Whether a Redis with this password answers on the port, its data loaded. */
  static boolean answers(int port, String password) {
    try {
      return ask(port, password, "PING").startsWith("+PONG");
    } catch (IOException e) {
      return false;
    }
  }

  /** Asks it to end; what it has acknowledged is on disk already. */
  static void shutDown(int port, String password) throws IOException {
    try {
      ask(port, password, "SHUTDOWN NOSAVE");
    } catch (EndOfStream e) {
      // It has gone without an answer, as it should.
    }
  }

  private static String ask(int port, String password, String command) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      OutputStream out = socket.getOutputStream();
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      out.write(("AUTH " + password + "\r\n").getBytes(StandardCharsets.US_ASCII));
      if (!line(in).startsWith("+OK")) {
        throw new IOException("the password is not this Redis'");
      }
      out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
      return line(in);
    }
  }

  private static String line(BufferedReader in) throws IOException {
    String line = in.readLine();
    if (line == null) {
      throw new EndOfStream();
    }
    return line;
  }

  private static final class EndOfStream extends IOException {
    private static final long serialVersionUID = 1;
  }
}
