// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of a pod's volumes.
final class VolumeRules {
  private static final String[] DOWNWARD = {
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"
  };
  private static final int MODE_MAX = 511;
  private static final int TOKEN_SECONDS_MIN = 600;

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

  private VolumeRules() {}

  /// @return the names of volumes that can be mounted
  static Set<String> check(At spec) {
    Set<String> names = new HashSet<>();
    Set<String> seen = new HashSet<>();
    for (At volume : spec.at("volumes").items()) {
      int before = volume.errors().size();
      source(volume);
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

  private static void source(At volume) {
    int found = 0;
    for (String kind : SOURCES) {
      At source = volume.at(kind);
      if (!source.isThere()) {
        continue;
      }
      if (found > 0) {
        source.forbidden("may not specify more than 1 volume type");
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
        downward(source.at("items"));
      }
      case "iscsi" -> IscsiRules.check(source);
      case "projected" -> projected(source);
      case "csi" -> StorageRules.driver(source.at("driver"));
      case "ephemeral" -> {
        At template = source.at("volumeClaimTemplate");
        if (!template.isThere()) {
          template.required("");
        } else {
          VolumeClaimRules.claimSpec(template.at("spec"));
        }
      }
      default -> {}
    }
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
    for (At item : items.items()) {
      item.at("key").needs();
      if (item.at("path").needs()) {
        inside(item.at("path"));
      }
      mode(item.at("mode"));
    }
  }

  private static void downward(At items) {
    for (At each : items.items()) {
      At item = each.named(items.path().replaceFirst("\\.items$", ""));
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
  }

  private static void projected(At projected) {
    mode(projected.at("defaultMode"));
    for (At source : projected.at("sources").items()) {
      int found = 0;
      for (String kind : List.of("secret", "configMap", "downwardAPI", "serviceAccountToken")) {
        At each = source.at(kind);
        if (each.isThere()) {
          if (found++ > 0) {
            each.forbidden("may not specify more than 1 volume type per source");
          } else {
            projection(kind, each);
          }
        }
      }
    }
  }

  private static void projection(String kind, At source) {
    switch (kind) {
      case "secret", "configMap" -> {
        source.at("name").needs();
        keys(source.at("items"));
      }
      case "downwardAPI" -> downward(source.at("items"));
      default -> {
        At seconds = source.at("expirationSeconds");
        if (seconds.isThere() && seconds.number() < TOKEN_SECONDS_MIN) {
          seconds.invalid("may not specify a duration less than 10 minutes");
        }
        if (seconds.number() > 1L << 32) {
          seconds.invalid("may not specify a duration larger than 2^32 seconds");
        }
        if (source.at("path").isEmpty()) {
          source.at("path").required("");
        } else {
          inside(source.at("path"));
        }
      }
    }
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
