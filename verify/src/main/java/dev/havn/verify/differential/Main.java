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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The comparison by hand:
///
/// - `record KUBECONFIG FROM COUNT FILE`: asks a real Kubernetes and writes down its answers
/// - `also KUBECONFIG FILE NUMBER...`: adds scripts to such answers, in place of what it has of
///   them
/// - `replay FILE [HEAPS]`: asks Havn in this process, prints what differs, the most common first
/// - `live KUBECONFIG FROM COUNT [HEAPS]`: asks both and prints what differs
/// - `fields KUBECONFIG FILE [NAMES]`: sends every field to both, or those whose names match a
///   pattern, prints what differs and writes the digests of what the real one answered into FILE,
///   in place of what it had of them
/// - `unlike FILE [KUBECONFIG [KIND...]]`: asks Havn in this process for the fields in it and
///   prints those it treats otherwise; given a real Kubernetes, what differs from what that answers
///   now
/// - `ask KUBECONFIG FILE SCRIPT...`: sends scripts written by hand to a real Kubernetes and writes
///   down its answers
/// - `fuzz FROM COUNT MINUTES [KUBECONFIG]`: sends raw requests to Havn in this process, prints
///   what must not be; or to a real Kubernetes too, and prints what it answers otherwise
/// - `run KUBECONFIG HAVN-KUBECONFIG NAMESPACE SCRIPT...`: scripts written by hand, both servers
final class Main {
  private static final int HEAPS = 400;
  private static final int EXAMPLES = 8;

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
      case "also" ->
          also(Path.of(given.get(1)), Path.of(given.get(2)), given.subList(3, given.size()));
      case "replay" ->
          replay(Path.of(given.get(1)), given.size() > 2 ? Integer.parseInt(given.get(2)) : HEAPS);
      case "live" ->
          live(
              Path.of(given.get(1)),
              Long.parseLong(given.get(2)),
              Long.parseLong(given.get(3)),
              given.size() > 4 ? Integer.parseInt(given.get(4)) : HEAPS);
      case "fields" ->
          fields(
              Path.of(given.get(1)),
              Path.of(given.get(2)),
              Pattern.compile(given.size() > 3 ? given.get(3) : ""));
      case "unlike" ->
          unlike(
              Path.of(given.get(1)),
              given.size() > 2 ? Path.of(given.get(2)) : null,
              Set.copyOf(given.subList(Math.min(3, given.size()), given.size())));
      case "ask" ->
          ask(Path.of(given.get(1)), Path.of(given.get(2)), given.subList(3, given.size()));
      case "fuzz" ->
          fuzz(
              Long.parseLong(given.get(1)),
              Long.parseLong(given.get(2)),
              Duration.ofMinutes(Long.parseLong(given.get(3))),
              given.size() > 4 ? Path.of(given.get(4)) : null);
      case "run" -> run(given.subList(1, given.size()));
      default -> {
        System.err.println(
            "usage: record | also | replay | live | fields | unlike | ask | fuzz | run");
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

  private static void also(Path kubeconfig, Path file, List<String> numbers) throws IOException {
    Generator generator = new Generator(BuiltinTypes.load());
    Map<String, Recording.Told> all = new LinkedHashMap<>();
    try (InputStream in = Files.newInputStream(file)) {
      Recording.each(in, told -> all.put(told.script().name(), told));
    }
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig)) {
      Recording.tell(generator.setup(), real);
      for (String number : numbers) {
        Recording.Told told = Recording.tell(generator.script(Long.parseLong(number)), real);
        all.put(told.script().name(), told);
      }
    }
    new Recording(List.copyOf(all.values())).write(Files.newOutputStream(file));
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

  private static void fields(Path kubeconfig, Path file, Pattern names) throws IOException {
    BuiltinTypes types = BuiltinTypes.load();
    Generator generator = new Generator(types);
    Digests digests = new Digests(KnownDifferences.load());
    Map<String, Recording.Told> all = new TreeMap<>();
    if (Files.exists(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        Recording.each(in, told -> all.put(told.script().name(), told));
      }
    }
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig);
        InProcess havn = InProcess.start()) {
      Recording.tell(generator.setup(), real);
      Recording.tell(generator.setup(), havn);
      EveryField every = new EveryField(real, generator);
      Triage triage =
          new Live(real, havn)
              .compareFields(
                  every,
                  FieldWalk.kinds(types),
                  name -> names.matcher(name).find(),
                  told -> {
                    synchronized (all) {
                      all.put(told.script().name(), digests.of(told));
                    }
                  });
      System.out.println(triage.report(HEAPS) + "\n" + every.outcomes());
    }
    new Recording(List.copyOf(all.values())).write(Files.newOutputStream(file));
  }

  private static void unlike(Path file, @Nullable Path kubeconfig, Set<String> kinds)
      throws IOException {
    Digests digests = new Digests(KnownDifferences.load());
    BuiltinTypes types = BuiltinTypes.load();
    Script setup = new Generator(types).setup();
    Set<String> missing = new TreeSet<>();
    for (ResourceType type : FieldWalk.kinds(types)) {
      FieldWalk.of(type).forEach(field -> missing.add(EveryField.name(type, field)));
    }
    List<Script> unlike = new ArrayList<>();
    try (InputStream in = Files.newInputStream(file);
        InProcess havn = InProcess.start()) {
      Recording.tell(setup, havn);
      Recording.each(
          in,
          told -> {
            String name = told.script().name();
            missing.remove(name);
            boolean chosen = kinds.isEmpty() || kinds.contains(name.split(" ")[0]);
            if (chosen && !digests.differences(told, havn).isEmpty()) {
              System.out.println(name);
              unlike.add(told.script());
            }
          });
      missing.forEach(each -> System.err.println("not in the file: " + each));
      if (kubeconfig != null) {
        explain(unlike, setup, kubeconfig, havn);
      }
    }
  }

  private static void explain(List<Script> unlike, Script setup, Path kubeconfig, Answers havn) {
    Triage triage = new Triage();
    Differential differential = new Differential(havn, KnownDifferences.load());
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig)) {
      Recording.tell(setup, real);
      for (Script each : unlike) {
        Recording.Told told = Recording.tell(each, real);
        triage.add(told, differential.compare(told));
      }
    }
    System.out.println(triage.report(HEAPS));
  }

  private static void ask(Path kubeconfig, Path file, List<String> scripts) throws IOException {
    try (Endpoint real = Endpoint.of("kubernetes", kubeconfig);
        Recording.Sink sink = new Recording.Sink(Files.newOutputStream(file))) {
      Recording.tell(new Generator(BuiltinTypes.load()).setup(), real);
      for (String each : scripts) {
        sink.add(Recording.tell(Script.read(Path.of(each), "default"), real));
      }
    }
  }

  private static void fuzz(long from, long count, Duration within, @Nullable Path kubeconfig)
      throws IOException {
    BuiltinTypes types = BuiltinTypes.load();
    try (Fuzzing fuzzing = new Fuzzing(types)) {
      if (kubeconfig != null) {
        RawComparison.Findings found =
            new RawComparison(fuzzing, kubeconfig, types)
                .run(fuzzing.requests(), from, count, within);
        found.failures().forEach(System.out::println);
        found.ordered().forEach(each -> printSome(each.getKey(), each.getValue()));
        System.out.printf(
            "%d requests, %d answered differently%n", found.sent(), found.different());
        return;
      }
      Fuzzing.Findings found = fuzzing.run(from, count, within);
      found.problems().forEach(System.out::println);
      System.out.printf(
          "%d requests, statuses %s, %d problems, heap %d KiB, then %d KiB%n",
          found.sent(),
          found.statuses(),
          found.problems().size(),
          found.heapBytesBefore() >> 10,
          found.heapBytesAfter() >> 10);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no TLS", e);
    }
  }

  private static void printSome(String pair, List<RawComparison.Difference> all) {
    System.out.println("== " + pair + ": " + all.size() + " times");
    all.stream().limit(EXAMPLES).forEach(System.out::println);
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
