// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Every field of every kind that is served is set once: kept, changed, dropped or refused as a
/// real Kubernetes has done, or does now when its programs are there.
class EveryFieldTest {
  private static final String RECORDING = "fields.gz";

  /// The fields that are still treated otherwise, a line each, and no others: it may only become
  /// shorter.
  private static final String OTHERWISE = "fields-otherwise.txt";

  @Test
  void eachFieldIsTreatedAsKubernetesHasTreatedIt() throws IOException {
    Digests digests = new Digests(KnownDifferences.load());
    Set<String> named = Set.copyOf(otherwise());
    List<String> unexpected = new ArrayList<>();
    Set<String> otherwise = new TreeSet<>();
    try (InputStream recording = resource(RECORDING);
        InProcess havn = InProcess.start()) {
      Recording.tell(new Generator(BuiltinTypes.load()).setup(), havn);
      Recording.each(
          recording,
          told -> {
            List<String> found = digests.differences(told, havn);
            if (!named.contains(told.script().name())) {
              unexpected.addAll(found);
            } else if (!found.isEmpty()) {
              otherwise.add(told.script().name());
            }
          });
    }
    assertThat(unexpected).isEmpty();
    assertThat(otherwise).as("fields named in %s", OTHERWISE).isEqualTo(new TreeSet<>(named));
  }

  @Test
  void noFieldIsLeftOut() throws IOException {
    Set<String> recorded = new TreeSet<>();
    try (InputStream recording = resource(RECORDING)) {
      Recording.each(recording, told -> recorded.add(told.script().name()));
    }
    Set<String> there = new TreeSet<>();
    for (ResourceType type : FieldWalk.kinds(BuiltinTypes.load())) {
      FieldWalk.of(type).forEach(field -> there.add(EveryField.name(type, field)));
    }
    assertThat(recorded).isEqualTo(there);
  }

  @Test
  void eachFieldIsTreatedAsAKubernetesStartedHereDoes() throws IOException {
    Oracle oracle = Oracle.find();
    Assumptions.assumeTrue(Boolean.getBoolean("havn.full"), "takes half an hour");
    Assumptions.assumeTrue(oracle.missing() == null, oracle::missing);
    BuiltinTypes types = BuiltinTypes.load();
    Generator generator = new Generator(types);
    Triage triage;
    try (Oracle.Running running = oracle.start();
        Endpoint real = Endpoint.of("kubernetes", running.kubeconfig());
        InProcess havn = InProcess.start()) {
      Recording.tell(generator.setup(), real);
      Recording.tell(generator.setup(), havn);
      EveryField every = new EveryField(real, generator);
      triage =
          new Live(real, havn).compareFields(every, FieldWalk.kinds(types), _ -> true, _ -> {});
      System.out.println(every.outcomes());
    }
    assertThat(triage.different())
        .as("fields that are treated otherwise\n%s", triage.report(20))
        .isLessThanOrEqualTo(otherwise().size());
  }

  private static List<String> otherwise() throws IOException {
    try (InputStream lines = resource(OTHERWISE)) {
      return new String(lines.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(EveryFieldTest.class.getResourceAsStream(name), name);
  }
}
