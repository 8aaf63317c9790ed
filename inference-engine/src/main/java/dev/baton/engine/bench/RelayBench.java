package dev.baton.engine.bench;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.backend.cpu.AttentionOperator;
import dev.baton.engine.backend.cpu.CpuSettings;
import dev.baton.engine.bench.plot.Chart;
import dev.baton.engine.cli.Terminal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code baton bench relay}: the attention operator alone, one layer, decode: each request has one
 * query row, C own tokens and shares S tokens with its group. Beside each gain stands the bound
 * {@code p = n (S + C) / (g S + n C)} of n requests in g groups, by bytes read.
 */
@Command(
    name = "relay",
    header =
        "Measures the attention operator alone: relayed, plain, and as the cost model chooses.",
    description =
        "Without options: the grid of the RelayAttention paper (52 heads of 128, one group), whose"
            + " figures on an NVIDIA A40 are shown beside, and 32 query on 8 KV heads of 64 in 1 to"
            + " 16 groups. Cases that do not fit --kv-memory are left out, and said so.",
    footerHeading = "%nExample:%n",
    footer = "  baton bench relay --heads 32/8x128 --prefixes 512,2048 --requests 32 --groups 1,4")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class RelayBench implements Runnable {
  private static final int BLOCK = CpuSettings.DEFAULT_BLOCK_TOKENS;
  private static final long WARM_UP_NANOS = 200_000_000; // of each case and variant
  private static final long SAMPLE_NANOS = 2_000_000; // shorter runs are repeated for one sample
  private static final List<Variant> VARIANTS = List.of(Variant.values());
  private static final List<Integer> PAPER_PREFIXES =
      List.of(64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);
  private static final List<Integer> PAPER_REQUESTS = List.of(1, 4, 8, 16, 32, 64, 128);

  private final Terminal terminal;

  @Mixin private BenchOptions options;

  @Option(
      names = "--heads",
      paramLabel = "H/KxD",
      split = ",",
      converter = HeadShape.Converter.class,
      description = "Query heads, KV heads and head size, such as 32/8x128.")
  private @Nullable List<HeadShape> heads;

  @Option(names = "--contexts", paramLabel = "C", split = ",", description = "Own tokens.")
  private @Nullable List<Integer> contexts;

  @Option(names = "--prefixes", paramLabel = "S", split = ",", description = "Shared tokens.")
  private @Nullable List<Integer> prefixes;

  @Option(names = "--requests", paramLabel = "N", split = ",", description = "Requests in all.")
  private @Nullable List<Integer> requests;

  @Option(names = "--groups", paramLabel = "G", split = ",", description = "Groups they are in.")
  private @Nullable List<Integer> groups;

  @Option(
      names = "--kv-memory",
      paramLabel = "GIB",
      description = "Memory for keys and values; without it a quarter of the machine's.")
  private @Nullable Double kvMemoryGib;

  /** How the system part is computed. */
  private enum Variant {
    RELAY,
    PLAIN,
    CHOSEN
  }

  private record Case(HeadShape heads, int context, int prefix, int requests, int groups) {
    int blocks() {
      return groups * Math.ceilDiv(prefix, BLOCK) + requests * Math.ceilDiv(context, BLOCK);
    }

    long bytes() {
      return AttentionOperator.bytesPerToken(heads.kvHeadCount(), heads.headDim())
          * BLOCK
          * blocks();
    }

    /** Upper bound of plain over relayed time, by keys and values read. */
    double bound() {
      return (double) requests
          * (prefix + context)
          / ((double) groups * prefix + (double) requests * context);
    }
  }

  RelayBench(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    RunHeader header = RunHeader.measure(options);
    List<Case> all = cases();
    double limit = kvMemoryGib != null ? kvMemoryGib * (1L << 30) : RunHeader.memoryBytes() / 4.0;
    List<Case> cases = all.stream().filter(c -> c.bytes() <= limit).toList();
    header.put("kvType", "f32");
    Report report = new Report("relay", header, columns());
    if (cases.size() < all.size()) {
      report.note(
          "%d cases need more than %.1f GiB of keys and values and were left out (--kv-memory)."
              .formatted(all.size() - cases.size(), limit / (1L << 30)));
    }
    try (ProgressBar progress = new ProgressBar(terminal, "relay", cases.size())) {
      for (HeadShape shape : cases.stream().map(Case::heads).distinct().toList()) {
        measure(
            shape,
            cases.stream().filter(c -> c.heads().equals(shape)).toList(),
            report,
            progress,
            header);
      }
    }
    plots(report);
    report.publish(terminal, options);
  }

  private List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    if (heads == null
        && contexts == null
        && prefixes == null
        && requests == null
        && groups == null) {
      add(
          cases,
          new HeadShape(52, 52, 128),
          List.of(128, 256),
          PAPER_PREFIXES,
          PAPER_REQUESTS,
          List.of(1));
      add(
          cases,
          new HeadShape(32, 8, 64),
          List.of(256),
          List.of(512, 2048, 8192),
          List.of(1, 8, 32, 64, 128),
          List.of(1, 2, 4, 8, 16));
      return cases;
    }
    for (HeadShape shape : heads == null ? List.of(new HeadShape(32, 8, 64)) : heads) {
      add(
          cases,
          shape,
          or(contexts, List.of(256)),
          or(prefixes, List.of(512, 2048)),
          or(requests, List.of(1, 8, 32)),
          or(groups, List.of(1)));
    }
    return cases;
  }

  private static List<Integer> or(@Nullable List<Integer> given, List<Integer> usual) {
    if (given != null && given.stream().anyMatch(value -> value < 1)) {
      throw new IllegalArgumentException(
          "contexts, prefixes, requests and groups must be at least 1, not " + given);
    }
    return given == null ? usual : given;
  }

  private static void add(
      List<Case> cases,
      HeadShape shape,
      List<Integer> contexts,
      List<Integer> prefixes,
      List<Integer> requests,
      List<Integer> groups) {
    for (int context : contexts) {
      for (int prefix : prefixes) {
        for (int count : requests) {
          for (int group : groups) {
            if (group == 1 || group * 2 <= count && count % group == 0) {
              cases.add(new Case(shape, context, prefix, count, group));
            }
          }
        }
      }
    }
  }

  private void measure(
      HeadShape shape, List<Case> cases, Report report, ProgressBar progress, RunHeader header) {
    int blocks = cases.stream().mapToInt(Case::blocks).max().orElseThrow();
    int rows = cases.stream().mapToInt(Case::requests).max().orElseThrow();
    progress.show("filling keys and values of " + shape);
    try (AttentionOperator operator =
        new AttentionOperator(
            shape.headCount(),
            shape.kvHeadCount(),
            shape.headDim(),
            options.threads(),
            blocks,
            rows,
            options.seed())) {
      for (Case c : cases) {
        progress.show(
            "%s S=%d C=%d n=%d g=%d"
                .formatted(shape, c.prefix(), c.context(), c.requests(), c.groups()));
        report.add(row(c, measure(operator, c, c == cases.getFirst()), header));
        progress.step();
      }
    }
  }

  /** Median nanoseconds of each variant; they take turns. */
  private double[] measure(AttentionOperator operator, Case c, boolean cold) {
    Samples[] nanos = new Samples[VARIANTS.size()];
    int[] runs = new int[VARIANTS.size()];
    for (Variant variant : VARIANTS) {
      nanos[variant.ordinal()] = new Samples();
      operator.prepare(step(operator, c, variant));
      if (cold) {
        WarmUp.of(operator::compute);
      }
      long begun = System.nanoTime();
      do { // touches memory
        operator.compute();
      } while (System.nanoTime() - begun < WARM_UP_NANOS);
      long before = System.nanoTime();
      operator.compute();
      long once = Math.max(1, System.nanoTime() - before);
      runs[variant.ordinal()] = (int) Math.clamp(SAMPLE_NANOS / once, 1, 200);
    }
    for (int repetition = 0; repetition < options.repetitions(); repetition++) {
      for (Variant variant : VARIANTS) {
        operator.prepare(step(operator, c, variant));
        long before = System.nanoTime();
        for (int i = 0; i < runs[variant.ordinal()]; i++) {
          operator.compute();
        }
        nanos[variant.ordinal()].add(
            (double) (System.nanoTime() - before) / runs[variant.ordinal()]);
      }
    }
    return Arrays.stream(nanos).mapToDouble(Samples::median).toArray();
  }

  private static Step step(AttentionOperator operator, Case c, Variant variant) {
    int perGroup = c.requests() / c.groups();
    boolean relay =
        switch (variant) {
          case RELAY -> true;
          case PLAIN -> false;
          case CHOSEN -> operator.costModel().relayPays(perGroup, perGroup, c.prefix());
        };
    int next = 0;
    List<Group> groups = new ArrayList<>();
    for (int g = 0; g < c.groups(); g++) {
      int[] system = blocks(next, c.prefix());
      next += system.length;
      List<SequencePart> sequences = new ArrayList<>();
      for (int i = 0; i < perGroup; i++) {
        int[] own = blocks(next, c.context());
        next += own.length;
        sequences.add(new SequencePart(new int[1], c.context() - 1, own, 0));
      }
      groups.add(new Group(new SystemPart(system, c.prefix()), relay, sequences));
    }
    return new Step(groups);
  }

  private static int[] blocks(int from, int tokens) {
    int[] blocks = new int[Math.ceilDiv(tokens, BLOCK)];
    Arrays.setAll(blocks, i -> from + i);
    return blocks;
  }

  private Row row(Case c, double[] nanos, RunHeader header) {
    double relay = nanos[Variant.RELAY.ordinal()];
    double plain = nanos[Variant.PLAIN.ordinal()];
    double chosen = nanos[Variant.CHOSEN.ordinal()];
    long tokenBytes = AttentionOperator.bytesPerToken(c.heads().kvHeadCount(), c.heads().headDim());
    double relayBytes =
        tokenBytes * ((double) c.groups() * c.prefix() + (double) c.requests() * c.context());
    Row row = new Row();
    row.put("heads", c.heads().toString());
    row.put("context", c.context());
    row.put("prefix", c.prefix());
    row.put("requests", c.requests());
    row.put("groups", c.groups());
    row.put("plainMicros", plain / 1e3);
    row.put("relayMicros", relay / 1e3);
    row.put("chosenMicros", chosen / 1e3);
    row.put("gain", plain / relay);
    row.put("chosenGain", plain / chosen);
    row.put("bound", c.bound());
    row.put("shareOfBound", plain / relay / c.bound());
    row.put(
        "relayShareOfBandwidth",
        relayBytes * 1e9 / relay / header.ceilings().readBytesPerSecondAll());
    row.put(
        "a40Gain",
        c.groups() == 1 && c.heads().isPapers()
            ? PaperFigures.gain(c.requests(), c.context(), c.prefix())
            : null);
    return row;
  }

  private static List<Report.Column> columns() {
    return List.of(
        new Report.Column("heads", "heads", "%s"),
        new Report.Column("context", "C", "%d"),
        new Report.Column("prefix", "S", "%d"),
        new Report.Column("requests", "n", "%d"),
        new Report.Column("groups", "g", "%d"),
        new Report.Column("plainMicros", "plain us", "%.1f"),
        new Report.Column("relayMicros", "relay us", "%.1f"),
        new Report.Column("chosenMicros", "chosen us", "%.1f"),
        new Report.Column("gain", "gain", "%.2f"),
        new Report.Column("chosenGain", "chosen gain", "%.2f"),
        new Report.Column("bound", "bound p", "%.2f"),
        new Report.Column("shareOfBound", "of p", "%.2f"),
        new Report.Column("relayShareOfBandwidth", "of bandwidth", "%.2f"),
        new Report.Column("a40Gain", "A40 gain", "%.2f"));
  }

  /** A plot for each head shape: gain over the prefix, a line for each number of requests. */
  private void plots(Report report) {
    Map<String, List<Row>> byShape = new LinkedHashMap<>();
    for (Row row : report.rows()) {
      if (Integer.valueOf(1).equals(row.get("groups"))) {
        String key = row.get("heads") + ", " + row.get("context") + " own tokens";
        byShape.computeIfAbsent(key, k -> new ArrayList<>()).add(row);
      }
    }
    byShape.forEach((shape, rows) -> {
      List<Chart.Line> lines = new ArrayList<>();
      for (Object count : rows.stream().map(row -> row.get("requests")).distinct().toList()) {
        List<Row> own = rows.stream().filter(row -> count.equals(row.get("requests"))).toList();
        lines.add(new Chart.Line(count + " requests", false, Charts.points(own, "prefix", "gain")));
        if (!count.equals(1)) {
          lines.add(
              new Chart.Line("bound p, " + count, true, Charts.points(own, "prefix", "bound")));
        }
      }
      report.chart(
          Charts.fileName(shape.replace(" own tokens", "")),
          new Chart(
              "Relay's gain on attention: " + shape,
              "plain time / relayed time, one group, decode, f32",
              new Chart.Axis("shared tokens", true),
              new Chart.Axis("gain", true),
              lines));
    });
  }
}
