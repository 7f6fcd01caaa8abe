// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/// The figures of the network of a Havn with one node of runc: how soon names are answered after a
/// start, how soon a change of an endpoint is in the kernel, how many questions the name server
/// answers, and what the way by a Service costs. With ten thousand Services and a hundred thousand
/// endpoints. `verify/network` runs it; it keeps a page in `verify/results`.
///
/// `-Dhavn.parts=start,change,dns,packets` names what is measured.
final class NetworkFigures {
  private static final String PARTS = System.getProperty("havn.parts", "start,change,dns,packets");
  private static final int STARTS = 7;
  private static final int CHANGES = 400;
  private static final int WARM_UP_CHANGES = 100;
  private static final int PROBES_MAX = 12;
  private static final int PROBE_SECONDS = 10;
  private static final int OPEN_QUESTIONS = 32;
  private static final int DNS_SECONDS = 8;
  private static final int DNS_PER_SECOND = 40_000;
  private static final String CLUSTER_DNS = "/api/v1/namespaces/kube-system/services/kube-dns";

  private final Path root = Path.of(System.getProperty("havn.root", ".")).toAbsolutePath();
  private final Path folder;
  private final HavnTarget havn;
  private final List<String> rows = new ArrayList<>();
  private final AtomicBoolean ended = new AtomicBoolean();

  private NetworkFigures(Path folder) {
    this.folder = folder;
    this.havn = new HavnTarget(root, folder, "runc");
  }

  public static void main(String[] arguments) throws IOException {
    new NetworkFigures(Files.createTempDirectory("havn-network")).run();
    System.exit(0);
  }

  private void run() throws IOException {
    String before = load();
    Runtime.getRuntime().addShutdownHook(new Thread(this::end, "end"));
    try {
      havn.up();
      Config config = Config.fromKubeconfig(havn.kubeconfig().toFile());
      String server = server(config);
      if (PARTS.contains("start")) {
        starts(new InetSocketAddress(server, 53));
      }
      try (KubernetesClient client = client(Config.fromKubeconfig(havn.kubeconfig().toFile()))) {
        loaded(new Api(client), new InetSocketAddress(server, 53));
      }
    } finally {
      end();
      keep(before);
    }
  }

  private void end() {
    if (!ended.getAndSet(true)) {
      havn.down();
      String unused = Program.run(Map.of(), List.of("rm", "-rf", folder.toString()));
    }
  }

  private static KubernetesClient client(Config config) {
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(new JdkHttpClientFactory())
        .build();
  }

  private static String server(Config config) {
    try (KubernetesClient client = client(config)) {
      return new Api(client).get(CLUSTER_DNS).path("spec").path("clusterIP").asText();
    }
  }

  private void starts(InetSocketAddress server) {
    System.err.println("starts");
    List<Double> ready = new ArrayList<>();
    List<Double> named = new ArrayList<>();
    for (int i = 0; i < STARTS; i++) {
      havn.stop();
      long begin = System.nanoTime();
      FutureTask<Double> answered = new FutureTask<>(new DnsStart(server, begin));
      Thread.ofPlatform().daemon().start(answered);
      havn.up();
      ready.add((System.nanoTime() - begin) / 1e6);
      try {
        named.add(answered.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    row("`./havn up` to Ready, median of " + STARTS, "", "%,.0f ms", Percentiles.median(ready));
    row(
        "the same, to the first answer of the cluster's DNS",
        "1,500 ms",
        "%,.0f ms (at most %,.0f ms)",
        Percentiles.median(named),
        Percentiles.at(named, 100));
  }

  /// All that is measured with many Services.
  private void loaded(Api api, InetSocketAddress server) throws IOException {
    if (PARTS.contains("packets")) {
      packets(api, "a cluster without other Services");
    }
    if (!PARTS.contains("change") && !PARTS.contains("dns")) {
      return;
    }
    ManyServices many = new ManyServices(api);
    long begin = System.nanoTime();
    System.err.println("ten thousand Services");
    // It reads all that is there before it hears of changes, so it begins before there is much.
    try (RuleEvents events = new RuleEvents()) {
      many.create();
      double created = (System.nanoTime() - begin) / 1e9;
      probe(many, events);
      row(
          "%,d Services with %,d endpoints written and programmed"
              .formatted(ManyServices.COUNT, ManyServices.COUNT * ManyServices.ENDPOINTS),
          "",
          "%.1f s, written after %.1f s",
          (System.nanoTime() - begin) / 1e9,
          created);
      if (PARTS.contains("change")) {
        changes(many, events);
      }
    }
    if (PARTS.contains("dns")) {
      names(server);
    }
  }

  /// Returns when a change of a Service is in the kernel, behind all that was written before.
  private static void probe(ManyServices many, RuleEvents events) {
    String last = ManyServices.address(0, ManyServices.ENDPOINTS);
    for (int i = 0; i < PROBES_MAX; i++) {
      int more = 1 - i % 2;
      if (events.sees(
          (more > 0 ? "add " : "delete ") + last,
          () -> many.change(0, ManyServices.ENDPOINTS + more),
          PROBE_SECONDS)) {
        many.change(0, ManyServices.ENDPOINTS);
        return;
      }
    }
    throw new IllegalStateException("no change of an endpoint is seen in the kernel");
  }

  private void changes(ManyServices many, RuleEvents events) throws IOException {
    System.err.println("changes");
    long process = havn.process();
    List<Double> times = new ArrayList<>();
    double before = 0;
    for (int i = 0; i < WARM_UP_CHANGES + CHANGES; i++) {
      if (i == WARM_UP_CHANGES) {
        before = processorSeconds(process);
      }
      int number = i / 2 * 37 % ManyServices.COUNT;
      String address = ManyServices.address(number, ManyServices.ENDPOINTS);
      boolean comes = i % 2 == 0;
      double time =
          events.millis(
              (comes ? "add " : "delete ") + address,
              () -> many.change(number, ManyServices.ENDPOINTS + (comes ? 1 : 0)));
      if (i >= WARM_UP_CHANGES) {
        times.add(time);
      }
    }
    row(
        "an endpoint comes or goes: from the write to the rule in the kernel, of " + CHANGES,
        "50 ms",
        "p50 %.1f ms, p99 %.1f ms (at most %.1f ms; %.1f ms of processor each, `nft` with it)",
        Percentiles.median(times),
        Percentiles.at(times, 99),
        Percentiles.at(times, 100),
        (processorSeconds(process) - before) * 1_000 / CHANGES);
  }

  /// The server on one processor, the questions from another.
  private void names(InetSocketAddress server) throws IOException {
    System.err.println("names");
    long process = havn.process();
    long own = ProcessHandle.current().pid();
    pin(process, "0");
    pin(own, "1");
    try (DnsLoad load = new DnsLoad(server, DnsQueries.mixed())) {
      System.err.println("warm-up: " + load.flood(OPEN_QUESTIONS, DNS_SECONDS));
      double before = processorSeconds(process);
      DnsLoad.Outcome flood = load.flood(OPEN_QUESTIONS, DNS_SECONDS);
      double used = processorSeconds(process) - before;
      row(
          "cluster DNS on one processor, %d questions open for %d s"
              .formatted(OPEN_QUESTIONS, DNS_SECONDS),
          "40,000/s, p99 2 ms",
          "%s (%,.0f for each second of processor that it got)",
          flood,
          flood.perSecond() * DNS_SECONDS / used);
      row(
          "the same, %,d questions sent each second, for %d s"
              .formatted(DNS_PER_SECOND, DNS_SECONDS),
          "p99 2 ms",
          "%s",
          load.paced(DNS_PER_SECOND, DNS_SECONDS));
    } finally {
      String all = "0-" + (processors() - 1);
      pin(process, all);
      pin(own, all);
    }
  }

  /// What a process has used, and those that it has started and that have ended.
  private static double processorSeconds(long process) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    long ticks = 0;
    for (int i = 11; i < 15; i++) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks / 100.0;
  }

  /// Of the machine, not only those that this process may use now.
  private static long processors() throws IOException {
    return Files.readAllLines(Path.of("/proc/stat")).stream()
        .filter(each -> each.matches("cpu\\d.*"))
        .count();
  }

  private static void pin(long process, String processors) {
    String unused =
        Program.run(Map.of(), List.of("taskset", "-acp", processors, String.valueOf(process)));
  }

  private void packets(Api api, String where) throws IOException {
    System.err.println("packets");
    String id = Files.readString(folder.resolve("havn/cluster-id")).strip();
    String node =
        api.get("/api/v1/nodes").path("items").path(0).path("spec").path("podCIDR").asText();
    String address = node.replaceAll("\\d+/\\d+$", "1");
    try (PacketCost cost = new PacketCost(api, "hv" + id + "00", address)) {
      PacketCost.Outcome outcome = cost.measure();
      row(
          "a datagram of 200 bytes between pods by a Service, in " + where + ", median of 11",
          "5 % more than without",
          "%+.1f %% (%,.0f ns of processor, without %,.0f ns)",
          (outcome.ratio() - 1) * 100,
          outcome.service(),
          outcome.direct());
    }
  }

  private void row(String what, String wanted, String format, Object... figures) {
    String figure = String.format(Locale.ROOT, format, figures);
    System.err.println(what + ": " + figure);
    rows.add("| %s | %s | %s |".formatted(what, wanted, figure));
  }

  /// Load averages, and how busy the processors are while nothing is measured.
  private static String load() throws IOException {
    long[] first = busy();
    try {
      Thread.sleep(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    long[] second = busy();
    return String.format(
        Locale.ROOT,
        "load average %s, processors busy for %.0f %%",
        Files.readString(Path.of("/proc/loadavg")).replaceAll("^(\\S+ \\S+ \\S+).*\\n", "$1"),
        100.0 * (second[0] - first[0]) / (second[1] - first[1]));
  }

  private static long[] busy() throws IOException {
    String[] words = Files.readAllLines(Path.of("/proc/stat")).getFirst().split(" +");
    long all = 0;
    for (int i = 1; i < words.length; i++) {
      all += Long.parseLong(words[i]);
    }
    return new long[] {all - Long.parseLong(words[4]) - Long.parseLong(words[5]), all};
  }

  private void keep(String before) throws IOException {
    String commit =
        Program.run(Map.of(), List.of("git", "-C", root.toString(), "rev-parse", "--short", "HEAD"))
            .strip();
    Instant now = Instant.now().truncatedTo(ChronoUnit.MINUTES);
    String table =
        """
        # The network's figures, %s at %s

        %d processors, Java %s, Linux %s, %s. Before the run: %s. `verify/network`; the server and what loads it share the machine.

        | What | Wanted | Havn |
        |---|---|---|
        %s
        """
            .formatted(
                commit,
                now,
                processors(),
                Runtime.version(),
                System.getProperty("os.version"),
                Program.run(Map.of(), List.of("nft", "--version")).strip(),
                before,
                String.join("\n", rows));
    Path results = Files.createDirectories(root.resolve("verify/results"));
    Path file =
        results.resolve(now.toString().replaceAll("[-:]|Z", "") + "-" + commit + "-network.md");
    Files.writeString(file, table);
    System.out.println(table);
    System.out.println("kept in " + root.relativize(file));
  }
}
