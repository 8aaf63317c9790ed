package dev.baton.admin.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts a kept answer (AES-256-GCM) under its idempotency key, which is not stored: the store
 * alone does not give away the API key that an answer may hold.
 */
final class SealedAnswer {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKeySpec key;

  SealedAnswer(String idempotencyKey) {
    MessageDigest digest = Idempotency.sha256();
    digest.update("baton sealed answer\n".getBytes(StandardCharsets.UTF_8));
    key = new SecretKeySpec(digest.digest(idempotencyKey.getBytes(StandardCharsets.UTF_8)), "AES");
  }

  /** Nonce, ciphertext and tag, in base 64. */
  String seal(Answer answer) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    byte[] hidden = cipher(Cipher.ENCRYPT_MODE, nonce, encode(answer));
    byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + hidden.length);
    System.arraycopy(hidden, 0, sealed, NONCE_BYTES, hidden.length);
    return Base64.getEncoder().encodeToString(sealed);
  }

  Answer open(String text) {
    byte[] sealed = Base64.getDecoder().decode(text);
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    byte[] hidden = Arrays.copyOfRange(sealed, NONCE_BYTES, sealed.length);
    return decode(cipher(Cipher.DECRYPT_MODE, nonce, hidden));
  }

  private byte[] cipher(int mode, byte[] nonce, byte[] text) {
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      return cipher.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a kept answer is damaged", e);
    }
  }

  private static byte[] encode(Answer answer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeShort(answer.status());
      out.writeByte(answer.headers().size());
      for (Map.Entry<String, String> header : answer.headers().entrySet()) {
        out.writeUTF(header.getKey());
        out.writeUTF(header.getValue());
      }
      out.write(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static Answer decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int status = in.readUnsignedShort();
      Map<String, String> headers = new LinkedHashMap<>();
      for (int i = in.readUnsignedByte(); i > 0; i--) {
        headers.put(in.readUTF(), in.readUTF());
      }
      return new Answer(status, headers, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
