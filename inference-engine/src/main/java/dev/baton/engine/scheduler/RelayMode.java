package dev.baton.engine.scheduler;

/** Whether the system part of a tenant group is computed once for the group. */
public enum RelayMode {
  /** As the backend's cost model says, group by group and step by step. */
  AUTO,
  /** Always. */
  ON,
  /** Never; the same results at the price of plain attention. */
  OFF
}
