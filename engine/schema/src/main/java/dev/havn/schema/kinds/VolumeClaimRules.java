// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.LongNode;
import dev.havn.schema.validate.FieldError;
import java.util.List;
import java.util.Map;

/// Rules of persistent volumes and claims to them.
final class VolumeClaimRules {
  private static final String[] MODES = {
    "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"
  };

  /// The kinds of volumes in the order in which they are looked for.
  static final List<String> SOURCES =
      List.of(
          "hostPath",
          "gcePersistentDisk",
          "awsElasticBlockStore",
          "glusterfs",
          "flocker",
          "nfs",
          "rbd",
          "quobyte",
          "cephfs",
          "iscsi",
          "cinder",
          "fc",
          "flexVolume",
          "azureFile",
          "vsphereVolume",
          "photonPersistentDisk",
          "portworxVolume",
          "azureDisk",
          "scaleIO",
          "local",
          "storageos",
          "csi");

  /// Secrets of a driver that must be named wholly.
  private static final List<String> CSI_SECRETS =
      List.of(
          "controllerPublishSecretRef",
          "controllerExpandSecretRef",
          "nodePublishSecretRef",
          "nodeExpandSecretRef");

  private VolumeClaimRules() {}

  static void volume(At object) {
    At spec = object.at("spec");
    At modes = spec.at("accessModes");
    modes.needs();
    modes(modes);
    capacity(spec.at("capacity"));
    At policy = spec.at("persistentVolumeReclaimPolicy");
    if (!policy.isEmpty()) {
      policy.oneOf("Delete", "Recycle", "Retain");
    }
    At affinity = spec.at("nodeAffinity");
    if (affinity.isThere()) {
      if (!affinity.at("required").isThere()) {
        affinity.at("required").required("must specify required node constraints");
      } else {
        SchedulingRules.nodeSelector(affinity.at("required"));
      }
    }
    sources(spec, object.at("metadata").at("name").text());
    At path = spec.at("hostPath").at("path");
    // Steps that stay where they are lead to the root, too.
    if (path.text().matches("/[/.]*") && !path.text().contains("...") && policy.is("Recycle")) {
      policy.forbidden("may not be 'recycle' for a hostPath mount of '/'");
    }
    if (!spec.at("storageClassName").isEmpty()) {
      spec.at("storageClassName").has(Formats::subdomain);
    }
    spec.at("volumeMode").mayBeOneOf("Block", "Filesystem");
    At attributes = spec.at("volumeAttributesClassName");
    if (attributes.isThere()) {
      if (attributes.text().isEmpty()) {
        attributes.required("an empty string is disallowed");
      } else {
        attributes.has(Formats::subdomain);
      }
      if (!spec.at("csi").isThere()) {
        spec.at("csi").required("has to be specified when using volumeAttributesClassName");
      }
    }
  }

  static void modes(At modes) {
    boolean once = false;
    boolean others = false;
    for (At mode : modes.items()) {
      once |= mode.is("ReadWriteOncePod");
      others |= !mode.is("ReadWriteOncePod") && List.of(MODES).contains(mode.text());
      mode.named(modes.path()).oneOf(MODES);
    }
    if (once && others) {
      modes.forbidden("may not use ReadWriteOncePod with other access modes");
    }
  }

  private static void capacity(At capacity) {
    capacity.needs();
    if (!capacity.at("storage").isThere() || capacity.value().size() > 1) {
      capacity
          .errors()
          .add(
              new FieldError(
                  FieldError.Type.NOT_SUPPORTED,
                  capacity.path(),
                  capacity.isThere() ? capacity.value().toString() : "null",
                  "supported values: \"storage\""));
    }
    for (Map.Entry<String, At> each : capacity.entries().entrySet()) {
      if (each.getValue().quantity().amount().signum() < 0) {
        each.getValue()
            .errors()
            .add(
                FieldError.invalid(
                    each.getValue().path(),
                    LongNode.valueOf(each.getValue().quantity().amount().longValue()),
                    "must be a valid resource quantity"));
      }
      if (each.getValue().quantity().amount().signum() <= 0) {
        each.getValue().invalid("must be greater than zero");
      }
    }
  }

  /// @param volume the name of the volume, empty when it has none
  static void sources(At spec, String volume) {
    int found = 0;
    for (String name : SOURCES) {
      At source = spec.at(name);
      if (source.isThere()) {
        found++;
        // A flex volume is taken beside any other.
        if (found > 1 && !name.equals("flexVolume")) {
          source
              .named(spec.path() + "." + VolumeRules.OTHER_NAMES.getOrDefault(name, name))
              .forbidden("may not specify more than 1 volume type");
        } else if (name.equals("iscsi")) {
          IscsiRules.check(source, volume);
        } else {
          source(name, source);
          if (name.equals("local") && !spec.at("nodeAffinity").isThere()) {
            spec.at("nodeAffinity").required("Local volume requires node affinity");
          }
        }
      }
    }
    if (found == 0) {
      spec.required("must specify a volume type");
    }
  }

  private static void source(String name, At source) {
    switch (name) {
      case "hostPath" -> VolumeRules.hostPath(source);
      case "nfs" -> VolumeRules.nfs(source);
      case "local" -> {
        if (source.at("path").needs() && source.at("path").text().contains("..")) {
          source.at("path").invalidText("must not contain '..'");
        }
      }
      case "csi" -> {
        StorageRules.driver(source.at("driver"));
        source.at("volumeHandle").needs();
        for (String each : CSI_SECRETS) {
          At secret = source.at(each);
          if (secret.isThere()) {
            if (secret.at("name").needs()) {
              secret.at("name").has(Formats::subdomain);
            }
            if (secret.at("namespace").needs()) {
              secret.at("namespace").has(Formats::label);
            }
          }
        }
      }
      case "azureDisk" -> LegacyVolumeRules.azureDisk(source);
      case "flocker" -> LegacyVolumeRules.flocker(source);
      case "quobyte" -> LegacyVolumeRules.quobyte(source);
      case "fc" -> LegacyVolumeRules.fibreChannel(source);
      case "storageos" -> LegacyVolumeRules.storageOs(source, true);
      default -> StorageSystemRules.check(name, source, true);
    }
  }

  static void claim(At object) {
    claimSpec(object.at("spec"));
  }

  /// A claim that is made for a pod and named after it.
  static void claimTemplate(At template) {
    At metadata = template.at("metadata");
    MetadataRules.annotations(metadata.at("annotations"));
    SelectorRules.labels(metadata.at("labels"));
    MetadataRules.ofTemplate(metadata, field -> !field.isEmpty());
    claimSpec(template.at("spec"));
  }

  static void claimSpec(At spec) {
    At modes = spec.at("accessModes");
    if (modes.isEmpty()) {
      modes.required("at least 1 access mode is required");
    }
    if (spec.at("selector").isThere()) {
      SelectorRules.check(spec.at("selector"));
    }
    modes(modes);
    At storage = spec.at("resources").at("requests").at("storage");
    At named = storage.named(spec.path() + ".resources[storage]");
    if (!storage.isThere()) {
      named.required("");
    } else {
      if (storage.quantity().amount().signum() <= 0) {
        named.invalidText("must be greater than zero");
      }
    }
    At className = spec.at("storageClassName");
    if (!className.isEmpty()) {
      className.has(Formats::subdomain);
    }
    spec.at("volumeMode").mayBeOneOf("Block", "Filesystem");
    sources(spec.at("dataSource"), spec.at("dataSourceRef"), spec);
    At attributes = spec.at("volumeAttributesClassName");
    if (!attributes.isEmpty()) {
      attributes.has(Formats::subdomain);
    }
  }

  private static void sources(At source, At reference, At spec) {
    source(source);
    source(reference);
    At namespace = reference.at("namespace");
    if (!namespace.isEmpty()) {
      namespace.has(Formats::label);
      if (source.isThere()) {
        mismatch(spec, "may not be specified when dataSourceRef.namespace is specified");
      }
    } else if (source.isThere() && reference.isThere()) {
      for (String field : List.of("apiGroup", "kind", "name")) {
        if (!source.at(field).is(reference.at(field).text())) {
          mismatch(spec, "must match dataSourceRef");
          break;
        }
      }
    }
  }

  private static void mismatch(At spec, String detail) {
    spec.invalid(detail);
  }

  private static void source(At source) {
    if (!source.isThere()) {
      return;
    }
    source.at("name").needs();
    source.at("kind").needs();
    if (source.at("apiGroup").isEmpty() && !source.at("kind").is("PersistentVolumeClaim")) {
      source
          .errors()
          .add(
              FieldError.invalid(
                  source.path(),
                  source.at("kind").text(),
                  "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    }
    if (!source.at("apiGroup").isEmpty()) {
      source.at("apiGroup").has(Formats::subdomain);
    }
  }
}
