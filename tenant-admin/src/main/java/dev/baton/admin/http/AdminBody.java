package dev.baton.admin.http;

/**
 * A body of the admin API: read strictly, so that a typing error in a field's name is an error and
 * not silence.
 */
public interface AdminBody {

  /** A body that carries a prompt and may therefore be long. */
  interface WithPrompt extends AdminBody {}
}
