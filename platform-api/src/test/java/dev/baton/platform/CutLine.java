package dev.baton.platform;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;

/** A line to Redis that can be cut, by a reset, under the next command that comes along. */
final class CutLine implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final URI redis;
  private volatile boolean cut;

  CutLine(String redisUrl) throws IOException {
    redis = URI.create(redisUrl);
    Thread.ofVirtual().start(this::accept);
  }

  /** The address of Redis by way of this line. */
  String url() {
    return "redis://%s@127.0.0.1:%d".formatted(redis.getUserInfo(), listener.getLocalPort());
  }

  /** From now on whoever sends a command has its connection reset. */
  void cut() {
    cut = true;
  }

  void mend() {
    cut = false;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), redis.getPort());
        Thread.ofVirtual().start(() -> carry(client, server, true));
        Thread.ofVirtual().start(() -> carry(server, client, false));
      }
    } catch (IOException e) {
      // Closed: the test is over.
    }
  }

  private void carry(Socket from, Socket to, boolean commands) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      byte[] buffer = new byte[8192];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (commands && cut) {
          from.setSoLinger(true, 0); // closing it resets it
          return;
        }
        to.getOutputStream().write(buffer, 0, n);
      }
    } catch (SocketException e) {
      // The other direction has closed both.
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
