package dev.baton.engine.attention;

/**
 * Decides per tenant group and step whether relaying its system part is cheaper than computing it
 * row by row.
 */
public interface RelayCostModel {

  /**
   * @param sequences sequences of the group in this step
   * @param rows their tokens in this step
   * @param systemTokens length of the shared part
   */
  boolean relayPays(int sequences, int rows, int systemTokens);
}
