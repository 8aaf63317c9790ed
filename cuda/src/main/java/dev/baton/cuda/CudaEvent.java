package dev.baton.cuda;

import jcuda.driver.CUevent;

/** A point in a stream's work that can be waited for, and timed. */
public final class CudaEvent {
  private final CUevent event = Driver.newEvent();

  public void record(CudaStream stream) {
    Driver.record(event, stream.driverStream());
  }

  /** Waits for the work before the point recorded last; at once when none was. */
  public void synchronize() {
    Driver.synchronize(event);
  }

  /** Device time between two points, both waited for. */
  public float millisSince(CudaEvent earlier) {
    return Driver.elapsedMillis(earlier.event, event);
  }

  void destroy() {
    Driver.destroy(event);
  }
}
