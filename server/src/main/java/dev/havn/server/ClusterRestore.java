// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.encryption.EncryptionAtRest;
import dev.havn.reconcile.RealTime;
import dev.havn.store.EtcdRestore;
import dev.havn.store.LogStore;
import dev.havn.store.Sealing;
import dev.havn.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes a cluster what a backup says. Nothing of what was there is touched before all of the file
/// has been read and found whole.
///
/// Revisions go on far above those of the backup and of what was there, so that no client takes an
/// old one for a new one: its watches are told that they are too late.
public final class ClusterRestore {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// More than a cluster writes between a backup and its restore.
  private static final long REVISIONS_ABOVE = 1_000_000_000;

  private static final Pattern STORE_FILE = Pattern.compile("(?:snapshot|log)-([0-9]{19})");
  private static final FileAttribute<?> OWN =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Configuration configuration;
  private final Path dataDirectory;

  /// @param configuration of the cluster that comes to be: its data directory and its store
  public ClusterRestore(Configuration configuration) {
    this.configuration = configuration;
    this.dataDirectory = configuration.dataDirectory().toAbsolutePath();
  }

  /// What would be lost, in words; null when nothing would.
  public @Nullable String replaces() {
    return switch (configuration.store().kind()) {
      case MEMORY ->
          throw new StartException("--store memory keeps nothing that could be restored");
      case FILE -> isEmpty() ? null : "everything in " + dataDirectory;
      case ETCD -> {
        try (Etcd etcd = new Etcd()) {
          yield etcd.restore.isTaken()
              ? "everything below %s in %s"
                  .formatted(configuration.store().etcd().prefix(), configuration.store())
              : null;
        } catch (StoreException e) {
          throw new StartException(String.valueOf(e.getMessage()), e);
        }
      }
    };
  }

  private boolean isEmpty() {
    if (!Files.exists(dataDirectory)) {
      return true;
    }
    try (Stream<Path> files = Files.list(dataDirectory)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      throw new StartException("data directory " + dataDirectory + " cannot be read: " + e, e);
    }
  }

  /// Restores, and replaces what is there.
  ///
  /// @return what was restored
  /// @throws StartException when the file is damaged or a server runs
  public JsonNode from(Path file) {
    ClusterBackup.Found found = ClusterBackup.read(file);
    try {
      switch (configuration.store().kind()) {
        case FILE -> intoDirectory(found);
        case ETCD -> intoEtcd(found);
        case MEMORY ->
            throw new StartException("--store memory keeps nothing that could be restored");
      }
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new StartException("the restore into " + dataDirectory + " failed: " + e, e);
    }
    ObjectNode restored = found.manifest().deepCopy();
    return restored
        .put("file", file.toAbsolutePath().toString())
        .put("dataDirectory", dataDirectory.toString())
        .put("store", configuration.store().toString());
  }

  private void intoDirectory(ClusterBackup.Found found) throws IOException {
    if (DataDirectory.isInUse(dataDirectory)) {
      throw new StartException(
          "a server runs in %s: `havn down` stops it".formatted(dataDirectory));
    }
    Path fresh = beside(".restoring");
    Path old = beside(".replaced");
    deleteIfThere(fresh);
    boolean replaces = Files.exists(dataDirectory);
    long revision =
        Math.max(found.backup().contents().revision(), highest(dataDirectory.resolve("store")))
            + REVISIONS_ABOVE;
    Files.createDirectory(fresh, OWN);
    fill(fresh, found);
    LogStore.restore(fresh.resolve("store"), found.backup().contents(), revision);
    if (replaces) {
      Havn.cleanUp(dataDirectory);
      deleteIfThere(old);
      Path images = dataDirectory.resolve("images");
      if (Files.isDirectory(images)) {
        Files.move(images, fresh.resolve("images"));
      }
      Files.move(dataDirectory, old);
    }
    Files.move(fresh, dataDirectory);
    deleteIfThere(old);
  }

  private Path beside(String ending) {
    return dataDirectory.resolveSibling(dataDirectory.getFileName() + ending);
  }

  private static void deleteIfThere(Path folder) throws IOException {
    if (Files.exists(folder)) {
      Usage.delete(folder);
    }
  }

  private static void fill(Path fresh, ClusterBackup.Found found) throws IOException {
    DataDirectory.name(fresh, found.manifest().path("clusterId").asText());
    Files.createDirectory(fresh.resolve("certificates"), OWN);
    Files.createDirectory(fresh.resolve("certificates/front-proxy"), OWN);
    List<String> names = new ArrayList<>(ClusterBackup.FILES);
    ClusterBackup.MORE_FILES.stream()
        .filter(found.backup().files()::containsKey)
        .forEach(names::add);
    for (String name : names) {
      Path file = fresh.resolve(name);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, found.file(name));
    }
  }

  /// The highest revision in the names of a store's files; what they hold may be damaged.
  private static long highest(Path store) throws IOException {
    if (!Files.isDirectory(store)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(store)) {
      return files
          .map(file -> STORE_FILE.matcher(String.valueOf(file.getFileName())))
          .filter(Matcher::matches)
          .mapToLong(name -> Long.parseLong(name.group(1)))
          .max()
          .orElse(0);
    }
  }

  private void intoEtcd(ClusterBackup.Found found) throws IOException {
    JsonNode ranges = JSON.readTree(found.file("ranges.json"));
    try (Etcd etcd = new Etcd()) {
      List<String> servers = etcd.restore.notes().list(SharedCluster.SERVERS);
      if (!servers.isEmpty()) {
        throw new StartException(
            "servers run on %s (%s): `havn down` stops each; a killed one is forgotten after 15 s"
                .formatted(configuration.store(), String.join(", ", servers)));
      }
      etcd.restore.replace(found.backup().contents(), REVISIONS_ABOVE);
      SharedCluster.leave(
          etcd.restore.notes(),
          ranges.path("service-range").asText(),
          name -> found.file("certificates/" + name));
    }
  }

  /// The etcd to restore into.
  private final class Etcd implements AutoCloseable {
    private final RealTime executor = new RealTime();
    private final EtcdRestore restore;

    Etcd() {
      InstantSource clock = InstantSource.system();
      @Nullable Path file = configuration.store().encryption();
      Sealing sealing =
          file == null
              ? EncryptionAtRest.unconfigured()
              : EncryptionAtRest.open(file, clock, new SecureRandom(), executor);
      this.restore = new EtcdRestore(configuration.store().settings(), sealing, clock, executor);
    }

    @Override
    public void close() {
      restore.close();
      executor.shutdownNow();
    }
  }
}
