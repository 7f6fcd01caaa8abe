// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ApiServer;
import dev.havn.reconcile.RealTime;
import dev.havn.store.Backup;
import dev.havn.store.Contents;
import dev.havn.store.LogStore;
import dev.havn.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;

/// Everything of a cluster in one file: objects at one revision, the authority, the keys of tokens,
/// the address ranges, the cluster's id.
public final class ClusterBackup {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// In the data directory, and by the same names in a backup.
  static final List<String> FILES =
      List.of(
          "certificates/ca.crt",
          "certificates/ca.key",
          "certificates/service-accounts.key",
          "certificates/service-accounts.pub",
          "ranges.json");

  /// Made at the next start where they are missing.
  static final List<String> MORE_FILES =
      List.of("certificates/front-proxy/ca.crt", "certificates/front-proxy/ca.key");

  private ClusterBackup() {}

  /// Of a cluster that does not run; its store must be in the data directory.
  ///
  /// @return what was written
  /// @throws StartException when there is nothing to back up, or no file to be written
  public static JsonNode ofStopped(Path dataDirectory, Path file) {
    if (!Files.isDirectory(dataDirectory.resolve("store"))) {
      throw new StartException(
          "no server runs in %s, and it holds no store: `havn up` first; what lies in an etcd is backed up through a running server"
              .formatted(dataDirectory));
    }
    ScheduledExecutorService executor = new RealTime();
    try (DataDirectory directory = DataDirectory.open(dataDirectory, new SecureRandom());
        LogStore store =
            LogStore.open(directory.path().resolve("store"), InstantSource.system(), executor)) {
      return write(store.kept(), directory, "file", file);
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } finally {
      executor.shutdownNow();
    }
  }

  /// @param store where the objects lie, for whoever looks at the file
  static JsonNode write(Contents contents, DataDirectory directory, String store, Path file) {
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("clusterId", directory.clusterId()).put("version", ApiServer.VERSION);
    manifest.put("store", store).put("created", Instant.now().toString());
    manifest.put("revision", contents.revision()).put("entries", contents.size());
    Map<String, byte[]> files = new LinkedHashMap<>();
    try {
      for (String name : FILES) {
        files.put(name, Files.readAllBytes(directory.path().resolve(name)));
      }
      for (String name : MORE_FILES) {
        Path more = directory.path().resolve(name);
        if (Files.exists(more)) {
          files.put(name, Files.readAllBytes(more));
        }
      }
      long bytes = new Backup(manifest.toString(), files, contents).write(file.toAbsolutePath());
      return manifest.put("file", file.toAbsolutePath().toString()).put("bytes", bytes);
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new StartException(
          "the data directory " + directory.path() + " cannot be read: " + e, e);
    }
  }

  /// A backup with its manifest.
  record Found(Backup backup, JsonNode manifest) {
    /// @param name one of [#FILES]
    byte[] file(String name) {
      return Objects.requireNonNull(backup.files().get(name), name);
    }
  }

  /// @throws StartException when it is damaged, or not of a cluster
  static Found read(Path file) {
    try {
      Backup backup = Backup.read(file);
      JsonNode manifest = JSON.readTree(backup.manifest());
      boolean whole =
          manifest.path("clusterId").asText().matches("[0-9a-f]{8}")
              && backup.files().keySet().containsAll(FILES);
      if (!whole) {
        throw new StartException(file + " is a backup, but not of a cluster");
      }
      return new Found(backup, manifest);
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (JsonProcessingException e) {
      throw new StartException(file + " is a backup, but not of a cluster", e);
    }
  }
}
