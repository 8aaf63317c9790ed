package dev.baton.admin.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ResolvableType;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ReactiveHttpInputMessage;
import org.springframework.http.codec.HttpMessageReader;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * Reads an {@link AdminBody}: valid UTF-8, one JSON object, known fields once each, of the right
 * types, within the length its kind may have. Errors name the field and never quote a value.
 */
final class StrictJsonReader implements HttpMessageReader<AdminBody> {
  private final AdminSettings settings;
  private final JsonMapper json =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .withCoercionConfig(
              LogicalType.Textual,
              coercion ->
                  coercion
                      .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  StrictJsonReader(AdminSettings settings) {
    this.settings = settings;
  }

  @Override
  public List<MediaType> getReadableMediaTypes() {
    return List.of(MediaType.APPLICATION_JSON);
  }

  @Override
  public boolean canRead(ResolvableType type, @Nullable MediaType media) {
    return AdminBody.class.isAssignableFrom(type.toClass())
        && (media == null || MediaType.APPLICATION_JSON.isCompatibleWith(media));
  }

  @Override
  public Flux<AdminBody> read(
      ResolvableType type, ReactiveHttpInputMessage message, Map<String, Object> hints) {
    return readMono(type, message, hints).flux();
  }

  @Override
  public Mono<AdminBody> readMono(
      ResolvableType type, ReactiveHttpInputMessage message, Map<String, Object> hints) {
    Class<?> kind = type.toClass();
    DataSize limit =
        AdminBody.WithPrompt.class.isAssignableFrom(kind)
            ? settings.maxPromptBody()
            : settings.maxBody();
    long length = message.getHeaders().getContentLength();
    if (length > limit.toBytes()) {
      return Mono.error(tooLong(length, limit.toBytes()));
    }
    return DataBufferUtils.join(message.getBody(), Math.toIntExact(limit.toBytes()))
        .onErrorMap(DataBufferLimitException.class, error -> tooLong(null, limit.toBytes()))
        .map(buffer -> {
          byte[] bytes = new byte[buffer.readableByteCount()];
          buffer.read(bytes);
          DataBufferUtils.release(buffer);
          return (AdminBody) parse(decode(bytes), kind);
        });
  }

  private static String decode(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw AdminProblem.unreadable("The body is not valid UTF-8.");
    }
  }

  private Object parse(String text, Class<?> kind) {
    try {
      Object body = json.readValue(text, kind);
      if (body == null) {
        throw AdminProblem.unreadable("The body must be a JSON object, not null.");
      }
      return body;
    } catch (UnrecognizedPropertyException e) {
      throw AdminProblem.invalid(
          field(e),
          "is not a field here; known are "
              + e.getKnownPropertyIds().stream()
                  .map(String::valueOf)
                  .sorted()
                  .collect(Collectors.joining(", ")));
    } catch (MismatchedInputException e) {
      throw e.getPath().isEmpty()
          ? AdminProblem.unreadable("The body must be one JSON object.")
          : AdminProblem.invalid(field(e), "has a value of the wrong type");
    } catch (DatabindException e) {
      if (e.getCause() instanceof AdminProblem problem) {
        throw problem;
      }
      throw e.getPath().isEmpty()
          ? AdminProblem.unreadable("The body is not what this address takes.")
          : AdminProblem.invalid(field(e), "has a value that can not be read");
    } catch (JacksonException e) {
      throw AdminProblem.unreadable(
          "The body is not valid JSON, at line %d, column %d."
              .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr()));
    }
  }

  /** The path to a field, its names cut and cleaned: they come from outside. */
  private static String field(DatabindException error) {
    return error.getPath().stream()
        .map(step ->
            step.getPropertyName() == null
                ? "[" + step.getIndex() + "]"
                : visible(step.getPropertyName()))
        .collect(Collectors.joining("."));
  }

  private static String visible(String name) {
    return name.codePoints()
        .limit(60)
        .map(c -> Character.isLetterOrDigit(c) || c == '_' || c == '-' ? c : '?')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /**
   * Refuses a body.
   *
   * @param length its bytes, or null when it did not say before it was longer than allowed
   */
  static AdminProblem tooLong(@Nullable Long length, long limit) {
    String has =
        length == null
            ? "The body is longer than"
            : "The body has %d bytes, more than".formatted(length);
    return new AdminProblem(
            HttpStatus.CONTENT_TOO_LARGE,
            "content-too-large",
            "%s the %d bytes this address takes.".formatted(has, limit),
            null)
        .with("limitBytes", limit);
  }
}
