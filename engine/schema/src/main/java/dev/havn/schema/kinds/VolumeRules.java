// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rules of a pod's volumes.
final class VolumeRules {
  private static final String[] DOWNWARD = {
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"
  };
  private static final int MODE_MAX = 511;

  /// The kinds of volumes in the order in which they are looked for.
  private static final List<String> SOURCES =
      List.of(
          "emptyDir",
          "hostPath",
          "gitRepo",
          "gcePersistentDisk",
          "awsElasticBlockStore",
          "secret",
          "nfs",
          "iscsi",
          "glusterfs",
          "flocker",
          "persistentVolumeClaim",
          "rbd",
          "cinder",
          "cephfs",
          "quobyte",
          "downwardAPI",
          "fc",
          "flexVolume",
          "configMap",
          "azureFile",
          "vsphereVolume",
          "photonPersistentDisk",
          "portworxVolume",
          "azureDisk",
          "storageos",
          "projected",
          "scaleIO",
          "csi",
          "ephemeral",
          "image");

  /// The names under which a second kind is refused, where they are not those of the fields;
  /// `downwarAPI` is Kubernetes' own spelling.
  static final Map<String, String> OTHER_NAMES =
      Map.of("cephfs", "cephFS", "downwardAPI", "downwarAPI");

  private VolumeRules() {}

  /// @param running whether it is a pod's own spec, and not that of a template
  /// @return the names of volumes that can be mounted
  static Set<String> check(At spec, boolean running) {
    Set<String> names = new HashSet<>();
    Set<String> seen = new HashSet<>();
    for (At volume : spec.at("volumes").items()) {
      int before = volume.errors().size();
      source(volume, running);
      At name = volume.at("name");
      if (name.needs()) {
        name.has(Formats::label);
      }
      if (seen.contains(name.text())) {
        name.duplicate();
      }
      if (volume.errors().size() == before) {
        seen.add(name.text());
        names.add(name.text());
      }
    }
    return names;
  }

  private static void source(At volume, boolean running) {
    int found = 0;
    for (String kind : SOURCES) {
      At source = volume.at(kind);
      if (!source.isThere()) {
        continue;
      }
      if (found > 0) {
        source
            .named(volume.path() + "." + OTHER_NAMES.getOrDefault(kind, kind))
            .forbidden("may not specify more than 1 volume type");
      } else if (kind.equals("image")) {
        image(source, running);
      } else {
        ofKind(kind, source);
      }
      found++;
    }
    if (found == 0) {
      volume.required("must specify a volume type");
    }
  }

  private static void ofKind(String kind, At source) {
    switch (kind) {
      case "emptyDir" -> {
        At limit = source.at("sizeLimit");
        if (limit.isThere() && limit.quantity().amount().signum() < 0) {
          limit.forbidden("SizeLimit field must be a valid resource quantity");
        }
      }
      case "hostPath" -> hostPath(source);
      case "nfs" -> nfs(source);
      case "azureDisk" -> LegacyVolumeRules.azureDisk(source);
      case "flocker" -> LegacyVolumeRules.flocker(source);
      case "quobyte" -> LegacyVolumeRules.quobyte(source);
      case "fc" -> LegacyVolumeRules.fibreChannel(source);
      case "storageos" -> LegacyVolumeRules.storageOs(source, false);
      case "secret" -> {
        source.at("secretName").needs();
        mode(source.at("defaultMode"));
        keys(source.at("items"));
      }
      case "configMap" -> {
        source.at("name").needs();
        mode(source.at("defaultMode"));
        keys(source.at("items"));
      }
      case "persistentVolumeClaim" -> source.at("claimName").needs();
      case "downwardAPI" -> {
        mode(source.at("defaultMode"));
        source.at("items").items().forEach(item -> downward(item.named(source.path())));
      }
      case "iscsi" -> IscsiRules.check(source);
      case "projected" -> {
        mode(source.at("defaultMode"));
        ProjectedVolumeRules.check(source);
      }
      case "csi" -> {
        StorageRules.driver(source.at("driver"));
        source.at("nodePublishSecretRef").ifThere(secret -> secretName(secret, source));
      }
      case "ephemeral" -> {
        At template = source.at("volumeClaimTemplate");
        if (!template.isThere()) {
          template.required("");
        } else {
          VolumeClaimRules.claimTemplate(template);
        }
      }
      default -> StorageSystemRules.check(kind, source, false);
    }
  }

  private static void secretName(At secret, At source) {
    if (secret.at("name").needs()) {
      secret.at("name").named(source.path() + ".name").has(Formats::subdomain);
    }
  }

  private static void image(At source, boolean running) {
    if (running) {
      source.at("reference").needs();
    }
    source.at("pullPolicy").needsOneOf("Always", "IfNotPresent", "Never");
  }

  static void hostPath(At source) {
    At path = source.at("path");
    if (path.needs()) {
      noSteps(path);
      At type = source.at("type");
      if (type.isThere() && !type.text().isEmpty()) {
        type.oneOf(
            "",
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket");
      }
    }
  }

  static void nfs(At source) {
    source.at("server").needs();
    At path = source.at("path");
    path.needs();
    if (!path.text().startsWith("/")) {
      path.invalidText("must be an absolute path");
    }
  }

  private static void mode(At mode) {
    if (mode.isThere() && (mode.number() < 0 || mode.number() > MODE_MAX)) {
      mode.invalid("must be a number between 0 and 0777 (octal), both inclusive");
    }
  }

  private static void keys(At items) {
    items.items().forEach(VolumeRules::key);
  }

  /// One key of a map and the file that it becomes.
  static void key(At item) {
    item.at("key").needs();
    if (item.at("path").needs()) {
      inside(item.at("path"));
    }
    mode(item.at("mode"));
  }

  /// One file that tells of the pod; errors are filed at the volume.
  static void downward(At item) {
    At path = item.at("path");
    if (path.needs()) {
      inside(path);
    }
    At field = item.at("fieldRef");
    At resource = item.at("resourceFieldRef");
    if (field.isThere()) {
      EnvironmentRules.field(field, DOWNWARD);
      if (resource.isThere()) {
        item.errors()
            .add(
                FieldError.invalid(
                    "resource",
                    item.value(),
                    "fieldRef and resourceFieldRef can not be specified simultaneously"));
      }
    } else if (resource.isThere()) {
      EnvironmentRules.resource(resource, true);
    } else {
      item.required("one of fieldRef and resourceFieldRef is required");
    }
    mode(item.at("mode"));
  }

  /// A path that goes down from where it starts, without a step up at its beginning.
  static void inside(At path) {
    descending(path);
    if (path.text().startsWith("..") && !path.text().startsWith("../")) {
      path.invalidText("must not start with '..'");
    }
  }

  static void descending(At path) {
    if (path.text().startsWith("/")) {
      path.invalidText("must be a relative path");
    }
    noSteps(path);
  }

  private static void noSteps(At path) {
    if (List.of(path.text().split("/")).contains("..")) {
      path.invalidText("must not contain '..'");
    }
  }
}
