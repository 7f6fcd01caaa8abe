// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The images that are here: `index.json` names them, `rootfs/ID` holds each one's files, links to
/// those of its layers in `layers`, `config/ID.json` its configuration and `about/ID.json` what
/// else is known of it. For many threads; nothing is ever there by half.
public final class ImageStore implements LocalImages {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LOADING = LayerStore.LOADING;
  private static final String ID = "[0-9a-f]{64}";
  private static final String ID_AS_NAME = "docker.io/library/" + Digests.ALGORITHM;

  private final Path folder;
  private final String architecture;
  private final DiskRoom room;
  private final LayerStore layers;

  /// Read by pods that start while an archive is loaded, which may take minutes.
  private final Map<String, String> idByName = new ConcurrentHashMap<>();

  /// How many arrivals have images that may have no name yet, by id.
  private final Map<String, Integer> claimed = new HashMap<>();

  /// An image as it is used.
  ///
  /// @param id by what it was pulled, a name with a digest, else the digest of its configuration
  /// @param config of OCI: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`, `User`
  public record Image(String name, String id, Path rootfs, JsonNode config) {}

  /// An image as it is kept.
  ///
  /// @param id the digest of its configuration, without its algorithm
  /// @param names tags first, then those with digests
  /// @param bytes as a registry counts them
  /// @param architecture that it is for, as images name it; empty where nobody says so
  public record Kept(
      String id, List<String> names, long bytes, Instant since, String architecture) {}

  public ImageStore(Path folder) {
    this(folder, EvictionPolicy.STANDARD);
  }

  /// @param policy which says how much of the disk others must have left
  public ImageStore(Path folder, EvictionPolicy policy) {
    this(folder, policy, Platform.architecture());
  }

  /// @param architecture that all of them are for
  public ImageStore(Path folder, EvictionPolicy policy, String architecture) {
    this.folder = folder;
    this.architecture = architecture;
    this.room = new DiskRoom(folder, policy);
    this.layers = new LayerStore(folder.resolve("layers"), room);
    try {
      for (String each : List.of("rootfs", "config", "layers", "about")) {
        clear(Files.createDirectories(folder.resolve(each)));
      }
      clear(folder);
      Path index = folder.resolve("index.json");
      if (Files.exists(index)) {
        JSON.readTree(index.toFile())
            .properties()
            .forEach(each -> idByName.put(each.getKey(), each.getValue().asText()));
      }
      clearUnnamed();
    } catch (IOException e) {
      throw new UncheckedIOException("images in " + folder, e);
    }
  }

  /// A file for what is on its way, in a store's folder, which the next start clears of it.
  public static Path temporary(Path folder) throws IOException {
    return Files.createTempFile(Files.createDirectories(folder), LOADING, ".tar");
  }

  /// A name as it is meant: `web` is `docker.io/library/web:latest`.
  public static String normalise(String name) {
    try {
      return Reference.parse(name).full();
    } catch (Reference.InvalidNameException e) {
      return name;
    }
  }

  /// That its images are for.
  public String architecture() {
    return architecture;
  }

  @Override
  public void requireRoom(String what, long bytes) throws IOException {
    room.require(what, bytes);
  }

  @Override
  public Optional<Image> find(String name) {
    String full = normalise(name);
    @Nullable String id = id(name).orElse(null);
    if (id == null) {
      return Optional.empty();
    }
    try {
      JsonNode config = JSON.readTree(file("config", id).toFile()).path("config");
      return Optional.of(new Image(full, shown(id), folder.resolve("rootfs").resolve(id), config));
    } catch (NoSuchFileException removed) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("image " + name, e);
    }
  }

  /// The digest of the configuration of an image, without its algorithm, by a name or by itself.
  public Optional<String> id(String name) {
    // An id reads as the tag of an image of that name.
    String bare = name.startsWith(ID_AS_NAME) ? name.substring(ID_AS_NAME.length()) : name;
    String plain = bare.startsWith(Digests.ALGORITHM) ? bare.substring(7) : bare;
    return idByName.containsValue(plain)
        ? Optional.of(plain)
        : Optional.ofNullable(idByName.get(normalise(name)));
  }

  private String shown(String id) {
    return idByName.entrySet().stream()
        .filter(each -> each.getValue().equals(id) && each.getKey().contains("@"))
        .map(Map.Entry::getKey)
        .min(String::compareTo)
        .orElse(Digests.ALGORITHM + id);
  }

  private Path file(String kind, String id) {
    return folder.resolve(kind).resolve(id + ".json");
  }

  /// Gives an image that is here another name, or moves a name to it.
  public synchronized void call(String name, String id) throws IOException {
    if (!id.equals(idByName.get(name))) {
      rename(Map.of(name, id));
    }
  }

  /// Names with their ids.
  public Map<String, String> list() {
    return new TreeMap<>(idByName);
  }

  /// All images. Waits for nobody: one that goes meanwhile may be missing.
  public List<Kept> all() {
    Map<String, List<String>> names = new TreeMap<>();
    list().forEach((name, id) -> names.computeIfAbsent(id, _ -> new ArrayList<>()).add(name));
    List<Kept> all = new ArrayList<>();
    names.forEach(
        (id, each) -> {
          each.sort((one, other) -> Boolean.compare(one.contains("@"), other.contains("@")));
          kept(id, List.copyOf(each)).ifPresent(all::add);
        });
    return all;
  }

  private Optional<Kept> kept(String id, List<String> names) {
    try {
      return Optional.of(
          new Kept(
              id,
              names,
              about(id).path("bytes").asLong(),
              Files.getLastModifiedTime(file("config", id)).toInstant(),
              architecture));
    } catch (NoSuchFileException removed) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("image " + id, e);
    }
  }

  private JsonNode about(String id) throws IOException {
    try {
      return JSON.readTree(Files.readAllBytes(file("about", id)));
    } catch (NoSuchFileException e) {
      return JSON.createObjectNode();
    }
  }

  /// The layers of those images that somebody chooses, by the digests of their content.
  ///
  /// @param chosen by its id
  public Set<String> layers(Predicate<String> chosen) throws IOException {
    Set<String> ids = new HashSet<>(idByName.values());
    ids.removeIf(chosen.negate());
    return layersOf(ids);
  }

  private Set<String> layersOf(Set<String> ids) throws IOException {
    Set<String> layers = new HashSet<>();
    for (String id : ids) {
      about(id).path("layers").forEach(each -> layers.add(each.asText()));
    }
    return layers;
  }

  /// Forgets a name, and the image when it was the last one. A name that is an id stands for all
  /// names of its image.
  ///
  /// @return whether there was one
  public synchronized boolean remove(String name) {
    String plain = name.startsWith(Digests.ALGORITHM) ? name.substring(7) : name;
    Map<String, String> left = list();
    boolean whole =
        plain.matches("[0-9a-f]{12,64}") && left.values().removeIf(each -> each.startsWith(plain));
    if (!whole && !forget(normalise(name), left)) {
      return false;
    }
    try {
      save(left);
      idByName.keySet().retainAll(left.keySet());
      clearUnnamed();
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException("removing " + name, e);
    }
  }

  /// With the last tag go the names by digest.
  private static boolean forget(String name, Map<String, String> names) {
    @Nullable String id = names.remove(name);
    if (id != null
        && names.entrySet().stream()
            .allMatch(each -> !each.getValue().equals(id) || each.getKey().contains("@"))) {
      names.values().removeIf(id::equals);
    }
    return id != null;
  }

  /// Loads a docker-archive or an OCI layout, compressed or not. All of its images are there then,
  /// or none.
  ///
  /// @return the names of its images
  /// @throws ImageException when it is neither, or damaged, or for another architecture
  public List<String> load(Path archive) {
    try (Arrival arrival = arrive()) {
      Map<String, String> names = new LinkedHashMap<>();
      List<ArchivedImage> found =
          ArchivedImage.all(Archive.unpack(archive, arrival.folder(), room), architecture);
      for (ArchivedImage each : found) {
        long bytes = 0;
        for (int i = 0; i < each.layers().size(); i++) {
          bytes += Files.size(each.layers().get(i));
          if (arrival.has(each.diffIds().get(i))) {
            // Whose content may be a secret of others, while what is loaded is for all.
            LayerStore.check(each.layers().get(i), each.diffIds().get(i));
          } else {
            arrival.layer(each.layers().get(i), each.diffIds().get(i), Optional.empty());
          }
        }
        arrival.add(each.id(), each.config(), each.diffIds(), bytes);
        each.names().forEach(name -> names.put(normalise(name), each.id()));
      }
      rename(names);
      return List.copyOf(names.keySet());
    } catch (IOException e) {
      String why = e instanceof NoSuchFileException ? "no such file" : e.getMessage();
      throw new ImageException(
          archive
              + " cannot be loaded ("
              + why
              + "): expected a tar of an OCI layout or a docker-archive",
          e);
    }
  }

  /// An image that comes in pieces.
  public final class Arrival implements AutoCloseable {
    private final Path folder;
    private final LayerStore.Hold hold = layers.hold();
    private final Set<String> claims = new HashSet<>();

    private Arrival(Path folder) {
      this.folder = folder;
    }

    /// For files of the arrival, which go with it.
    public Path folder() {
      return folder;
    }

    /// On the disk that all of it lies on.
    public DiskRoom room() {
      return room;
    }

    /// Whether a layer is here already.
    public boolean has(String diffId) {
      return diffId.matches(Digests.ALGORITHM + ID) && hold.has(diffId);
    }

    /// Whether a layer of which [#has(String)] was said once came so.
    public boolean came(String diffId, LayerSource source) {
      return hold.came(diffId, source);
    }

    /// Takes a layer apart. Several may be at a time.
    ///
    /// @param diffId the digest of its uncompressed content
    /// @param source as what it came, if from a registry
    /// @throws IOException when it is damaged, hostile or another one
    public void layer(Path archive, String diffId, Optional<LayerSource> source)
        throws IOException {
      hold.take(archive, diffId, source);
    }

    /// All layers are here: from now on the image is.
    ///
    /// @param bytes of the image as a registry counts them
    /// @return the image's id
    public String complete(Path config, List<String> diffIds, long bytes, List<String> names)
        throws IOException {
      String id = Digests.of(config);
      add(id, config, diffIds, bytes);
      Map<String, String> named = new LinkedHashMap<>();
      names.forEach(name -> named.put(name, id));
      rename(named);
      return id;
    }

    private void add(String id, Path config, List<String> diffIds, long bytes) throws IOException {
      synchronized (ImageStore.this) {
        if (claims.add(id)) {
          claimed.merge(id, 1, Integer::sum);
        }
      }
      build(id, config, diffIds, bytes);
    }

    @Override
    public void close() throws IOException {
      hold.close();
      Trees.delete(folder);
      synchronized (ImageStore.this) {
        claims.forEach(id -> claimed.computeIfPresent(id, (_, n) -> n == 1 ? null : n - 1));
        clearUnnamed();
      }
    }
  }

  public Arrival arrive() throws IOException {
    return new Arrival(Files.createTempDirectory(folder, LOADING));
  }

  /// Makes an image that has no name yet, without keeping others waiting: what the disk takes to be
  /// through with it may be long.
  private void build(String id, Path configuration, List<String> diffIds, long bytes)
      throws IOException {
    Path rootfs = folder.resolve("rootfs").resolve(id);
    if (Files.exists(rootfs)) {
      return;
    }
    List<Path> fresh = new ArrayList<>();
    try {
      Path root = Files.createTempDirectory(folder.resolve("rootfs"), LOADING).toRealPath();
      fresh.add(root);
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
      for (String each : diffIds) {
        new Layer(layers.get(each), root).apply();
      }
      ObjectNode about = JSON.createObjectNode().put("bytes", bytes);
      diffIds.forEach(about.withArray("layers")::add);
      Path aboutFile = Files.createTempFile(folder.resolve("about"), LOADING, "");
      fresh.add(aboutFile);
      Files.writeString(aboutFile, about.toString());
      Path config = Files.createTempFile(folder.resolve("config"), LOADING, "");
      fresh.add(config);
      Files.copy(configuration, config, StandardCopyOption.REPLACE_EXISTING);
      // The index may name it only when all of it would also survive the machine.
      Program.must(List.of("sync", "-f", root.toString()));
      place(id, root, aboutFile, config);
    } finally {
      for (Path each : fresh) {
        Trees.delete(each);
      }
    }
  }

  /// Somebody else may have made it meanwhile.
  private synchronized void place(String id, Path root, Path about, Path config)
      throws IOException {
    Path rootfs = folder.resolve("rootfs").resolve(id);
    if (!Files.exists(rootfs)) {
      Files.move(about, file("about", id), StandardCopyOption.ATOMIC_MOVE);
      Files.move(config, file("config", id), StandardCopyOption.ATOMIC_MOVE);
      Files.move(root, rootfs, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /// What a load that was broken off has left.
  private static void clear(Path where) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(where, LOADING + "*")) {
      for (Path each : all) {
        Trees.delete(each);
      }
    }
  }

  /// Removes what no name stands for. Images of older versions tell no layers and need none.
  private void clearUnnamed() throws IOException {
    Set<String> ids = new HashSet<>(idByName.values());
    ids.addAll(claimed.keySet());
    Predicate<String> unnamed =
        name -> name.matches(ID + "(\\.json)?") && !ids.contains(name.substring(0, 64));
    for (String kind : List.of("rootfs", "config", "about")) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(folder.resolve(kind))) {
        for (Path each : all) {
          if (unnamed.test(String.valueOf(each.getFileName()))) {
            Trees.delete(each);
          }
        }
      }
    }
    layers.keep(layersOf(ids));
  }

  /// Names count when they are saved and not before: an image by which containers run must be one
  /// after the next start, too.
  private synchronized void rename(Map<String, String> idByNewName) throws IOException {
    Map<String, String> all = list();
    all.putAll(idByNewName);
    save(all);
    idByName.putAll(idByNewName);
  }

  private void save(Map<String, String> idBySavedName) throws IOException {
    ObjectNode index = JSON.createObjectNode();
    idBySavedName.forEach(index::put);
    Path fresh = folder.resolve("index.json.new");
    Files.writeString(fresh, index.toPrettyString());
    Program.must(List.of("sync", fresh.toString()));
    Files.move(fresh, folder.resolve("index.json"), StandardCopyOption.ATOMIC_MOVE);
  }
}
