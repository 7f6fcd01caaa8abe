// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a volume must say so that its storage system can find it. Most systems only want some
/// fields; the rest look a little further.
final class StorageSystemRules {
  private static final int PARTITION_MAX = 255;

  /// The fields without which a volume of a system cannot be found.
  private static final Map<String, List<String>> WANTED =
      Map.ofEntries(
          Map.entry("awsElasticBlockStore", List.of("volumeID")),
          Map.entry("azureFile", List.of("secretName", "shareName")),
          Map.entry("cephfs", List.of("monitors")),
          Map.entry("cinder", List.of("volumeID")),
          Map.entry("flexVolume", List.of("driver")),
          Map.entry("gcePersistentDisk", List.of("pdName")),
          Map.entry("gitRepo", List.of("repository")),
          Map.entry("glusterfs", List.of("endpoints", "path")),
          Map.entry("photonPersistentDisk", List.of("pdID")),
          Map.entry("portworxVolume", List.of("volumeID")),
          Map.entry("rbd", List.of("monitors", "image")),
          Map.entry("scaleIO", List.of("gateway", "system", "volumeName")),
          Map.entry("vsphereVolume", List.of("volumePath")));

  private StorageSystemRules() {}

  /// @param clusterWide whether the volume stands in no namespace, so that what it refers to must
  ///   name one
  static void check(String system, At volume, boolean clusterWide) {
    At source =
        system.equals("gcePersistentDisk")
            ? volume.named(volume.path().replace("gcePersistentDisk", "persistentDisk"))
            : volume;
    for (String field : WANTED.getOrDefault(system, List.of())) {
      source.at(field).needs();
    }
    switch (system) {
      case "awsElasticBlockStore", "gcePersistentDisk" -> partition(source.at("partition"));
      case "azureFile" -> {
        if (clusterWide && source.at("secretNamespace").isThere()) {
          source.at("secretNamespace").needs();
        }
      }
      case "cinder" -> source.at("secretRef").ifThere(secret -> secret(secret, clusterWide));
      case "flexVolume" -> options(source.at("options"));
      case "gitRepo" -> VolumeRules.descending(source.at("directory"));
      case "glusterfs" -> {
        if (clusterWide) {
          source.at("endpointsNamespace").ifThere(StorageSystemRules::endpoints);
        }
      }
      default -> {}
    }
  }

  private static void partition(At partition) {
    if (partition.number() < 0 || partition.number() > PARTITION_MAX) {
      // None is 0, which the message does not say.
      partition.invalid("must be between 1 and 255, inclusive");
    }
  }

  private static void secret(At secret, boolean clusterWide) {
    secret.at("name").needs();
    if (clusterWide) {
      secret.at("namespace").needs();
    }
  }

  private static void options(At options) {
    for (Map.Entry<String, At> option : options.entries().entrySet()) {
      String domain = "." + option.getKey().split("/", 2)[0].toLowerCase(Locale.ROOT);
      if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io")) {
        At key = option.getValue();
        new At(TextNode.valueOf(option.getKey()), key.path(), key.errors())
            .invalidText("kubernetes.io and k8s.io namespaces are reserved");
      }
    }
  }

  private static void endpoints(At namespace) {
    if (namespace.isEmpty()) {
      namespace.invalidText("if the endpointnamespace is set, it must be a valid namespace name");
    } else {
      namespace.has(Formats::label);
    }
  }
}
