// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.ResourceType;
import java.io.IOException;
import java.io.InputStream;
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

  @Test
  void eachFieldIsTreatedAsKubernetesHasTreatedIt() throws IOException {
    Digests digests = new Digests(KnownDifferences.load());
    List<String> different = new ArrayList<>();
    try (InputStream recording = resource();
        InProcess havn = InProcess.start()) {
      Recording.tell(new Generator(BuiltinTypes.load()).setup(), havn);
      Recording.each(recording, told -> different.addAll(digests.differences(told, havn)));
    }
    assertThat(different).isEmpty();
  }

  @Test
  void noFieldIsLeftOut() throws IOException {
    Set<String> recorded = new TreeSet<>();
    try (InputStream recording = resource()) {
      Recording.each(recording, told -> recorded.add(told.script().name()));
    }
    Set<String> there = new TreeSet<>();
    for (ResourceType type : FieldWalk.kinds(BuiltinTypes.load())) {
      FieldWalk.of(type, false).forEach(field -> there.add(EveryField.name(type, field)));
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
      triage = new Live(real, havn).compareFields(every, FieldWalk.kinds(types), false, _ -> {});
      System.out.println(every.outcomes());
    }
    assertThat(triage.byKind()).as("fields, by kind\n%s", triage.report(20)).isEmpty();
  }

  private static InputStream resource() {
    return Objects.requireNonNull(EveryFieldTest.class.getResourceAsStream(RECORDING), RECORDING);
  }
}
