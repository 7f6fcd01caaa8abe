// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// What the way by a Service costs a packet between two pods, in time of the processors: two
/// network namespaces on the node's bridge as its pods have them, small datagrams there and back
/// between them, by the pod's own address and by that of a Service, taking turns.
///
/// Counted is what the two programs use, in which the kernel takes packets from one to the other,
/// and the kernel's own threads for packets.
final class PacketCost implements AutoCloseable {
  private static final int RUNS = 11;
  private static final int WARM_UP_RUNS = 2;
  private static final int ROUND_TRIPS = 60_000;
  private static final int PORT = 9_000;
  private static final String NAMESPACE = "default";
  private static final String NAME = "echo";

  private final Api api;
  private final String link;
  private final String node;
  private final List<Process> programs = new ArrayList<>();
  private final List<String> namespaces = new ArrayList<>();

  /// @param direct nanoseconds for a packet by the pod's address, the median
  /// @param service the same by the Service's address
  /// @param ratio of a run by the Service's address to the one beside it, the median
  record Outcome(double direct, double service, double ratio) {}

  /// @param link the node's bridge
  /// @param node its address on it, the first of the node's range
  PacketCost(Api api, String link, String node) {
    this.api = api;
    this.link = link;
    this.node = node;
  }

  Outcome measure() throws IOException {
    String from = pod(250);
    String to = pod(251);
    ManyServices services = new ManyServices(api);
    String service = services.service(NAME, NAMESPACE, "UDP", PORT);
    ObjectNode slice = ManyServices.slice(NAME, NAMESPACE, "UDP", PORT);
    ObjectNode endpoint = slice.withArray("endpoints").addObject();
    endpoint.putArray("addresses").add(to);
    endpoint.putObject("conditions").put("ready", true);
    api.create(ManyServices.slices(NAMESPACE), slice.toString());
    Process answering = program(1, "1", "answer", String.valueOf(PORT));
    Process asking = program(0, "0", "ask");
    List<Double> direct = new ArrayList<>();
    List<Double> led = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    try (BufferedReader answers = asking.inputReader(StandardCharsets.UTF_8)) {
      for (int i = 0; i < WARM_UP_RUNS + RUNS; i++) {
        double one = run(asking, answering, answers, i % 2 == 0 ? to : service);
        double other = run(asking, answering, answers, i % 2 == 0 ? service : to);
        if (i >= WARM_UP_RUNS) {
          direct.add(i % 2 == 0 ? one : other);
          led.add(i % 2 == 0 ? other : one);
          ratios.add(led.getLast() / direct.getLast());
        }
      }
    }
    System.err.println("to " + to + " from " + from + ": " + ratios);
    return new Outcome(
        Percentiles.median(direct), Percentiles.median(led), Percentiles.median(ratios));
  }

  /// A network as a pod's.
  private String pod(int number) {
    String namespace = "havn-verify-" + link.substring(2) + "-" + number;
    String address = node.replaceAll("\\d+$", String.valueOf(number));
    String outer = "hvv" + link.substring(2, 8) + number;
    run("ip", "netns", "add", namespace);
    namespaces.add(namespace);
    run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    run("ip", "link", "set", outer, "master", link, "up");
    run("ip", "-n", namespace, "address", "add", address + "/32", "dev", "eth0");
    run("ip", "-n", namespace, "link", "set", "eth0", "up");
    run("ip", "-n", namespace, "route", "add", node, "dev", "eth0");
    run("ip", "-n", namespace, "route", "add", "default", "via", node, "dev", "eth0");
    return address;
  }

  private static void run(String... command) {
    String unused = Program.run(Map.of(), List.of(command));
  }

  private Process program(int namespace, String processor, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("ip", "netns", "exec", namespaces.get(namespace), "taskset", "-c", processor));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), Echo.class.getName()));
    command.addAll(List.of(arguments));
    Process program =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    programs.add(program);
    return program;
  }

  /// @return nanoseconds for a packet
  private static double run(
      Process asking, Process answering, BufferedReader answers, String address)
      throws IOException {
    long before = nanos(asking, answering);
    String line = address + " " + PORT + " " + ROUND_TRIPS + "\n";
    asking.getOutputStream().write(line.getBytes(StandardCharsets.US_ASCII));
    asking.getOutputStream().flush();
    if (!"done".equals(answers.readLine())) {
      throw new IllegalStateException("no datagrams go to " + address);
    }
    return (nanos(asking, answering) - before) / (2.0 * ROUND_TRIPS);
  }

  private static long nanos(Process asking, Process answering) {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      long kernel =
          all.filter(each -> each.getFileName().toString().matches("\\d+"))
              .filter(each -> text(each.resolve("comm")).startsWith("ksoftirqd/"))
              .mapToLong(PacketCost::nanos)
              .sum();
      return kernel + nanos(asking) + nanos(answering);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long nanos(Process program) throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + program.pid() + "/task"))) {
      return threads.mapToLong(PacketCost::nanos).sum();
    }
  }

  /// How long a thread has been on a processor.
  private static long nanos(Path thread) {
    String figures = text(thread.resolve("schedstat"));
    return figures.isEmpty() ? 0 : Long.parseLong(figures.substring(0, figures.indexOf(' ')));
  }

  /// Empty for a thread that is gone.
  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException gone) {
      return "";
    }
  }

  @Override
  public void close() {
    programs.forEach(Process::destroyForcibly);
    namespaces.forEach(each -> run("ip", "netns", "delete", each));
  }
}
