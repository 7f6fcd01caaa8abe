// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.configuration.AllowedSysctls;
import dev.havn.node.kernel.KernelVersion;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Which pods a node takes, in a kubelet's words, and in its order but for devices, which come
/// last: who is turned away for something else is to ask no plugin. One that was turned away stays
/// so, though there may be room meanwhile. Threads: any, one at a time for each pod.
final class Admissions {
  private final PodReconciler.Parts parts;
  private final Supplier<List<String>> pressures;
  private final AllowedSysctls sysctls;
  private final NodePlaces places;
  private final Map<String, Ending> refused = new ConcurrentHashMap<>();
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  Admissions(PodReconciler.Parts parts, PodReconciler.Settings settings) {
    this.parts = parts;
    this.pressures = settings.pressures();
    this.sysctls = settings.configuration().sysctls();
    this.places = new NodePlaces(sources(settings.node()));
  }

  /// Takes a pod, or says why not.
  Optional<Ending> refusal(Pod pod, boolean isGoingDown) {
    String uid = pod.getMetadata().getUid();
    @Nullable Ending before = refused.get(uid);
    if (before != null) {
      return Optional.of(before);
    }
    Optional<Ending> refusal =
        parts.runtime().needsImages()
            ? take(pod, isGoingDown)
            : PodAdmission.refusal(pod, isGoingDown);
    if (refusal.isEmpty()) {
      tell(pod);
    } else {
      refused.put(uid, refusal.get());
      places.release(uid);
    }
    return refusal;
  }

  /// Says once, to those that have not begun, what they run without.
  private void tell(Pod pod) {
    if (told.add(pod.getMetadata().getUid())
        && parts.runtime().needsImages()
        && !PodAdmission.hasBegun(pod)) {
      Unenforced.of(pod, parts.runtime().features(), parts.scheme())
          .ifPresent(message -> parts.events().warning(pod, Unenforced.REASON, message));
    }
  }

  private Optional<Ending> take(Pod pod, boolean isGoingDown) {
    return PodAdmission.refusal(pod, pressures.get())
        .or(() -> Sysctls.refusal(pod, sysctls, KernelVersion.ofMachine()))
        .or(() -> PodAdmission.refusal(pod, parts.runtime().features()))
        .or(() -> places.take(pod))
        .or(() -> AppArmor.OF_MACHINE.refusal(pod))
        .or(() -> PodAdmission.refusal(pod, isGoingDown))
        .or(() -> parts.devices().refusal(pod, parts.pods(), parts.runtime()));
  }

  private NodePlaces.Sources sources(String node) {
    Api api = parts.api();
    return new NodePlaces.Sources(
        () -> api.find(Api.path(Node.class, "", node)).map(each -> api.toModel(each, Node.class)),
        parts.pods()::list,
        parts.allocations()::given,
        uid -> !parts.runtime().containers(uid).isEmpty(),
        parts.devices()::counts);
  }

  /// A pod is no more.
  void forget(String uid) {
    places.release(uid);
    refused.remove(uid);
    told.remove(uid);
  }
}
