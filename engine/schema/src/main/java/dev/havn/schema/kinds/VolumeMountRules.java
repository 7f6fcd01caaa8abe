// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Where a container finds volumes: as folders, or as block devices.
final class VolumeMountRules {
  private VolumeMountRules() {}

  static void check(At container, PodContext pod) {
    mounts(container, pod.volumes());
    devices(container, pod);
  }

  private static Set<String> texts(At list, String field) {
    Set<String> texts = new HashSet<>();
    list.items().forEach(each -> texts.add(each.at(field).text()));
    return texts;
  }

  private static void mounts(At container, Set<String> volumes) {
    At mounts = container.at("volumeMounts");
    Set<String> targets = new HashSet<>();
    Set<String> devices = texts(container.at("volumeDevices"), "name");
    Set<String> devicePaths = texts(container.at("volumeDevices"), "devicePath");
    for (At mount : mounts.items()) {
      At name = mount.at("name");
      name.needs();
      if (!volumes.contains(name.text())) {
        name.errors().add(FieldError.notFound(name.path(), name.text()));
      }
      At target = mount.at("mountPath");
      target.needs();
      if (!targets.add(target.text())) {
        target.invalidText("must be unique");
      }
      if (devices.contains(name.text())) {
        name.invalidText("must not already exist in volumeDevices");
      }
      if (devicePaths.contains(target.text())) {
        target.invalidText("must not already exist as a path in volumeDevices");
      }
      parts(mount, mounts.path());
      At propagation = mount.at("mountPropagation").named(mounts.path() + ".mountPropagation");
      propagation.mayBeOneOf("Bidirectional", "HostToContainer", "None");
      if (propagation.is("Bidirectional")
          && !container.at("securityContext").at("privileged").flag()) {
        propagation.forbidden(
            "Bidirectional mount propagation is available only to privileged containers");
      }
      below(mount, mounts.path() + ".recursiveReadOnly");
    }
  }

  /// Which part of the volume is mounted.
  private static void parts(At mount, String path) {
    for (String field : List.of("subPath", "subPathExpr")) {
      At part = mount.at(field);
      if (!part.isEmpty()) {
        if (field.equals("subPathExpr") && !mount.at("subPath").isEmpty()) {
          part.invalidText("subPathExpr and subPath are mutually exclusive");
        }
        VolumeRules.descending(part.named(path + "." + field));
      }
    }
  }

  /// Whether what is mounted below is read only, too.
  private static void below(At mount, String path) {
    At below = mount.at("recursiveReadOnly").named(path);
    below.mayBeOneOf("Disabled", "Enabled", "IfPossible");
    if (below.is("Enabled") || below.is("IfPossible")) {
      if (!mount.at("readOnly").flag()) {
        below.forbidden("may only be specified when readOnly is true");
      }
      At propagation = mount.at("mountPropagation");
      if (propagation.isThere() && !propagation.is("None")) {
        below.forbidden("may only be specified when mountPropagation is None or not specified");
      }
    }
  }

  private static void devices(At container, PodContext pod) {
    Set<String> names = new HashSet<>();
    Set<String> paths = new HashSet<>();
    Set<String> mounts = texts(container.at("volumeMounts"), "name");
    Set<String> mountPaths = texts(container.at("volumeMounts"), "mountPath");
    for (At device : container.at("volumeDevices").items()) {
      At name = device.at("name");
      name.needs();
      if (!name.isEmpty() && !names.add(name.text())) {
        name.invalidText("must be unique");
      }
      if (!pod.volumes().contains(name.text())) {
        name.errors().add(FieldError.notFound(name.path(), name.text()));
      } else if (!pod.claimed().contains(name.text())) {
        name.invalidText(
            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
      }
      At path = device.at("devicePath");
      path.needs();
      if (paths.contains(path.text())) {
        path.invalidText("must be unique");
      }
      if (List.of(path.text().split("/")).contains("..")) {
        path.invalidText("can not contain backsteps ('..')");
      } else {
        paths.add(path.text());
      }
      if (mounts.contains(name.text())) {
        name.invalidText("must not already exist in volumeMounts");
      }
      if (mountPaths.contains(path.text())) {
        path.invalidText("must not already exist as a path in volumeMounts");
      }
    }
  }
}
