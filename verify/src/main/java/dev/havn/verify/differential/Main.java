// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The comparison by hand:
///
/// - `record KUBECONFIG FROM COUNT FILE`: asks a real Kubernetes and writes down its answers
/// - `replay FILE [HEAPS]`: asks Havn in this process, prints what differs, the most common first
/// - `run KUBECONFIG HAVN-KUBECONFIG NAMESPACE SCRIPT...`: scripts written by hand, both servers
final class Main {
  private static final int HEAPS = 40;

  private Main() {}

  /// Exit status 1 when something differs, 2 for wrong usage.
  public static void main(String[] arguments) throws IOException {
    List<String> given = List.of(arguments);
    switch (given.isEmpty() ? "" : given.getFirst()) {
      case "record" ->
          record(
              Path.of(given.get(1)),
              Long.parseLong(given.get(2)),
              Integer.parseInt(given.get(3)),
              Path.of(given.get(4)));
      case "replay" ->
          replay(Path.of(given.get(1)), given.size() > 2 ? Integer.parseInt(given.get(2)) : HEAPS);
      case "run" -> run(given.subList(1, given.size()));
      default -> {
        System.err.println("usage: record | replay | run");
        System.exit(2);
      }
    }
  }

  private static void record(Path kubeconfig, long from, int count, Path file) throws IOException {
    Generator generator = new Generator(BuiltinTypes.load());
    List<Recording.Told> told = new ArrayList<>();
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig)) {
      Recording.tell(generator.setup(), real);
      for (long number = from; number < from + count; number++) {
        told.add(Recording.tell(generator.script(number), real));
      }
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      new Recording(told).write(out);
    }
  }

  private static void replay(Path file, int heaps) throws IOException {
    Triage triage = new Triage();
    Generator generator = new Generator(BuiltinTypes.load());
    try (InputStream in = Files.newInputStream(file);
        InProcess havn = InProcess.start()) {
      Recording.tell(generator.setup(), havn);
      Differential differential = new Differential(havn, KnownDifferences.load());
      for (Recording.Told told : Recording.read(in).scripts()) {
        triage.add(told, differential.compare(told));
      }
    }
    System.out.println(triage.report(heaps));
    System.exit(triage.different() == 0 ? 0 : 1);
  }

  private static void run(List<String> arguments) {
    Triage triage = new Triage();
    try (Endpoint real = Endpoint.of("kubernetes", Path.of(arguments.get(0)));
        Endpoint havn = Endpoint.of("havn", Path.of(arguments.get(1)))) {
      Differential differential = new Differential(havn, KnownDifferences.load());
      for (String file : arguments.subList(3, arguments.size())) {
        Script script = Script.read(Path.of(file), arguments.get(2));
        Recording.Told told = Recording.tell(script, real);
        triage.add(told, differential.compare(told));
      }
    }
    System.out.println(triage.report(HEAPS));
    System.exit(triage.different() == 0 ? 0 : 1);
  }
}
