// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Resources;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Keeps pods off nodes that lack what they ask for, and compares nodes by what is left. It says
/// all that is missing, not only the first.
public final class NodeResourcesFit implements Filter, Score {
  public static final String NAME = "NodeResourcesFit";
  private static final List<String> STANDARD =
      List.of(Resources.CPU, Resources.MEMORY, Resources.EPHEMERAL_STORAGE);

  private final ResourceScoring scoring;
  private final Set<String> ignored;
  private final Set<String> ignoredGroups;
  private final Predicate<String> areDevices;
  private final ResourceDevices devices;

  /// What is said of the resources that each pod is asked about, by which of them are missing.
  private final @Nullable Refusal[] said = new Refusal[2 << STANDARD.size() + 1];

  /// @param ignored extended resources that are not looked at
  /// @param ignoredGroups the same by what stands before the `/` of their names
  /// @param areDevices whether there is a device class for a resource, so that nodes need not have
  ///   it themselves
  /// @param devices what nodes have of such
  public NodeResourcesFit(
      ResourceScoring scoring,
      Set<String> ignored,
      Set<String> ignoredGroups,
      Predicate<String> areDevices,
      ResourceDevices devices) {
    this.scoring = scoring;
    this.ignored = ignored;
    this.ignoredGroups = ignoredGroups;
    this.areDevices = areDevices;
    this.devices = devices;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Resources asked = attempt.pod().demand().amounts();
    return Prepared.ofNode(node -> refusal(asked, node));
  }

  private @Nullable Refusal refusal(Resources asked, NodeState node) {
    Resources all = node.allocatable();
    Resources taken = node.requested();
    boolean fits =
        node.podCount() < node.podsMax()
            && fits(asked.milliCpu(), all.milliCpu() - taken.milliCpu())
            && fits(asked.memory(), all.memory() - taken.memory())
            && fits(asked.ephemeralStorage(), all.ephemeralStorage() - taken.ephemeralStorage())
            && asked.otherNames().isEmpty();
    return fits ? null : missing(asked, node);
  }

  /// Whether a pod fits on a node beside others that come there too. Of extended resources only
  /// those count that are taken already.
  public boolean hasRoom(PodFacts pod, NodeState node, List<PodFacts> coming) {
    Resources asked = pod.demand().amounts();
    if (refusal(asked, node) != null || node.podCount() + coming.size() >= node.podsMax()) {
      return false;
    }
    for (String name : STANDARD) {
      long left = node.allocatable().get(name) - node.requested().get(name);
      for (PodFacts each : coming) {
        left -= each.demand().amounts().get(name);
      }
      if (!fits(asked.get(name), left)) {
        return false;
      }
    }
    return true;
  }

  private static boolean fits(long asked, long left) {
    return asked == 0 || asked <= left;
  }

  private @Nullable Refusal missing(Resources asked, NodeState node) {
    int which = node.podCount() < node.podsMax() ? 0 : 1;
    boolean resolvable = true;
    for (int i = 0; i < STANDARD.size(); i++) {
      if (isMissing(asked, node, STANDARD.get(i))) {
        which |= 2 << i;
        resolvable &= asked.get(STANDARD.get(i)) <= node.allocatable().get(STANDARD.get(i));
      }
    }
    List<String> others = new ArrayList<>(0);
    for (String name : asked.otherNames()) {
      if (!isIgnored(name) && isMissing(asked, node, name) && !isLeftToDevices(name, node)) {
        others.add(name);
        resolvable &= asked.get(name) <= node.allocatable().get(name);
      }
    }
    if (which == 0 && others.isEmpty()) {
      return null;
    }
    if (!others.isEmpty()) {
      return said(which, others, resolvable);
    }
    int index = 2 * which + (resolvable ? 1 : 0);
    @Nullable Refusal known = said[index];
    if (known == null) {
      known = said(which, others, resolvable);
      said[index] = known;
    }
    return known;
  }

  private static boolean isMissing(Resources asked, NodeState node, String name) {
    return !fits(asked.get(name), node.allocatable().get(name) - node.requested().get(name));
  }

  /// Devices are looked for where a node has none of a resource.
  private boolean isLeftToDevices(String name, NodeState node) {
    return node.allocatable().get(name) == 0 && areDevices.test(name);
  }

  private static Refusal said(int which, List<String> others, boolean resolvable) {
    List<String> reasons = new ArrayList<>();
    if ((which & 1) != 0) {
      reasons.add("Too many pods");
    }
    for (int i = 0; i < STANDARD.size(); i++) {
      if ((which & 2 << i) != 0) {
        reasons.add("Insufficient " + STANDARD.get(i));
      }
    }
    others.forEach(name -> reasons.add("Insufficient " + name));
    return new Refusal(NAME, List.copyOf(reasons), resolvable);
  }

  /// Whether the pod would fit if it were alone there: what it must displace is not asked here.
  private boolean isLargeEnough(NodeState node, Resources asked) {
    for (String name : STANDARD) {
      if (asked.get(name) > node.allocatable().get(name)) {
        return false;
      }
    }
    return asked.otherNames().stream()
        .filter(name -> !isIgnored(name) && !isLeftToDevices(name, node))
        .allMatch(name -> asked.get(name) <= node.allocatable().get(name));
  }

  private boolean isIgnored(String resource) {
    int slash = resource.indexOf('/');
    return ignored.contains(resource)
        || (slash > 0 && ignoredGroups.contains(resource.substring(0, slash)));
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.ALLOCATABLE);
      case Change.OfPod other -> other.frees();
      case Change.OfItself _ -> true;
      case Change.OfObject object -> object.after() instanceof DeviceClass;
      case Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.ALLOCATABLE)
              && node.node() != null
              && isLargeEnough(node.node(), pod.demand().amounts());
      case Change.OfPod other -> other.frees();
      case Change.OfItself self ->
          !self.before().demand().amounts().equals(self.after().demand().amounts());
      case Change.OfObject object ->
          object.after() instanceof DeviceClass
              && pod.demand().amounts().otherNames().stream().anyMatch(areDevices);
      case Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean isOfNode() {
    return scoring.isOfNode();
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    long[] scores = new long[nodes.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = scoring.of(attempt.pod(), nodes.get(i), devices);
    }
    return scores;
  }
}
