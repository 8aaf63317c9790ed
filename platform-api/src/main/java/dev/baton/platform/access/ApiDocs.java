package dev.baton.platform.access;

import dev.baton.admin.audit.Actor;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import org.springdoc.core.models.GroupedOpenApi;
import org.springdoc.core.utils.SpringDocUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.core.Authentication;

/** Two documents, because tenants and operators are two audiences with two kinds of keys. */
@Configuration(proxyBeanMethods = false)
class ApiDocs {
  static {
    // Comes from the credential, not from the request.
    SpringDocUtils.getConfig().addRequestWrapperToIgnore(Actor.class, Authentication.class);
  }

  @Bean
  GroupedOpenApi tenantApi() {
    return GroupedOpenApi.builder()
        .group("tenant")
        .displayName("Tenant API")
        .pathsToMatch("/v1/**")
        .addOpenApiCustomizer(api -> describe(api, "Baton tenant API", "A tenant's API key."))
        .build();
  }

  @Bean
  GroupedOpenApi adminApi() {
    return GroupedOpenApi.builder()
        .group("admin")
        .displayName("Admin API")
        .pathsToMatch("/admin/**")
        .addOpenApiCustomizer(api ->
            describe(
                api,
                "Baton admin API",
                "An admin token, or a JWT of the configured identity provider."))
        .build();
  }

  private static void describe(OpenAPI api, String title, String credential) {
    api.info(new Info().title(title).version("v1"));
    api.getComponents()
        .addSecuritySchemes(
            "bearer",
            new SecurityScheme()
                .type(SecurityScheme.Type.HTTP)
                .scheme("bearer")
                .description(credential));
    api.addSecurityItem(new SecurityRequirement().addList("bearer"));
  }
}
