package dev.baton.admin.http;

import java.util.Arrays;
import java.util.List;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /admin/v1/me}. */
@RestController
final class MeEndpoint {

  /**
   * Who is asking.
   *
   * @param subject the name that the audit log shows
   * @param roles all roles the token has, the highest first
   */
  record Me(String subject, List<String> roles) {}

  /** Whom the token names and what it may. */
  @GetMapping("/admin/v1/me")
  Me me(Authentication authentication) {
    List<String> held =
        authentication.getAuthorities().stream().map(GrantedAuthority::getAuthority).toList();
    return new Me(
        authentication.getName(),
        Arrays.stream(Role.values())
            .filter(role -> held.contains(role.name()))
            .map(Role::label)
            .toList());
  }
}
