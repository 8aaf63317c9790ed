package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineModel;
import dev.baton.platform.problem.ApiProblem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v1/models}: the models this tenant may use, which is the one that is served. */
@RestController
@RequestMapping(path = "/v1/models", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "Models")
final class ModelsEndpoint {

  /** A list of models. */
  record ModelList(String object, List<Model> data) {}

  /** One model; {@code created} is when this process began to serve it, in Unix seconds. */
  record Model(String id, String object, long created, @JsonProperty("owned_by") String ownedBy) {}

  private final Engine engine;
  private final long created;

  ModelsEndpoint(Engine engine, InstantSource clock) {
    this.engine = engine;
    this.created = clock.instant().getEpochSecond();
  }

  @GetMapping
  @Operation(summary = "List the models you may use")
  ModelList list() {
    return new ModelList("list", List.of(served()));
  }

  // {*id}: ids of models may hold slashes.
  @GetMapping("/{*id}")
  @Operation(summary = "One model")
  Model model(@PathVariable String id) {
    String wanted = id.substring(1);
    Model served = served();
    if (!wanted.equals(served.id())) {
      throw ApiProblem.modelNotFound(wanted);
    }
    return served;
  }

  private Model served() {
    return new Model(engine.model().id(), "model", created, "baton");
  }

  /** Changes when the model does. */
  static String fingerprint(EngineModel model) {
    int hash =
        31 * (31 * model.id().hashCode() + Long.hashCode(model.parameterCount()))
            + model.architecture().hashCode();
    return "fp_" + HexFormat.of().toHexDigits(hash);
  }
}
