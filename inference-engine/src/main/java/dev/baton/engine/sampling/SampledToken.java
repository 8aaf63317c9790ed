package dev.baton.engine.sampling;

import java.util.List;

/**
 * A chosen token.
 *
 * @param logit the model's output, before penalties, bias and temperature
 * @param logprob natural log of the softmax probability of that logit
 * @param top the likeliest tokens of this position, likeliest first, the lower id first of equals
 */
public record SampledToken(int id, float logit, float logprob, List<TokenLogprob> top) {
  public SampledToken {
    top = List.copyOf(top);
  }
}
