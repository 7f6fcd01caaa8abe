// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.plugin.KubeletFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Where the volumes of drivers lie, and what is noted beside each before its driver is asked, so
/// that whoever comes after a crash knows what there is to undo. The places are a kubelet's:
///
/// ```
/// pods/UID/volumes/kubernetes.io~csi/NAME/mount               published to a pod
/// pods/UID/volumes/kubernetes.io~csi/NAME/vol_data.json
/// plugins/kubernetes.io/csi/DRIVER/SHA256(HANDLE)/globalmount staged on the node
/// plugins/kubernetes.io/csi/DRIVER/SHA256(HANDLE)/vol_data.json
/// plugins/kubernetes.io/csi/volumeDevices/staging/NAME        the same of block volumes
/// plugins/kubernetes.io/csi/volumeDevices/publish/NAME/UID
/// plugins/kubernetes.io/csi/volumeDevices/NAME/data/vol_data.json
/// pods/UID/volumeDevices/kubernetes.io~csi/NAME               a link to what is published
/// ```
final class VolumePlaces {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NOTE = "vol_data.json";
  private static final String KIND = "kubernetes.io~csi";

  private final KubeletFolder folder;

  /// A volume at its place.
  ///
  /// @param uid of the pod that it is published to, empty for one that is staged
  /// @param target what the driver was told
  record Placed(
      String name, String driver, String handle, String uid, boolean isBlock, Path target) {
    String uniqueName() {
      return CsiVolume.uniqueName(driver, handle);
    }
  }

  VolumePlaces(KubeletFolder folder) {
    this.folder = folder;
  }

  private Path plugins() {
    return folder.plugins().resolve("kubernetes.io").resolve("csi");
  }

  private Path devices() {
    return plugins().resolve("volumeDevices");
  }

  private Path volumes(String uid) {
    return folder.pods().resolve(uid).resolve("volumes").resolve(KIND);
  }

  Path target(String uid, CsiVolume volume) {
    return volume.isBlock()
        ? devices().resolve("publish").resolve(volume.name()).resolve(uid)
        : volumes(uid).resolve(volume.name()).resolve("mount");
  }

  Path staging(CsiVolume volume) {
    return volume.isBlock()
        ? devices().resolve("staging").resolve(volume.name())
        : plugins()
            .resolve(volume.driver())
            .resolve(CsiVolume.digest(volume.handle()))
            .resolve("globalmount");
  }

  /// Makes the folder above a target, and notes what will be there.
  void prepareTarget(String uid, CsiVolume volume) throws IOException {
    Path target = target(uid, volume);
    Path above = Files.createDirectories(Objects.requireNonNull(target.getParent()));
    ObjectNode note = note(volume);
    note.put("specVolID", volume.name());
    note.put("volumeLifecycleMode", volume.isInline() ? "Ephemeral" : "Persistent");
    write(volume.isBlock() ? blockNote(volume.name()) : above.resolve(NOTE), note);
    if (volume.isBlock()) {
      Path link = Files.createDirectories(links(uid)).resolve(volume.name());
      if (!Files.isSymbolicLink(link)) {
        Files.createSymbolicLink(link, target);
      }
    }
  }

  private Path links(String uid) {
    return folder.pods().resolve(uid).resolve("volumeDevices").resolve(KIND);
  }

  private Path blockNote(String name) {
    return devices().resolve(name).resolve("data").resolve(NOTE);
  }

  private static ObjectNode note(CsiVolume volume) {
    return JSON.createObjectNode()
        .put("volumeHandle", volume.handle())
        .put("driverName", volume.driver());
  }

  /// Makes the folder in which a driver stages a volume, and notes what will be there.
  void prepareStaging(CsiVolume volume) throws IOException {
    Path staging = Files.createDirectories(staging(volume));
    Path note = volume.isBlock() ? blockNote(volume.name()) : staging.resolveSibling(NOTE);
    ObjectNode noted = note(volume);
    if (volume.isBlock()) {
      noted.put("specVolID", volume.name());
    }
    write(note, noted);
  }

  private static void write(Path file, JsonNode note) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    byte[] bytes = JSON.writeValueAsBytes(note);
    if (Files.exists(file) && java.util.Arrays.equals(bytes, Files.readAllBytes(file))) {
      return;
    }
    Path fresh = file.resolveSibling(NOTE + ".new");
    Files.write(fresh, bytes);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /// Removes what is left of a target that the driver has let go of. What it left mounted stays, as
  /// data of somebody may be behind it.
  ///
  /// @throws IOException when something is still mounted there
  void removeTarget(Placed placed) throws IOException {
    removeEmpty(placed.target());
    Path above = Objects.requireNonNull(placed.target().getParent());
    if (placed.isBlock()) {
      removeIfEmpty(above);
      Files.deleteIfExists(links(placed.uid()).resolve(placed.name()));
    } else {
      Files.deleteIfExists(above.resolve(NOTE));
      removeEmpty(above);
    }
  }

  /// Others may be published beside it.
  private static void removeIfEmpty(Path path) throws IOException {
    if (names(path).isEmpty()) {
      Files.deleteIfExists(path);
    }
  }

  /// Removes what is left of a staging folder that the driver has let go of.
  ///
  /// @throws IOException when something is still mounted there
  void removeStaging(Placed placed) throws IOException {
    removeEmpty(placed.target());
    if (placed.isBlock()) {
      removeNote(placed.name());
    } else {
      Path above = Objects.requireNonNull(placed.target().getParent());
      Files.deleteIfExists(above.resolve(NOTE));
      removeEmpty(above);
    }
  }

  /// Of a block volume that neither is staged nor published any more.
  void removeNote(String name) throws IOException {
    Path note = blockNote(name);
    Files.deleteIfExists(note);
    removeEmpty(Objects.requireNonNull(note.getParent()));
    removeEmpty(devices().resolve(name));
  }

  private static void removeEmpty(Path path) throws IOException {
    if (Files.isDirectory(path) && Mounts.isMounted(path)) {
      throw new IOException(path + " is still mounted");
    }
    Files.deleteIfExists(path);
  }

  /// What remains of a pod when all its volumes are gone: folders without anything.
  void removePod(String uid) throws IOException {
    Path pod = folder.pods().resolve(uid);
    for (Path each : names(volumes(uid))) {
      removeEmpty(each.resolve("mount"));
      removeEmpty(each);
    }
    for (Path each :
        List.of(
            volumes(uid), pod.resolve("volumes"), links(uid), pod.resolve("volumeDevices"), pod)) {
      Files.deleteIfExists(each);
    }
  }

  /// Whether there may be something of a pod.
  boolean hasPod(String uid) {
    return Files.isDirectory(folder.pods().resolve(uid));
  }

  /// The pods that have volumes of drivers.
  List<String> uids() throws IOException {
    return names(folder.pods()).stream().map(VolumePlaces::name).toList();
  }

  /// What is published to a pod, or may be.
  List<Placed> ofPod(String uid) throws IOException {
    List<Placed> found = new ArrayList<>();
    for (Path each : names(volumes(uid))) {
      read(each.resolve(NOTE), name(each), uid, false, each.resolve("mount")).ifPresent(found::add);
    }
    for (Path link : names(links(uid))) {
      String name = name(link);
      Path target = devices().resolve("publish").resolve(name).resolve(uid);
      read(blockNote(name), name, uid, true, target).ifPresent(found::add);
    }
    return found;
  }

  /// What is published, to whomever.
  List<Placed> published() throws IOException {
    List<Placed> found = new ArrayList<>();
    for (String uid : uids()) {
      found.addAll(ofPod(uid));
    }
    return found;
  }

  /// What is staged, or may be.
  List<Placed> staged() throws IOException {
    List<Placed> found = new ArrayList<>();
    for (Path driver : names(plugins())) {
      if (driver.equals(devices())) {
        continue;
      }
      for (Path each : names(driver)) {
        read(each.resolve(NOTE), "", "", false, each.resolve("globalmount")).ifPresent(found::add);
      }
    }
    for (Path each : names(devices().resolve("staging"))) {
      read(blockNote(name(each)), name(each), "", true, each).ifPresent(found::add);
    }
    return found;
  }

  private static Optional<Placed> read(
      Path note, String name, String uid, boolean isBlock, Path target) throws IOException {
    if (!Files.exists(note)) {
      return Optional.empty();
    }
    JsonNode noted = JSON.readTree(Files.readAllBytes(note));
    return Optional.of(
        new Placed(
            name,
            noted.path("driverName").asText(),
            noted.path("volumeHandle").asText(),
            uid,
            isBlock,
            target));
  }

  private static List<Path> names(Path folder) throws IOException {
    List<Path> names = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
        all.forEach(names::add);
      }
    }
    return names;
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
