// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The same raw requests to Havn and to a real Kubernetes, one after the other, so that both hold
/// the same objects. For one thread.
final class RawComparison {
  private final Fuzzing havn;
  private final Endpoint real;
  private final RawConnection toHavn;
  private final RawConnection toReal;
  private final RawAnswer.Reader reader;

  RawComparison(Fuzzing havn, Path kubeconfig, BuiltinTypes types) {
    Endpoint.Reached reached = Endpoint.reach(kubeconfig);
    this.havn = havn;
    this.real = Endpoint.of("kubernetes", kubeconfig);
    this.toHavn = havn.connection();
    this.toReal =
        new RawConnection(
            reached.tls().getSocketFactory(), reached.port(), Fuzzing.ANSWER_WITHIN_MILLIS);
    this.reader = new RawAnswer.Reader(types);
  }

  /// A request that they answered otherwise.
  record Difference(RawRequest request, RawAnswer havn, RawAnswer real) {
    @Override
    public String toString() {
      return "havn " + havn + "\nreal " + real + "\n  " + request;
    }
  }

  /// @param failures what one of them could not answer, and the other answered otherwise
  /// @param heaps all refusals that differ, by what both said
  record Findings(long sent, List<Difference> failures, Map<String, List<Difference>> heaps) {
    long different() {
      return heaps.values().stream().mapToLong(List::size).sum();
    }

    /// The heaps, the largest first.
    List<Map.Entry<String, List<Difference>>> ordered() {
      return heaps.entrySet().stream()
          .sorted(Comparator.comparing(each -> -each.getValue().size()))
          .toList();
    }
  }

  Findings run(RawRequests requests, long from, long count, Duration within) throws IOException {
    long ends = System.nanoTime() + within.toNanos();
    List<Difference> failures = new ArrayList<>();
    Map<String, List<Difference>> heaps = new TreeMap<>();
    long number = from;
    for (; number < from + count && System.nanoTime() < ends; number++) {
      if ((number - from) % Fuzzing.SETUP_EVERY == 0) {
        havn.setUp();
        requests.kinds().setup().forEach(real::send);
      }
      RawRequest request = requests.request(number);
      RawAnswer one = Fuzzing.ask(toHavn, request, reader);
      RawAnswer other = Fuzzing.ask(toReal, request, reader);
      Difference difference = new Difference(request, one, other);
      if ((one.isFailure() || other.isFailure()) && !one.equals(other)) {
        failures.add(difference);
      }
      if (one.isUnlike(other)) {
        String heap = one.shape() + " FOR " + other.shape();
        heaps.computeIfAbsent(heap, _ -> new ArrayList<>()).add(difference);
      }
    }
    toReal.close();
    toHavn.close();
    real.close();
    return new Findings(number - from, failures, heaps);
  }
}
