package dev.baton.engine.backend.cpu;

/** A program that says in one line which kernels it computes with, and why no faster ones. */
final class ShownKernels {
  private ShownKernels() {}

  public static void main(String[] arguments) {
    System.out.println(CpuBackend.kernels());
  }
}
