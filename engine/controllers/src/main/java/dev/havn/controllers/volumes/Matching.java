// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import dev.havn.reconcile.LabelSelectors;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which volume suits a claim. Among those that do, one with fewer access modes goes before one
/// with more, whatever their sizes, so that what can do much is kept for who asks for much; then
/// one that is kept for the claim; then the smallest.
final class Matching {
  private Matching() {}

  /// The best volume for a claim that names none.
  ///
  /// @param waits whether the scheduler chooses, once a pod comes: then only a volume that is kept
  ///   for the claim counts
  static Optional<PersistentVolume> best(
      PersistentVolumeClaim claim, Collection<PersistentVolume> volumes, boolean waits) {
    Set<String> wanted = modes(claim.getSpec().getAccessModes());
    TreeMap<String, List<PersistentVolume>> byModes = new TreeMap<>(MODES_ORDER);
    volumes.stream()
        .filter(each -> modes(each.getSpec().getAccessModes()).containsAll(wanted))
        .forEach(
            each ->
                byModes
                    .computeIfAbsent(
                        String.join(",", modes(each.getSpec().getAccessModes())),
                        _ -> new ArrayList<>())
                    .add(each));
    return byModes.values().stream()
        .map(group -> bestOf(claim, group, waits))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static final Comparator<String> MODES_ORDER =
      Comparator.comparing((String modes) -> modes.chars().filter(c -> c == ',').count())
          .thenComparing(Comparator.naturalOrder());

  private static Optional<PersistentVolume> bestOf(
      PersistentVolumeClaim claim, List<PersistentVolume> volumes, boolean waits) {
    List<PersistentVolume> able =
        volumes.stream()
            .filter(each -> each.getSpec().getClaimRef() == null || Binding.isFor(each, claim))
            .filter(each -> canHold(each, claim))
            .toList();
    Comparator<PersistentVolume> byName =
        Comparator.comparing(each -> each.getMetadata().getName());
    Optional<PersistentVolume> kept =
        able.stream().filter(each -> Binding.isFor(each, claim)).min(byName);
    return kept.isPresent() || waits
        ? kept
        : able.stream()
            .filter(each -> isFree(each, claim))
            .min(
                Comparator.comparing((PersistentVolume each) -> Binding.size(each))
                    .thenComparing(byName));
  }

  private static boolean canHold(PersistentVolume volume, PersistentVolumeClaim claim) {
    return Binding.size(volume).compareTo(Binding.size(claim)) >= 0
        && Binding.sameMode(claim, volume)
        && sameAttributes(volume, claim)
        && volume.getMetadata().getDeletionTimestamp() == null;
  }

  private static boolean isFree(PersistentVolume volume, PersistentVolumeClaim claim) {
    @Nullable LabelSelector selector = claim.getSpec().getSelector();
    return Binding.phase(volume).equals("Available")
        && (selector == null || LabelSelectors.matches(selector, volume.getMetadata().getLabels()))
        && Binding.className(volume).equals(Binding.className(claim));
  }

  private static boolean sameAttributes(PersistentVolume volume, PersistentVolumeClaim claim) {
    return Binding.or(volume.getSpec().getVolumeAttributesClassName())
        .equals(Binding.or(claim.getSpec().getVolumeAttributesClassName()));
  }

  private static Set<String> modes(@Nullable List<String> modes) {
    return modes == null ? Set.of() : new TreeSet<>(modes);
  }

  /// Why a volume that the claim names does not suit it, in Kubernetes' words; empty if it does.
  static Optional<String> mismatch(PersistentVolume volume, PersistentVolumeClaim claim) {
    if (volume.getMetadata().getDeletionTimestamp() != null) {
      return Optional.of(
          "the volume is marked for deletion \"%s\"".formatted(volume.getMetadata().getName()));
    }
    if (Binding.size(volume).compareTo(Binding.size(claim)) < 0) {
      return Optional.of("requested PV is too small");
    }
    if (!Binding.className(volume).equals(Binding.className(claim))) {
      return Optional.of("storageClassName does not match");
    }
    if (!sameAttributes(volume, claim)) {
      return Optional.of("volumeAttributesClassName does not match");
    }
    if (!Binding.sameMode(claim, volume)) {
      return Optional.of("incompatible volumeMode");
    }
    return new HashSet<>(modes(volume.getSpec().getAccessModes()))
            .containsAll(modes(claim.getSpec().getAccessModes()))
        ? Optional.empty()
        : Optional.of("incompatible accessMode");
  }
}
