// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// The same requests, the same answers: against what a real Kubernetes has answered once, and
/// against one that is started here when its programs are there.
class DifferentialTest {
  private static final int KNOWN_MAX = 20;
  private static final int SCRIPTS_SHORT = 400;
  private static final int SCRIPTS_FULL = 10_000;
  private static final int SCRIPTS_OF_ONE_SERVER = 2_500;

  @Test
  void answersAsKubernetesHasAnswered() throws IOException {
    Triage triage = new Triage();
    try (InputStream recording = resource("recording.gz");
        InProcess havn = InProcess.start()) {
      Recording.tell(new Generator(BuiltinTypes.load()).setup(), havn);
      Differential differential = new Differential(havn, KnownDifferences.load());
      Recording.each(recording, told -> triage.add(told, differential.compare(told)));
    }
    assertThat(triage.byKind()).as("answers that differ, by kind\n%s", triage.report(20)).isEmpty();
  }

  @Test
  void answersAsAKubernetesStartedHere() throws IOException {
    Oracle oracle = Oracle.find();
    if (oracle.missing() != null) {
      System.out.println("not asked: " + oracle.missing());
      Assumptions.abort(oracle.missing());
    }
    int scripts = Boolean.getBoolean("havn.full") ? SCRIPTS_FULL : SCRIPTS_SHORT;
    Generator generator = new Generator(BuiltinTypes.load());
    Triage triage = new Triage();
    for (int from = 1; from <= scripts; from += SCRIPTS_OF_ONE_SERVER) {
      // What scripts leave behind in one server and not in the other would come between later ones.
      try (Oracle.Running running = oracle.start();
          Endpoint real = Endpoint.of("kubernetes", running.kubeconfig());
          InProcess havn = InProcess.start()) {
        Recording.tell(generator.setup(), real);
        Recording.tell(generator.setup(), havn);
        int count = Math.min(SCRIPTS_OF_ONE_SERVER, scripts - from + 1);
        triage.addAll(new Live(real, havn).compare(generator, from, count));
      }
    }
    System.out.println(triage.report(5));
    assertThat(triage.byKind()).as("answers that differ, by kind\n%s", triage.report(20)).isEmpty();
  }

  @Test
  void knowsFewDifferencesAndWhyEachIs() {
    List<KnownDifferences.Known> known = KnownDifferences.load().all();
    assertThat(known).hasSizeLessThanOrEqualTo(KNOWN_MAX);
    assertThat(known).allSatisfy(each -> assertThat(each.reason()).hasSizeGreaterThan(20));
  }

  @Test
  void aStatusThatIsKnownExplainsAWholeAnswer() {
    Script.Step create =
        new Script.Step(
            "create",
            new Answers.Call(
                "POST", "/apis/scheduling.k8s.io/v1/priorityclasses", Target.JSON, ""));
    KnownDifferences known = KnownDifferences.load();
    String script = "PriorityClass 1";
    String kind = ".reason: expected \"AlreadyExists\", got \"Forbidden\"";
    assertThat(known.explain(script, create, List.of("status: expected 409, got 403", kind)))
        .isTrue();
    assertThat(known.explain(script, create, List.of("status: expected 409, got 201", kind)))
        .isFalse();
    assertThat(known.explain(script, create, List.of(kind))).isFalse();
  }

  @Test
  void makesTheSameRequestsFromTheSameNumber() {
    Generator generator = new Generator(BuiltinTypes.load());
    assertThat(generator.script(7)).isEqualTo(generator.script(7));
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(DifferentialTest.class.getResourceAsStream(name), name);
  }
}
