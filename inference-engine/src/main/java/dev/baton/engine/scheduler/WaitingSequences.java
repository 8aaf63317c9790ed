package dev.baton.engine.scheduler;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for a place in the batch: first those that were preempted, oldest first; then
 * each tenant's own queue, in order of arrival.
 */
final class WaitingSequences {
  private final TreeMap<Long, Sequence> preempted = new TreeMap<>();
  private final Map<String, Deque<Sequence>> queues = new LinkedHashMap<>();
  private int count;

  int count() {
    return count;
  }

  void add(Sequence sequence) {
    queues.computeIfAbsent(sequence.tenantId(), id -> new ArrayDeque<>()).add(sequence);
    count++;
  }

  void addPreempted(Sequence sequence) {
    preempted.put(sequence.number(), sequence);
    count++;
  }

  boolean remove(Sequence sequence) {
    boolean removed = preempted.remove(sequence.number(), sequence);
    Deque<Sequence> queue = queues.get(sequence.tenantId());
    if (!removed && queue != null) {
      // The head in O(1), which is what an admission removes.
      removed = queue.removeFirstOccurrence(sequence);
      if (queue.isEmpty()) {
        queues.remove(sequence.tenantId());
      }
    }
    if (removed) {
      count--;
    }
    return removed;
  }

  /**
   * The sequence to admit next. Among the tenants that received at most {@code affinity} more
   * service than the least served one, the one whose next sequence costs least goes first; ties go
   * to the least served, then to the earliest.
   *
   * @param service weighted tokens the sequence's tenant received
   * @param price what admitting the sequence adds to a step
   */
  @Nullable Sequence next(
      ToLongFunction<Sequence> service, ToLongFunction<Sequence> price, long affinity) {
    if (!preempted.isEmpty()) {
      return preempted.firstEntry().getValue();
    }
    long least = Long.MAX_VALUE;
    for (Deque<Sequence> queue : queues.values()) {
      least = Math.min(least, service.applyAsLong(queue.getFirst()));
    }
    Sequence best = null;
    long bestPrice = 0;
    long bestService = 0;
    for (Deque<Sequence> queue : queues.values()) {
      Sequence head = queue.getFirst();
      long headService = service.applyAsLong(head);
      if (headService > least + affinity) {
        continue;
      }
      long headPrice = price.applyAsLong(head);
      int order = best == null ? -1 : Long.compare(headPrice, bestPrice);
      if (order == 0) {
        order = Long.compare(headService, bestService);
      }
      if (order == 0 && best != null) {
        order = Long.compare(head.number(), best.number());
      }
      if (order < 0) {
        best = head;
        bestPrice = headPrice;
        bestService = headService;
      }
    }
    return best;
  }
}
