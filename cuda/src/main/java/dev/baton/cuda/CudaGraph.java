package dev.baton.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;

/**
 * A sequence of launches and copies, recorded once and replayed with one call. Arguments are those
 * of the recording: what changes from run to run is in device memory.
 */
public final class CudaGraph {
  private final CUgraphExec executable;

  /** Records what {@code work} puts on the stream; nothing of it runs. */
  CudaGraph(CudaStream stream, Runnable work) {
    Driver.Stream captured = stream.driverStream();
    Driver.beginCapture(captured);
    boolean recorded = false;
    try {
      work.run();
      recorded = true;
    } finally {
      if (!recorded) {
        abandon(captured);
      }
    }
    CUgraph graph = Driver.endCapture(captured);
    try {
      executable = Driver.instantiate(graph);
    } finally {
      Driver.destroy(graph);
    }
  }

  /** Ends a capture that failed; the failure that led here is the one to report. */
  private static void abandon(Driver.Stream captured) {
    try {
      Driver.destroy(Driver.endCapture(captured));
    } catch (CudaException e) {
      System.getLogger(CudaGraph.class.getName())
          .log(System.Logger.Level.DEBUG, "the capture was invalid", e);
    }
  }

  public void launch(CudaStream stream) {
    Driver.launch(executable, stream.driverStream());
  }

  void destroy() {
    Driver.destroy(executable);
  }
}
