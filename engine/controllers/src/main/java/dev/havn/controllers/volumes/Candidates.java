// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which volumes may be of use to a claim and which claims a volume concerns, without a look at all
/// of them: most volumes are bound and concern one claim, the others are of its class.
final class Candidates {
  private final Index<PersistentVolume> volumes;
  private final Index<PersistentVolumeClaim> claims;
  private final Informer<PersistentVolumeClaim> allClaims;

  Candidates(Informer<PersistentVolume> volumes, Informer<PersistentVolumeClaim> claims) {
    this.allClaims = claims;
    this.volumes = volumes.index("claim or class", volume -> List.of(term(volume)));
    this.claims = claims.index("volume or class", Candidates::terms);
  }

  private static String term(PersistentVolume volume) {
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    return reference == null
        ? free(Binding.className(volume))
        : kept(reference.getNamespace(), reference.getName());
  }

  private static String free(String className) {
    return "free " + className;
  }

  private static String kept(String namespace, String claim) {
    return "kept " + namespace + "/" + claim;
  }

  private static List<String> terms(PersistentVolumeClaim claim) {
    List<String> terms = new ArrayList<>();
    if (!Binding.isEmpty(claim.getSpec().getVolumeName())) {
      terms.add(named(claim.getSpec().getVolumeName()));
    }
    if (Binding.isOpen(claim)) {
      terms.add(free(Binding.className(claim)));
    }
    return terms;
  }

  private static String named(String volume) {
    return "named " + volume;
  }

  /// The volumes that are kept for a claim, by its name at least.
  List<PersistentVolume> keptFor(PersistentVolumeClaim claim) {
    return volumes.list(kept(claim.getMetadata().getNamespace(), claim.getMetadata().getName()));
  }

  /// Those that a claim which names none may be given.
  List<PersistentVolume> volumesFor(PersistentVolumeClaim claim) {
    List<PersistentVolume> found = new ArrayList<>(keptFor(claim));
    found.addAll(volumes.list(free(Binding.className(claim))));
    return found;
  }

  /// The claims that a change of a volume may help, or hurt.
  Stream<PersistentVolumeClaim> concernedBy(PersistentVolume volume) {
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    Stream<PersistentVolumeClaim> open =
        reference == null
            ? claims.list(free(Binding.className(volume))).stream()
            : Stream.ofNullable(allClaims.get(reference.getNamespace(), reference.getName()))
                .filter(Binding::isOpen);
    return Stream.concat(
        claims.list(named(volume.getMetadata().getName())).stream(),
        open.filter(claim -> Matching.best(claim, List.of(volume), false).isPresent()));
  }
}
