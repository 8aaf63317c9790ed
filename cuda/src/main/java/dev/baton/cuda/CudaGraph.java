package dev.baton.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;

/**
 * A sequence of launches and copies, recorded once and replayed with one call. Arguments are those
 * of the recording: what changes from run to run is in device memory.
 */
public final class CudaGraph {
  private final CUgraph recording;
  private final CUgraphExec executable;

  /** Records what {@code work} puts on the stream; nothing of it runs. */
  CudaGraph(CudaStream stream, Runnable work) {
    Driver.Stream captured = stream.driverStream();
    Driver.beginCapture(captured);
    CUgraph graph = null;
    try {
      work.run();
      graph = Driver.endCapture(captured);
    } finally {
      if (graph == null) {
        abandon(captured);
      }
    }
    recording = graph;
    CUgraphExec made = null;
    try {
      made = Driver.instantiate(graph);
    } finally {
      if (made == null) {
        Driver.destroy(graph);
      }
    }
    executable = made;
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
    try {
      Driver.destroy(executable);
    } finally {
      Driver.destroy(recording);
    }
  }
}
