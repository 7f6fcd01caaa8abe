// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Warns of pods whose image is made for other architectures than their node has: how many nodes
/// have one of them. A node that finds so when it pulls knows no other nodes; its words in the
/// pod's status say what the image is made for. Each pod is told once of each image.
public final class ImageArchitectures implements Reconciler {
  private static final Set<String> FAILURES = Set.of("ErrImagePull", "ImagePullBackOff");

  /// What a node says of an index, and of an image that has but one architecture.
  private static final Pattern MISMATCH =
      Pattern.compile(
          "no match for platform in manifest.*: not found"
              + " \\((\\S+) is wanted, (?:there are \\[([^\\]]*)\\]|this is for (\\S+))\\)");

  /// Nodes say less. The work to look through more grows with its square.
  private static final int MESSAGE_CHARS_MAX = 4_096;

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Events events;
  private final Map<Key, Told> told = new ConcurrentHashMap<>();

  /// @param images of which the pod has been told
  private record Told(String uid, Set<String> images) {}

  /// @param wanted the platform of the pod's node, such as `linux/amd64`
  /// @param others those that the image is made for
  private record Mismatch(String wanted, Set<String> others) {}

  public ImageArchitectures(Informer<Pod> pods, Informer<Node> nodes, Events events) {
    this.pods = pods;
    this.nodes = nodes;
    this.events = events;
  }

  /// Whether a pod has to be looked at: there may be something to say of it, or to forget.
  public boolean concerns(@Nullable Pod before, @Nullable Pod after) {
    return after != null
        ? failures(after).findAny().isPresent()
        : before != null && told.containsKey(Informer.keyOf(before));
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null) {
      told.remove(key);
      return Result.DONE;
    }
    String uid = pod.getMetadata().getUid();
    Told said =
        told.compute(
            key,
            (_, before) ->
                before == null || !before.uid().equals(uid)
                    ? new Told(uid, new HashSet<>())
                    : before);
    failures(pod)
        .forEach(
            each -> {
              @Nullable Mismatch mismatch = mismatch(each.getState().getWaiting());
              if (mismatch != null && said.images().add(each.getImage())) {
                events.warning(pod, "ArchitectureMismatch", words(each.getImage(), mismatch));
              }
            });
    return Result.DONE;
  }

  private static Stream<ContainerStatus> failures(Pod pod) {
    @Nullable PodStatus status = pod.getStatus();
    return status == null
        ? Stream.empty()
        : Stream.of(
                status.getInitContainerStatuses(),
                status.getContainerStatuses(),
                status.getEphemeralContainerStatuses())
            .flatMap(List::stream)
            .filter(ImageArchitectures::hasFailed);
  }

  private static boolean hasFailed(ContainerStatus container) {
    @Nullable ContainerStateWaiting waiting =
        container.getState() == null ? null : container.getState().getWaiting();
    return waiting != null
        && waiting.getReason() != null
        && FAILURES.contains(waiting.getReason())
        && mismatch(waiting) != null;
  }

  private static @Nullable Mismatch mismatch(ContainerStateWaiting waiting) {
    String said = waiting.getMessage() == null ? "" : waiting.getMessage();
    Matcher found = MISMATCH.matcher(said);
    if (said.length() > MESSAGE_CHARS_MAX || !found.find()) {
      return null;
    }
    @Nullable String several = found.group(2);
    Set<String> others =
        new TreeSet<>(several == null ? List.of(found.group(3)) : List.of(several.split(", ", -1)));
    // Nodes like the pod's own cannot run it, though some variant of their architecture can.
    others.remove(found.group(1));
    others.remove("");
    return new Mismatch(found.group(1), others);
  }

  private String words(String image, Mismatch mismatch) {
    List<Node> all = nodes.list();
    long able = all.stream().filter(each -> mismatch.others().contains(platform(each))).count();
    String made =
        "%d/%d nodes have an architecture of image \"%s\" (%s)"
            .formatted(
                able,
                all.size(),
                image,
                mismatch.others().isEmpty()
                    ? "none but newer variants of " + mismatch.wanted()
                    : String.join(", ", mismatch.others()));
    return able == 0
        ? made + ": no node can run it, build it for " + mismatch.wanted() + " too"
        : made + ": choose them by the label kubernetes.io/arch in the pod's nodeSelector";
  }

  private static String platform(Node node) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null
        ? ""
        : labels.getOrDefault("kubernetes.io/os", "linux")
            + "/"
            + labels.getOrDefault("kubernetes.io/arch", "");
  }
}
