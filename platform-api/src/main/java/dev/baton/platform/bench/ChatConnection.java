package dev.baton.platform.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One kept-alive HTTP/1.1 connection that asks for streams, with as little between the socket and
 * the clock as can be: what a full client costs must not be measured with the platform.
 */
final class ChatConnection implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;

  /** What of {@link InstantEngine#WORD} the last bytes were, so that it may be cut by chunks. */
  private int matched;

  ChatConnection(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 4096);
  }

  /** A request as it goes over the wire. */
  static byte[] request(String key, String body) {
    return """
    POST /v1/chat/completions HTTP/1.1\r
    Host: localhost\r
    Authorization: Bearer %s\r
    Content-Type: application/json\r
    Content-Length: %d\r
    \r
    %s\
    """
        .formatted(key, body.getBytes(StandardCharsets.UTF_8).length, body)
        .getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Sends a request and reads the head of its answer.
   *
   * @return the status; other than 200 the body has been read
   */
  int send(byte[] request) throws IOException {
    socket.getOutputStream().write(request);
    String statusLine = line();
    int status = Integer.parseInt(statusLine.substring(9, 12));
    int length = -1;
    for (String header = line(); !header.isEmpty(); header = line()) {
      if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(header.substring(15).strip());
      }
    }
    if (length >= 0) {
      in.skipNBytes(length);
    }
    matched = 0;
    return status;
  }

  /**
   * Reads until a token has come.
   *
   * @return false when the stream ended without one
   */
  boolean nextToken() throws IOException {
    while (true) {
      int size = chunkSize();
      if (size == 0) {
        return false;
      }
      boolean found = false;
      for (int i = 0; i < size; i++) {
        found |= isWordsEnd(read());
      }
      line();
      if (found) {
        return true;
      }
    }
  }

  /** Reads the stream to its end. */
  void finish() throws IOException {
    for (int size = chunkSize(); size > 0; size = chunkSize()) {
      in.skipNBytes(size);
      line();
    }
  }

  private int chunkSize() throws IOException {
    int size = Integer.parseInt(line(), 16);
    if (size == 0) {
      line();
    }
    return size;
  }

  private boolean isWordsEnd(int b) {
    String word = InstantEngine.WORD;
    matched = b == word.charAt(matched) ? matched + 1 : b == word.charAt(0) ? 1 : 0;
    if (matched == word.length()) {
      matched = 0;
      return true;
    }
    return false;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = read(); b != '\n'; b = read()) {
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  private int read() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException("the platform closed the connection");
    }
    return b;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
