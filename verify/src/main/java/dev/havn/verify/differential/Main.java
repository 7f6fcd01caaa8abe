// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The comparison by hand:
///
/// - `record KUBECONFIG FROM COUNT FILE`: asks a real Kubernetes and writes down its answers
/// - `replay FILE [HEAPS]`: asks Havn in this process, prints what differs, the most common first
/// - `live KUBECONFIG FROM COUNT [HEAPS]`: asks both and prints what differs
/// - `fields KUBECONFIG FILE [KIND...]`: sends every field of these kinds to both, prints what
///   differs and writes down the digests of what the real one answered
/// - `unlike FILE`: asks Havn in this process for the fields in it and prints those it treats
///   otherwise
/// - `fuzz FROM COUNT MINUTES [KUBECONFIG]`: sends raw requests to Havn in this process, prints
///   what must not be, or what a real Kubernetes answers otherwise
/// - `run KUBECONFIG HAVN-KUBECONFIG NAMESPACE SCRIPT...`: scripts written by hand, both servers
final class Main {
  private static final int HEAPS = 400;

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
      case "live" ->
          live(
              Path.of(given.get(1)),
              Long.parseLong(given.get(2)),
              Long.parseLong(given.get(3)),
              given.size() > 4 ? Integer.parseInt(given.get(4)) : HEAPS);
      case "fields" ->
          fields(Path.of(given.get(1)), Path.of(given.get(2)), given.subList(3, given.size()));
      case "unlike" -> unlike(Path.of(given.get(1)));
      case "fuzz" ->
          fuzz(
              Long.parseLong(given.get(1)),
              Long.parseLong(given.get(2)),
              Duration.ofMinutes(Long.parseLong(given.get(3))),
              given.size() > 4 ? Path.of(given.get(4)) : null);
      case "run" -> run(given.subList(1, given.size()));
      default -> {
        System.err.println("usage: record | replay | live | fields | unlike | fuzz | run");
        System.exit(2);
      }
    }
  }

  private static void record(Path kubeconfig, long from, int count, Path file) throws IOException {
    Generator generator = new Generator(BuiltinTypes.load());
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig);
        Recording.Sink sink = new Recording.Sink(Files.newOutputStream(file))) {
      Recording.tell(generator.setup(), real);
      Live.tell(generator, real, from, count, sink::add);
    }
  }

  private static void replay(Path file, int heaps) throws IOException {
    Triage triage = new Triage();
    Generator generator = new Generator(BuiltinTypes.load());
    try (InputStream in = Files.newInputStream(file);
        InProcess havn = InProcess.start()) {
      Recording.tell(generator.setup(), havn);
      Differential differential = new Differential(havn, KnownDifferences.load());
      Recording.each(in, told -> triage.add(told, differential.compare(told)));
    }
    System.out.println(triage.report(heaps));
    System.exit(triage.different() == 0 ? 0 : 1);
  }

  private static void live(Path kubeconfig, long from, long count, int heaps) {
    Generator generator = new Generator(BuiltinTypes.load());
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig);
        InProcess havn = InProcess.start()) {
      Recording.tell(generator.setup(), real);
      Recording.tell(generator.setup(), havn);
      Triage triage = new Live(real, havn).compare(generator, from, count);
      System.out.println(triage.report(heaps));
      System.exit(triage.different() == 0 ? 0 : 1);
    }
  }

  private static void fields(Path kubeconfig, Path file, List<String> kinds) throws IOException {
    BuiltinTypes types = BuiltinTypes.load();
    Generator generator = new Generator(types);
    Digests digests = new Digests(KnownDifferences.load());
    List<ResourceType> chosen = new ArrayList<>(FieldWalk.kinds(types));
    chosen.removeIf(each -> !kinds.isEmpty() && !kinds.contains(each.kind()));
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig);
        InProcess havn = InProcess.start();
        Recording.Sink sink = new Recording.Sink(Files.newOutputStream(file))) {
      Recording.tell(generator.setup(), real);
      Recording.tell(generator.setup(), havn);
      EveryField every = new EveryField(real, generator);
      Triage triage =
          new Live(real, havn)
              .compareFields(every, chosen, false, told -> sink.add(digests.of(told)));
      System.out.println(triage.report(HEAPS) + "\n" + every.outcomes());
    }
  }

  private static void unlike(Path file) throws IOException {
    Digests digests = new Digests(KnownDifferences.load());
    BuiltinTypes types = BuiltinTypes.load();
    Set<String> missing = new TreeSet<>();
    for (ResourceType type : FieldWalk.kinds(types)) {
      FieldWalk.of(type, false).forEach(field -> missing.add(EveryField.name(type, field)));
    }
    try (InputStream in = Files.newInputStream(file);
        InProcess havn = InProcess.start()) {
      Recording.tell(new Generator(types).setup(), havn);
      Recording.each(
          in,
          told -> {
            missing.remove(told.script().name());
            if (!digests.differences(told, havn).isEmpty()) {
              System.out.println(told.script().name());
            }
          });
    }
    missing.forEach(each -> System.err.println("not in the file: " + each));
  }

  private static void fuzz(long from, long count, Duration within, @Nullable Path kubeconfig)
      throws IOException {
    try (Fuzzing fuzzing = new Fuzzing(BuiltinTypes.load())) {
      Fuzzing.Findings found = fuzzing.run(from, count, within);
      List<Fuzzing.Problem> problems =
          kubeconfig == null ? found.problems() : Fuzzing.unlike(found.problems(), kubeconfig);
      problems.forEach(System.out::println);
      System.out.printf(
          "%d requests, statuses %s, %d problems, heap %d KiB, then %d KiB%n",
          found.sent(),
          found.statuses(),
          problems.size(),
          found.heapBytesBefore() >> 10,
          found.heapBytesAfter() >> 10);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no TLS", e);
    }
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
