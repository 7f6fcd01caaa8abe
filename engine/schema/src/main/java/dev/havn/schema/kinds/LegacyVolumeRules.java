// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.regex.Pattern;

/// Volumes of storage systems that Kubernetes still describes, but no longer serves itself.
final class LegacyVolumeRules {
  private static final String MANAGED_DISK =
      "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
  private static final String BLOB_DISK =
      "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

  private static final String HOST_PORTS =
      "must be a host:port pair or multiple pairs separated by commas";
  private static final Pattern HOST_PORT =
      Pattern.compile("([^:\\[\\]]*|\\[[^\\[\\]]*]):[^:\\[\\]]*");
  private static final int LUN_MAX = 255;
  private static final int TENANT_CHARS_MAX = 64;

  private LegacyVolumeRules() {}

  static void quobyte(At volume) {
    At registry = volume.at("registry");
    if (registry.isEmpty()) {
      registry.required(HOST_PORTS);
    } else if (volume.at("tenant").text().length() > TENANT_CHARS_MAX) {
      volume.at("tenant").required("must be a UUID and may not exceed a length of 64 characters");
    } else {
      for (String pair : registry.text().split(",", -1)) {
        if (!HOST_PORT.matcher(pair).matches()) {
          registry.invalidText(HOST_PORTS);
        }
      }
    }
    volume.at("volume").needs();
  }

  static void fibreChannel(At volume) {
    At targets = volume.at("targetWWNs");
    At names = volume.at("wwids");
    if (targets.isEmpty() && names.isEmpty()) {
      targets.required("must specify either targetWWNs or wwids, but not both");
    }
    if (!targets.isEmpty() && !names.isEmpty()) {
      targets.invalid("targetWWNs and wwids can not be specified simultaneously");
    }
    At unit = volume.at("lun");
    if (!targets.isEmpty() && !unit.isThere()) {
      unit.required("lun is required if targetWWNs is specified");
    } else if (!targets.isEmpty()) {
      unit.between(0, LUN_MAX);
    }
  }

  /// @param clusterWide whether the volume's secret lies in a namespace that must be named
  static void storageOs(At volume, boolean clusterWide) {
    At name = volume.at("volumeName");
    if (name.needs()) {
      name.has(Formats::label);
    }
    if (!volume.at("volumeNamespace").isEmpty()) {
      volume.at("volumeNamespace").has(Formats::label);
    }
    At secret = volume.at("secretRef");
    if (secret.isThere()) {
      secret.at("name").needs();
      if (clusterWide) {
        secret.at("namespace").needs();
      }
    }
  }

  static void azureDisk(At disk) {
    At address = disk.at("diskURI");
    At kind = disk.at("kind");
    disk.at("diskName").needs();
    address.needs();
    disk.at("cachingMode").mayBeOneOf("None", "ReadOnly", "ReadWrite");
    kind.mayBeOneOf("Dedicated", "Managed", "Shared");
    boolean managed = kind.is("Managed");
    if (managed && !address.text().startsWith("/subscriptions/")) {
      address.notSupported(MANAGED_DISK);
    }
    if (!managed && kind.isThere() && !address.text().startsWith("https://")) {
      address.notSupported(BLOB_DISK);
    }
  }

  static void flocker(At volume) {
    At name = volume.at("datasetName");
    boolean identified = !volume.at("datasetUUID").isEmpty();
    if (name.isEmpty() && !identified) {
      volume.required("one of datasetName and datasetUUID is required");
    }
    if (!name.isEmpty() && identified) {
      new At(TextNode.valueOf("resource"), volume.path(), volume.errors())
          .invalid("datasetName and datasetUUID can not be specified simultaneously");
    }
    if (name.text().contains("/")) {
      name.invalid("must not contain '/'");
    }
  }
}
