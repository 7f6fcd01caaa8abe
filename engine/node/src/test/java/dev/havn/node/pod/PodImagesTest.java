// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Reference;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodImagesTest {
  private static final Pod POD =
      new PodBuilder()
          .withNewMetadata()
          .withName("p")
          .withNamespace("n")
          .withUid("u")
          .endMetadata()
          .withNewSpec()
          .addNewImagePullSecret("pull")
          .endSpec()
          .build();

  private final Set<String> here = new HashSet<>();
  private final Set<String> closed = new HashSet<>();
  private final List<String> pulled = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final List<String> looks = new ArrayList<>();
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final TableApi api =
      new TableApi()
          .with(
              "/api/v1/namespaces/n/secrets/pull",
              """
              type: kubernetes.io/dockerconfigjson
              metadata: {name: pull, namespace: n, uid: s}
              data: {".dockerconfigjson": eyJhdXRocyI6eyJyLnRlc3QiOnsidXNlcm5hbWUiOiJ1In19fQ==}
              """);
  private Instant now = Instant.EPOCH;
  private String refusal = "";

  private final PodImages images =
      new PodImages(
          new Images() {
            @Override
            public boolean has(String name) {
              return here.contains(name);
            }

            @Override
            public Optional<Path> root(String name) {
              return Optional.empty();
            }

            @Override
            public boolean isOpenTo(String name, Keyring pod) {
              return !closed.contains(name) || !pod.of("r.test/a").isEmpty();
            }

            @Override
            public Pulled pull(Reference name, Keyring pod) {
              now = now.plusMillis(1500);
              if (refusal.equals("none")) {
                throw new OutOfMemoryError("full");
              }
              if (!refusal.isEmpty()) {
                throw new ImageException(refusal, null);
              }
              pulled.add(name.full() + pod.of(name.name()));
              return new Pulled(Duration.ofMillis(345), 42);
            }

            @Override
            public List<ImageStore.Kept> all() {
              return List.of();
            }

            @Override
            public void addUser(Supplier<Set<String>> names) {}

            @Override
            public Collected collect(ImagePolicy policy, long capacity, long available) {
              return Collected.NOTHING;
            }

            @Override
            public void removeUnused(ImagePolicy policy) {}
          },
          new PullSecrets(api, new ServiceAccountTokens(api, () -> now), List.of()),
          () -> now,
          tasks::add,
          pod -> looks.add(pod.getMetadata().getName()));

  private String ensure(String image, String policy) {
    var wanted = new PodImages.Wanted(image, policy, "c");
    return switch (images.ensure(
        POD, wanted, (type, reason, text) -> events.add(type + " " + reason + " " + text))) {
      case PodImages.Ready _ -> "ready";
      case PodImages.Pulling _ -> "pulling";
      case PodImages.Refused refused -> refused.reason() + ": " + refused.message();
    };
  }

  private void work() {
    tasks.removeFirst().run();
  }

  @Test
  void aPullThatBreaksForAnyReasonIsOver() {
    refusal = "none";
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("pulling");
    work();
    assertThat(ensure("r.test/a:1", "Always"))
        .isEqualTo("ErrImagePull: java.lang.OutOfMemoryError: full");
  }

  @Test
  void anImageThatIsHereIsNotPulledUnlessThePolicySaysAlways() {
    here.add("r.test/a:1");
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("ready");
    assertThat(ensure("r.test/a:1", "Never")).isEqualTo("ready");
    assertThat(events)
        .containsOnly(
            "Normal Pulled Container image \"r.test/a:1\" already present on machine and can be"
                + " accessed by the pod");
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("pulling");
  }

  @Test
  void aPullIsToldFromBeginningToEndAndEachContainerThatWantsAlwaysHasItsOwn() {
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("pulling");
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("pulling");
    work();
    assertThat(looks).containsExactly("p");
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("ready");
    assertThat(ensure("r.test/a:1", "Always")).as("until it is taken").isEqualTo("ready");
    assertThat(pulled).containsExactly("r.test/a:1[credential of u]");
    assertThat(events)
        .containsExactly(
            "Normal Pulling Pulling image \"r.test/a:1\"",
            "Normal Pulled Successfully pulled image \"r.test/a:1\" in 345ms (1.5s including"
                + " waiting). Image size: 42 bytes.");
    images.taken(POD, new PodImages.Wanted("r.test/a:1", "Always", "c"));
    assertThat(ensure("r.test/a:1", "Always")).isEqualTo("pulling");
  }

  @Test
  void aPullThatFailsIsTriedAgainLaterAndLater() {
    refusal = "failed to pull and unpack image: no";
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("pulling");
    work();
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("ErrImagePull: " + refusal);
    String waiting =
        "ImagePullBackOff: Back-off pulling image \"r.test/a:1\": ErrImagePull: " + refusal;
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo(waiting);
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo(waiting);
    assertThat(events)
        .containsExactly(
            "Normal Pulling Pulling image \"r.test/a:1\"",
            "Warning Failed Failed to pull image \"r.test/a:1\": " + refusal,
            "Normal BackOff Back-off pulling image \"r.test/a:1\"");
    now = now.plusSeconds(10);
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("pulling");
    work();
    assertThat(ensure("r.test/a:1", "IfNotPresent")).startsWith("ErrImagePull");
    now = now.plusSeconds(10);
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo(waiting);
    now = now.plusSeconds(10);
    refusal = "";
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("pulling");
    work();
    assertThat(ensure("r.test/a:1", "IfNotPresent")).isEqualTo("ready");
  }

  @Test
  void anImageOfOthersIsAskedForUnlessThePodHasTheirCredential() {
    here.add("r.test/a:1");
    closed.add("r.test/a:1");
    assertThat(ensure("r.test/a:1", "IfNotPresent")).as("by the pod's Secret").isEqualTo("ready");
    here.add("r.test/b:1");
    closed.add("r.test/b:1");
    POD.getSpec().getImagePullSecrets().clear();
    try {
      assertThat(ensure("r.test/b:1", "IfNotPresent")).isEqualTo("pulling");
      assertThat(ensure("r.test/b:1:", "Never")).startsWith("InvalidImageName");
      images.forget("u");
      assertThat(ensure("r.test/b:1", "Never")).startsWith("ErrImageNeverPull");
    } finally {
      POD.getSpec().getImagePullSecrets().add(new LocalObjectReference("pull"));
    }
  }

  @Test
  void whatCannotBeIsSaidInTheKubeletsWords() {
    assertThat(ensure("r.test/a:1", "Never"))
        .isEqualTo(
            "ErrImageNeverPull: Container image \"r.test/a:1\" is not present with pull policy of"
                + " Never");
    assertThat(ensure("A", "Always"))
        .isEqualTo(
            "InvalidImageName: Failed to apply default image tag \"A\": couldn't parse image name"
                + " \"A\": invalid reference format: repository name (library/A) must be"
                + " lowercase");
    assertThat(events)
        .containsExactly(
            "Warning ErrImageNeverPull Container image \"r.test/a:1\" is not present with pull"
                + " policy of Never",
            "Warning InspectFailed Failed to apply default image tag \"A\": couldn't parse image"
                + " name \"A\": invalid reference format: repository name (library/A) must be"
                + " lowercase");
  }

  @Test
  void aSecretThatIsMissingIsToldAndThePullGoesOn() {
    Pod other =
        new PodBuilder(POD)
            .editSpec()
            .withImagePullSecrets(
                new LocalObjectReference("gone"), new LocalObjectReference("lost"))
            .endSpec()
            .build();
    images.ensure(
        other,
        new PodImages.Wanted("r.test/a", "Always", "c"),
        (type, reason, text) -> events.add(type + " " + reason + " " + text));
    assertThat(events)
        .containsExactly(
            "Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets"
                + " (gone, lost); attempting to pull the image may not succeed.",
            "Normal Pulling Pulling image \"r.test/a\"");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0s",
    "12, 12ms",
    "1000, 1s",
    "1234, 1.234s",
    "62500, 1m2.5s",
    "600000, 10m0s",
    "3600000, 1h0m0s"
  })
  void durationsAreWrittenAsGoDoes(long millis, String words) {
    assertThat(PodImages.shown(Duration.ofMillis(millis))).isEqualTo(words);
  }
}
