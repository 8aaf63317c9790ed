package dev.baton.engine;

/** Why the engine refused or gave up; one place maps these to HTTP. */
public enum ErrorCode {
  /** The request makes no sense; repeating it can not help. */
  INVALID_REQUEST,
  /** System prompt, request and answer do not fit the model's context. */
  CONTEXT_LENGTH_EXCEEDED,
  /** The chat template raised, or uses what Baton does not know. */
  TEMPLATE_FAILED,
  /** The model file is damaged. */
  MODEL_FILE_INVALID,
  /** The model file is sound, but of a kind that Baton does not serve. */
  MODEL_UNSUPPORTED,
  /** A setting is impossible on this machine. */
  CONFIGURATION_INVALID,
  /** Too many requests wait already. */
  QUEUE_FULL,
  /** KV memory can not hold this even when everything evictable is evicted. */
  MEMORY_FULL,
  /** Pinning this would leave too little room for requests. */
  PIN_BUDGET_EXCEEDED,
  /** Running sequences use this system KV. */
  SYSTEM_KV_IN_USE,
  /** No such system KV here. */
  SYSTEM_KV_UNKNOWN,
  /** No answer within the time that its caller allows. */
  TIMEOUT,
  /** The engine is shutting down. */
  DRAINING,
  /** A defect or a device failure; the engine's log has the cause. */
  INTERNAL
}
