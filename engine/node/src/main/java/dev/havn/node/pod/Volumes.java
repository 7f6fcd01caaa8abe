// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The volumes of pods as folders: emptyDir, hostPath, and the ones made of objects of the API,
/// which change as a whole by the move of one symbolic link.
final class Volumes {
  private static final int ALL = 0777;
  private static final int SET_GROUP = 02000;
  private static final int GROUP_READ = 0440;

  private final Path folder;
  private final Api api;

  Volumes(Path folder, Api api) {
    this.folder = folder;
    this.api = api;
  }

  private Path root(String uid) {
    return folder.resolve(uid).resolve("volumes");
  }

  Path path(Pod pod, String volume) {
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getName().equals(volume) && each.getHostPath() != null) {
        return Path.of(each.getHostPath().getPath());
      }
    }
    return root(pod.getMetadata().getUid()).resolve(volume);
  }

  /// A path inside a volume, made when it is not there; never outside.
  Path below(Path volume, String subPath) {
    Path below = volume.resolve(subPath).normalize();
    if (!below.startsWith(volume)) {
      throw new StartException(
          "CreateContainerConfigError", "subPath " + subPath + " leaves its volume", null);
    }
    try {
      if (!Files.exists(below)) {
        Files.createDirectories(below);
      }
      return below.toRealPath().startsWith(volume.toRealPath()) ? below : volume;
    } catch (IOException e) {
      throw new StartException("CreateContainerConfigError", "subPath " + subPath + ": " + e, e);
    }
  }

  void prepare(Pod pod) {
    for (Volume volume : pod.getSpec().getVolumes()) {
      Path target = path(pod, volume.getName());
      try {
        if (volume.getHostPath() != null) {
          hostPath(volume);
        } else if (volume.getEmptyDir() != null) {
          emptyDir(pod, volume, target);
        } else {
          Map<String, Content> files = contents(pod, volume);
          write(target, files, group(pod));
        }
      } catch (IOException e) {
        throw new StartException(
            "FailedMount",
            "MountVolume.SetUp failed for volume \"%s\" : %s".formatted(volume.getName(), e),
            e);
      }
    }
  }

  private static void hostPath(Volume volume) throws IOException {
    Path path = Path.of(volume.getHostPath().getPath());
    String type = volume.getHostPath().getType() == null ? "" : volume.getHostPath().getType();
    switch (type) {
      case "DirectoryOrCreate" -> Files.createDirectories(path);
      case "FileOrCreate" -> {
        if (!Files.exists(path)) {
          Files.createFile(path);
        }
      }
      case "Directory" -> require(Files.isDirectory(path), path, "is not a directory");
      case "File" -> require(Files.isRegularFile(path), path, "is not a file");
      default -> {}
    }
  }

  private static void require(boolean holds, Path path, String problem) {
    if (!holds) {
      throw new StartException(
          "FailedMount", "hostPath type check failed: " + path + " " + problem, null);
    }
  }

  private static void emptyDir(Pod pod, Volume volume, Path target) throws IOException {
    if (Files.exists(target)) {
      return;
    }
    Files.createDirectories(target);
    if ("Memory".equals(volume.getEmptyDir().getMedium())) {
      @Nullable Quantity limit = volume.getEmptyDir().getSizeLimit();
      long bytes = limit == null ? 0 : Quantity.getAmountInBytes(limit).longValue();
      Program.must(
          List.of(
              "mount",
              "-t",
              "tmpfs",
              "-o",
              bytes > 0 ? "size=" + bytes : "size=50%",
              "tmpfs",
              target.toString()));
    }
    @Nullable Long group = group(pod);
    Files.setAttribute(target, "unix:mode", group == null ? ALL : ALL | SET_GROUP);
    if (group != null) {
      Files.setAttribute(target, "unix:gid", group.intValue());
    }
  }

  private static @Nullable Long group(Pod pod) {
    return pod.getSpec().getSecurityContext() == null
        ? null
        : pod.getSpec().getSecurityContext().getFsGroup();
  }

  /// A file of a volume.
  private record Content(byte[] bytes, int mode) {}

  private Map<String, Content> contents(Pod pod, Volume volume) {
    Map<String, Content> files = new TreeMap<>();
    if (volume.getConfigMap() != null) {
      var source = volume.getConfigMap();
      boolean optional = Boolean.TRUE.equals(source.getOptional());
      addObject(
          pod,
          "configmaps",
          source.getName(),
          optional,
          source.getItems(),
          mode(source.getDefaultMode()),
          files);
    } else if (volume.getSecret() != null) {
      var source = volume.getSecret();
      boolean optional = Boolean.TRUE.equals(source.getOptional());
      addObject(
          pod,
          "secrets",
          source.getSecretName(),
          optional,
          source.getItems(),
          mode(source.getDefaultMode()),
          files);
    } else if (volume.getDownwardAPI() != null) {
      int mode = mode(volume.getDownwardAPI().getDefaultMode());
      volume
          .getDownwardAPI()
          .getItems()
          .forEach(item -> files.put(item.getPath(), downward(pod, item, mode)));
    } else if (volume.getProjected() != null) {
      projected(pod, volume, files);
    } else {
      throw new StartException(
          "FailedMount",
          "volume \"" + volume.getName() + "\" is of a kind that Havn does not mount",
          null);
    }
    return files;
  }

  private static int mode(@Nullable Integer mode) {
    return mode == null ? 0644 : mode;
  }

  private static Content downward(
      Pod pod, io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile item, int mode) {
    String text =
        item.getFieldRef() != null
            ? DownwardApi.field(pod, item.getFieldRef().getFieldPath(), "", "")
            : DownwardApi.resource(
                pod, pod.getSpec().getContainers().getFirst(), item.getResourceFieldRef());
    return new Content(
        text.getBytes(StandardCharsets.UTF_8), item.getMode() == null ? mode : item.getMode());
  }

  private void projected(Pod pod, Volume volume, Map<String, Content> files) {
    int mode = mode(volume.getProjected().getDefaultMode());
    for (var source : volume.getProjected().getSources()) {
      if (source.getConfigMap() != null) {
        boolean optional = Boolean.TRUE.equals(source.getConfigMap().getOptional());
        addObject(
            pod,
            "configmaps",
            source.getConfigMap().getName(),
            optional,
            source.getConfigMap().getItems(),
            mode,
            files);
      }
      if (source.getSecret() != null) {
        boolean optional = Boolean.TRUE.equals(source.getSecret().getOptional());
        addObject(
            pod,
            "secrets",
            source.getSecret().getName(),
            optional,
            source.getSecret().getItems(),
            mode,
            files);
      }
      if (source.getDownwardAPI() != null) {
        source
            .getDownwardAPI()
            .getItems()
            .forEach(item -> files.put(item.getPath(), downward(pod, item, mode)));
      }
      if (source.getServiceAccountToken() != null) {
        files.put(
            source.getServiceAccountToken().getPath(),
            new Content(token(pod, source.getServiceAccountToken()), mode));
      }
    }
  }

  private byte[] token(
      Pod pod, io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection projection) {
    ObjectNode request =
        Api.object().put("kind", "TokenRequest").put("apiVersion", "authentication.k8s.io/v1");
    ObjectNode spec = request.putObject("spec");
    spec.put("expirationSeconds", projection.getExpirationSeconds());
    var audiences = spec.putArray("audiences");
    if (projection.getAudience() != null && !projection.getAudience().isEmpty()) {
      audiences.add(projection.getAudience());
    }
    spec.putObject("boundObjectRef")
        .put("kind", "Pod")
        .put("apiVersion", "v1")
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid());
    JsonNode answer =
        api.create(
            "/api/v1/namespaces/%s/serviceaccounts/%s/token"
                .formatted(pod.getMetadata().getNamespace(), pod.getSpec().getServiceAccountName()),
            request.toString());
    return answer.path("status").path("token").asText().getBytes(StandardCharsets.UTF_8);
  }

  private void addObject(
      Pod pod,
      String plural,
      String name,
      boolean optional,
      List<KeyToPath> items,
      int mode,
      Map<String, Content> files) {
    Optional<JsonNode> found =
        api.find(
            "/api/v1/namespaces/" + pod.getMetadata().getNamespace() + "/" + plural + "/" + name);
    if (found.isEmpty()) {
      if (optional) {
        return;
      }
      throw new StartException(
          "FailedMount",
          plural.substring(0, plural.length() - 1) + " \"" + name + "\" not found",
          null);
    }
    Map<String, byte[]> data = data(found.get(), plural.equals("secrets"));
    if (items.isEmpty()) {
      data.forEach((key, bytes) -> files.put(key, new Content(bytes, mode)));
    }
    for (KeyToPath item : items) {
      byte @Nullable [] bytes = data.get(item.getKey());
      if (bytes != null) {
        files.put(
            item.getPath(), new Content(bytes, item.getMode() == null ? mode : item.getMode()));
      } else if (!optional) {
        throw new StartException(
            "FailedMount", "references non-existent config key: " + item.getKey(), null);
      }
    }
  }

  private static Map<String, byte[]> data(JsonNode object, boolean secret) {
    Map<String, byte[]> data = new TreeMap<>();
    object
        .path("data")
        .properties()
        .forEach(
            each ->
                data.put(
                    each.getKey(),
                    secret
                        ? Base64.getDecoder().decode(each.getValue().asText())
                        : each.getValue().asText().getBytes(StandardCharsets.UTF_8)));
    object
        .path("binaryData")
        .properties()
        .forEach(
            each -> data.put(each.getKey(), Base64.getDecoder().decode(each.getValue().asText())));
    return data;
  }

  /// Writes a new folder beside the old one and moves the link `..data`; what did not change stays.
  private static void write(Path target, Map<String, Content> files, @Nullable Long group)
      throws IOException {
    Files.createDirectories(target);
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path link = target.resolve("..data");
    if (Files.exists(link) && isSame(link, files)) {
      return;
    }
    Path fresh = Files.createTempDirectory(target, "..");
    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
    int more = group == null ? 0 : GROUP_READ;
    for (Map.Entry<String, Content> file : files.entrySet()) {
      Path path = fresh.resolve(file.getKey()).normalize();
      if (!path.startsWith(fresh)) {
        throw new IOException("the path " + file.getKey() + " leaves its volume");
      }
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue().bytes());
      Files.setPosixFilePermissions(path, permissions(file.getValue().mode() | more));
    }
    if (group != null) {
      give(fresh, group.intValue());
    }
    @Nullable Path old = Files.exists(link) ? link.toRealPath() : null;
    Path next = target.resolve("..data_tmp");
    Files.deleteIfExists(next);
    Files.createSymbolicLink(next, fresh.getFileName());
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
    for (String name : files.keySet()) {
      String top = name.split("/")[0];
      Path visible = target.resolve(top);
      if (!Files.isSymbolicLink(visible)) {
        Files.createSymbolicLink(visible, Path.of("..data", top));
      }
    }
    if (old != null) {
      delete(old);
    }
    try (Stream<Path> all = Files.list(target)) {
      for (Path each : all.filter(Files::isSymbolicLink).toList()) {
        if (!Files.exists(each)) {
          Files.delete(each);
        }
      }
    }
  }

  /// The pod's group may read everything.
  private static void give(Path folder, int group) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.toList()) {
        Files.setAttribute(each, "unix:gid", group);
      }
    }
  }

  private static boolean isSame(Path link, Map<String, Content> files) throws IOException {
    Path real = link.toRealPath();
    long count;
    try (Stream<Path> all = Files.walk(real)) {
      count = all.filter(Files::isRegularFile).count();
    }
    if (count != files.size()) {
      return false;
    }
    for (Map.Entry<String, Content> file : files.entrySet()) {
      Path path = real.resolve(file.getKey());
      boolean token = file.getKey().equals("token");
      if (!Files.exists(path)
          || (!token
              && !java.util.Arrays.equals(Files.readAllBytes(path), file.getValue().bytes()))) {
        return false;
      }
    }
    return true;
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = {
      PosixFilePermission.OTHERS_EXECUTE, PosixFilePermission.OTHERS_WRITE,
          PosixFilePermission.OTHERS_READ,
      PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.GROUP_READ,
      PosixFilePermission.OWNER_EXECUTE, PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_READ
    };
    for (int bit = 0; bit < all.length; bit++) {
      if ((mode >> bit & 1) == 1) {
        set.add(all[bit]);
      }
    }
    return set;
  }

  void remove(String uid) {
    Path pod = folder.resolve(uid);
    if (Files.exists(pod)) {
      unmount(pod.resolve("volumes"));
      delete(pod);
    }
  }

  /// Volumes in memory are mounts.
  private static void unmount(Path volumes) {
    if (!Files.isDirectory(volumes)) {
      return;
    }
    try (Stream<Path> all = Files.list(volumes)) {
      for (Path each : all.toList()) {
        if (Files.getFileStore(each).type().equals("tmpfs")
            && !Files.getFileStore(each).equals(Files.getFileStore(volumes))) {
          Program.must(List.of("umount", each.toString()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("unmounting the volumes in " + volumes, e);
    }
  }

  static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("deleting " + folder, e);
    }
  }
}
