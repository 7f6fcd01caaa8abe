// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.AttemptException;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.NodeSelection;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PodResourceClaimStatus;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Puts a pod where the devices of its claims are, or where its claims can be given some, and best
/// where they can be given earlier alternatives of their requests.
public final class DynamicResources implements Filter, Score {
  public static final String NAME = "DynamicResources";
  private static final int USERS_MAX = 256;
  private static final Refusal TOO_FEW = Refusal.hopeless(NAME, "cannot allocate all claims");
  private static final List<ResourceClaim> NO_CLAIMS = List.of();
  private static final Refusal STALE =
      Refusal.hopeless(NAME, "cannot schedule extended resource claim");
  private static final Refusal UNFIT = Refusal.hopeless(NAME, "cannot fit resource");
  private static final Refusal ELSEWHERE =
      Refusal.hopeless(NAME, "resourceclaim not available on the node");

  private final Devices devices;
  private final Duration bindingWithin;
  private final DeviceExpression.Cache expressions = new DeviceExpression.Cache();

  /// @param bindingWithin how long devices may take to become ready for a node
  public DynamicResources(Devices devices, Duration bindingWithin) {
    this.devices = devices;
    this.bindingWithin = bindingWithin;
  }

  /// Whether a pod may want devices: by claims, or as extended resources.
  public static boolean mayConcern(PodFacts pod) {
    return PodClaims.hasAny(pod)
        || pod.demand().amounts().otherNames().stream().anyMatch(ExtendedResources::isCandidate);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    PodFacts pod = attempt.pod();
    Map<String, DeviceClass> extended = extended(pod);
    if (!PodClaims.hasAny(pod) && extended.isEmpty()) {
      return Prepared.NOTHING;
    }
    List<ResourceClaim> claims;
    try {
      claims = PodClaims.of(pod, devices);
    } catch (Want.Unmet e) {
      return Prepared.waiting(Refusal.hopeless(NAME, String.valueOf(e.getMessage())));
    }
    try {
      return claims.isEmpty() && extended.isEmpty()
          ? Prepared.NOTHING
          : Prepared.check(check(pod, claims, extended));
    } catch (Want.Unmet e) {
      return Prepared.refused(Refusal.hopeless(NAME, String.valueOf(e.getMessage())));
    }
  }

  /// Devices are looked for once more on the nodes that are left, for pods only that leave a
  /// choice. Where nothing is left to be given all nodes are alike.
  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    if (!(prepare(attempt).check() instanceof ClaimsCheck check) || !check.leavesChoice()) {
      return Score.NONE;
    }
    long[] scores = new long[nodes.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = check.preference(nodes.get(i));
    }
    return Score.toMax(scores);
  }

  /// What a pod asks for that may be devices.
  private Map<String, DeviceClass> extended(PodFacts pod) {
    Map<String, DeviceClass> found = new HashMap<>(0);
    for (String name : pod.demand().amounts().otherNames()) {
      @Nullable DeviceClass of =
          ExtendedResources.isCandidate(name) ? devices.extendedResources().classOf(name) : null;
      if (of != null && pod.demand().amounts().get(name) > 0) {
        found.put(name, of);
      }
    }
    return found;
  }

  private ClaimsCheck check(
      PodFacts pod, List<ResourceClaim> claims, Map<String, DeviceClass> extended)
      throws Want.Unmet {
    List<Want.OfClaim> wants = new ArrayList<>();
    for (ResourceClaim each : claims) {
      if (isAllocated(each)) {
        if (each.getStatus().getReservedFor().size() >= USERS_MAX
            && !PodClaims.isReservedFor(each, pod)) {
          throw new Want.Unmet("resourceclaim in use");
        }
      } else if (devices.isPending(each)) {
        throw new Want.Unmet(
            "resource claim " + Grants.key(each) + " is in the process of being allocated");
      } else {
        wants.add(Want.of(each, devices));
      }
    }
    @Nullable ResourceClaim stale = null;
    for (ResourceClaim each : extended.isEmpty() ? NO_CLAIMS : devices.claims(pod.namespace())) {
      stale = ExtendedClaim.isOf(each, pod.uid()) ? each : stale;
    }
    Wanted wanted = new Wanted(pod, wants, extended, devices, expressions);
    return new ClaimsCheck(pod, claims, wanted, lost(claims), stale);
  }

  /// Those whose devices do not become ready.
  private Set<ResourceClaim> lost(List<ResourceClaim> claims) {
    Set<ResourceClaim> lost = new LinkedHashSet<>();
    for (ResourceClaim each : claims) {
      if (BindingConditions.areLost(each, devices.now(), bindingWithin)) {
        lost.add(each);
      }
    }
    return lost;
  }

  private static boolean isAllocated(ResourceClaim claim) {
    return claim.getStatus() != null && claim.getStatus().getAllocation() != null;
  }

  /// The check of a pod that claims devices.
  public static final class ClaimsCheck implements Check {
    private final PodFacts pod;
    private final List<ResourceClaim> claims;
    private final Wanted wanted;
    private final Set<ResourceClaim> lost;
    private final @Nullable ResourceClaim stale;

    /// Those that have devices which some node does not reach, or that do not become ready.
    private final Set<ResourceClaim> unreachable = new LinkedHashSet<>();

    /// @param stale the claim of an earlier attempt for the pod's extended resources
    private ClaimsCheck(
        PodFacts pod,
        List<ResourceClaim> claims,
        Wanted wanted,
        Set<ResourceClaim> lost,
        @Nullable ResourceClaim stale) {
      this.pod = pod;
      this.claims = claims;
      this.wanted = wanted;
      this.lost = lost;
      this.stale = stale;
    }

    @Override
    public @Nullable Refusal refusal(NodeState node) {
      if (stale != null) {
        return STALE;
      }
      if (wanted.lacks(node)) {
        return UNFIT;
      }
      boolean elsewhere = false;
      for (ResourceClaim each : claims) {
        if (isAllocated(each)
            && (lost.contains(each)
                || !NodeSelection.matches(
                    each.getStatus().getAllocation().getNodeSelector(), node))) {
          unreachable.add(each);
          elsewhere = true;
        }
      }
      if (allocated(node) == null) {
        return TOO_FEW;
      }
      return elsewhere ? ELSEWHERE : null;
    }

    private @Nullable List<Grant> allocated(NodeState node) {
      try {
        return wanted.allocate(node);
      } catch (DeviceExpression.Problem e) {
        throw new AttemptException("running \"" + NAME + "\" filter plugin: " + e.getMessage(), e);
      }
    }

    private boolean leavesChoice() {
      return claims.stream().anyMatch(each -> !isAllocated(each) && Preference.isLeftBy(each));
    }

    /// How well the pod's claims are served on a node that was not refused. What claims have
    /// already is the same everywhere, and counts all the same: less depends on the rest then.
    private long preference(NodeState node) {
      long sum = 0;
      for (ResourceClaim each : claims) {
        sum += isAllocated(each) ? Preference.of(each, each.getStatus().getAllocation()) : 0;
      }
      @Nullable List<Grant> grants = allocated(node);
      for (Grant each : grants == null ? List.<Grant>of() : grants) {
        sum += each.allocation() == null ? 0 : Preference.of(each.claim(), each.allocation());
      }
      return sum;
    }

    /// A claim that could get devices elsewhere if it had none, since nobody else uses it; or one
    /// of an earlier attempt, which has to go.
    public @Nullable ResourceClaim movable() {
      for (ResourceClaim each : unreachable) {
        var users = each.getStatus().getReservedFor();
        if (users.isEmpty() || (users.size() == 1 && PodClaims.isReservedFor(each, pod))) {
          return each;
        }
      }
      return stale;
    }

    /// What is to be written when the pod gets a node that was not refused.
    public DevicePlan plan(NodeState node) {
      List<Grant> grants = new ArrayList<>();
      boolean waits = false;
      for (ResourceClaim each : claims) {
        waits |= isAllocated(each) && BindingConditions.areWanted(each.getStatus().getAllocation());
        if (isAllocated(each) && !PodClaims.isReservedFor(each, pod)) {
          grants.add(new Grant(each, null));
        }
      }
      @Nullable List<Grant> allocations = allocated(node);
      if (allocations != null) {
        grants.addAll(allocations);
      }
      waits |= grants.stream().anyMatch(each -> BindingConditions.areWanted(each.allocation()));
      return new DevicePlan(grants, claims, wanted.extended(node), waits);
    }
  }

  /// What is to be written when a pod gets a node that was not refused.
  public DevicePlan plan(Attempt attempt, NodeState node) {
    return prepare(attempt).check() instanceof ClaimsCheck check
        ? check.plan(node)
        : DevicePlan.NOTHING;
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfItself _ -> true;
      case Change.OfObject object ->
          object.after() instanceof ResourceSlice
              || object.after() instanceof DeviceClass
              || object.after() instanceof ResourceClaim;
      case Change.OfPod _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfPod _, Change.OfGone _ -> false;
      case Change.OfItself self -> !made(self.before()).equals(made(self.after()));
      case Change.OfObject object -> mayHelp(object, pod);
    };
  }

  /// The claims that were made for a pod.
  private static List<PodResourceClaimStatus> made(PodFacts pod) {
    return pod.pod().getStatus() == null
        ? List.of()
        : pod.pod().getStatus().getResourceClaimStatuses();
  }

  private static boolean mayHelp(Change.OfObject change, PodFacts pod) {
    return switch (change.after()) {
      case ResourceSlice _, DeviceClass _ -> true;
      case ResourceClaim claim -> {
        @Nullable ResourceClaim before =
            change.before() instanceof ResourceClaim known ? known : null;
        boolean freed = before != null && isAllocated(before) && !isAllocated(claim);
        boolean isNews = before == null || !Objects.equals(before.getStatus(), claim.getStatus());
        yield freed || (isNews && PodClaims.uses(pod, claim));
      }
      default -> false;
    };
  }
}
