// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Compares while a real Kubernetes is there to be asked. Kinds go side by side; the scripts of one
/// kind, which share a namespace, one after the other. First and alone go kinds of which an object
/// may be the default for others.
final class Live {
  private static final int WORKERS = 4;
  private static final Set<String> DEFAULTS =
      Set.of(
          "priorityclasses.scheduling.k8s.io",
          "storageclasses.storage.k8s.io",
          "ingressclasses.networking.k8s.io");

  private final Answers real;
  private final Differential differential;

  Live(Answers real, Answers havn) {
    this.real = real;
    this.differential = new Differential(havn, KnownDifferences.load());
  }

  /// Asks both for the scripts `from` to `from + count - 1`.
  Triage compare(Generator generator, long from, long count) {
    Triage triage = new Triage();
    tell(generator, real, from, count, told -> compare(told, triage));
    return triage;
  }

  /// Asks one for the scripts `from` to `from + count - 1`.
  ///
  /// @param told takes what was answered, on several threads
  static void tell(
      Generator generator, Answers real, long from, long count, Consumer<Recording.Told> told) {
    Map<String, List<Long>> ofKinds = new TreeMap<>();
    for (long number = from; number < from + count; number++) {
      ResourceType type = generator.type(number);
      ofKinds.computeIfAbsent(type.qualifiedName(), _ -> new ArrayList<>()).add(number);
    }
    List<Runnable> work = new ArrayList<>();
    for (Map.Entry<String, List<Long>> kind : ofKinds.entrySet()) {
      Runnable scripts =
          () ->
              kind.getValue()
                  .forEach(number -> told.accept(Recording.tell(generator.script(number), real)));
      if (DEFAULTS.contains(kind.getKey())) {
        scripts.run();
      } else {
        work.add(scripts);
      }
    }
    runAll(work);
  }

  /// Asks both for every field of these kinds.
  ///
  /// @param all whether pod templates are walked in every kind
  /// @param chosen names of the fields that are asked for
  /// @param told takes what the real one has answered, on several threads
  Triage compareFields(
      EveryField every,
      List<ResourceType> kinds,
      Predicate<String> chosen,
      Consumer<Recording.Told> told) {
    Triage triage = new Triage();
    List<Runnable> work = new ArrayList<>();
    for (ResourceType kind : kinds) {
      work.add(
          () -> {
            int number = 0;
            for (FieldPath field : FieldWalk.of(kind)) {
              number++;
              if (!chosen.test(EveryField.name(kind, field))) {
                continue;
              }
              Recording.Told answers = every.tell(kind, field, number - 1);
              compare(answers, triage);
              told.accept(answers);
            }
          });
    }
    runAll(work);
    return triage;
  }

  private static void runAll(List<Runnable> work) {
    try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
      List<Future<?>> running = new ArrayList<>();
      work.forEach(each -> running.add(workers.submit(each)));
      for (Future<?> each : running) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a script came to no end", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while scripts run", e);
    }
  }

  private void compare(Recording.Told told, Triage triage) {
    List<Differential.Difference> differences = differential.compare(told);
    synchronized (triage) {
      triage.add(told, differences);
    }
  }
}
