package dev.baton.engine.sampling;

/**
 * How likely the model finds a token.
 *
 * @param logit the model's output, before penalties, bias and temperature
 * @param logprob natural log of the softmax probability of that logit
 */
public record TokenLogprob(int id, float logit, float logprob) {}
