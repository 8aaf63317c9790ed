package dev.baton.platform.bench;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/**
 * Tenants that a load is sent to.
 *
 * @param words texts of known length under the server's tokenizer
 */
record LoadTenants(List<ChatTarget> targets, Words words) {
  private static final int SAMPLE_WORDS = 400;
  private static final double MARGIN = 0.02; // of a system prompt's length

  /** Makes tenants whose system prompts are resident, or evicted again where it starts cold. */
  static LoadTenants make(AdminClient admin, URI url, Workload workload, long seed, boolean cold) {
    List<ChatTarget> targets = new ArrayList<>();
    List<Runnable> evictions = new ArrayList<>();
    Words words = new Words(1.5);
    for (int i = 0; i < workload.systemTokens().size(); i++) {
      AdminClient.MadeTenant tenant =
          admin.tenant("bench %d %s".formatted(i, Long.toString(System.nanoTime(), 36)));
      if (i == 0) {
        words = calibrated(admin, tenant);
      }
      String text = prompt(admin, tenant, words, workload.systemTokens().get(i), seed + i);
      String version = admin.activate(tenant, text);
      evictions.add(() -> admin.evict(tenant, version));
      targets.add(new ChatTarget(url, tenant.key(), null));
    }
    if (cold) {
      evictions.forEach(Runnable::run);
    }
    return new LoadTenants(targets, words);
  }

  private static Words calibrated(AdminClient admin, AdminClient.MadeTenant tenant) {
    int few = admin.tokens(tenant, Words.words(SAMPLE_WORDS / 2, 1));
    int many = admin.tokens(tenant, Words.words(SAMPLE_WORDS + SAMPLE_WORDS / 2, 1));
    return new Words((double) (many - few) / SAMPLE_WORDS); // without the template's tokens
  }

  /** A prompt whose tokens, the template's included, are as many as wanted, within a margin. */
  private static String prompt(
      AdminClient admin, AdminClient.MadeTenant tenant, Words words, int tokens, long seed) {
    int asked = tokens;
    String text = words.text(asked, seed);
    for (int attempt = 0; attempt < 4; attempt++) {
      int found = admin.tokens(tenant, text);
      if (Math.abs(found - tokens) <= Math.max(1, MARGIN * tokens)) {
        break;
      }
      asked = Math.max(1, asked + tokens - found);
      text = words.text(asked, seed);
    }
    return text;
  }
}
