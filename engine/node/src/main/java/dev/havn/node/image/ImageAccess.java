// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.credential.Credential;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Who may use an image that is here because it was pulled: `ID.json` says for each repository
/// whether all pods of the node may, or by which Secrets, as hashes, it was pulled. An image that
/// was loaded has no such file and is for all.
///
/// Kubernetes: KEP-2535, the policy `NeverVerifyPreloadedImages`.
public final class ImageAccess {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String EVERYBODY = "everybody";
  private static final String SECRETS = "secrets";
  private static final int SECRETS_MAX = 100;

  private final Path folder;

  public ImageAccess(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("records of access in " + folder, e);
    }
  }

  /// A registry has given the image to this credential.
  public synchronized void grant(String id, String repository, Optional<Credential> credential) {
    ObjectNode record = read(id).orElseGet(JSON::createObjectNode);
    ObjectNode entry = record.withObjectProperty(repository);
    if (credential.isEmpty() || credential.get().isOfNode()) {
      entry.put(EVERYBODY, true);
    } else {
      List<JsonNode> kept = new ArrayList<>();
      for (JsonNode each : entry.path(SECRETS)) {
        boolean same = each.path("uid").asText().equals(credential.get().source().uid());
        if (!same && kept.size() < SECRETS_MAX) {
          kept.add(each);
        }
      }
      ObjectNode secret = JSON.createObjectNode();
      secret.put("namespace", credential.get().source().namespace());
      secret.put("name", credential.get().source().name());
      secret.put("uid", credential.get().source().uid());
      secret.put("hash", credential.get().hash());
      kept.add(secret);
      entry.putArray(SECRETS).addAll(kept);
    }
    write(id, record);
  }

  /// Whether somebody with these credentials may use it. A Secret by which it was pulled stays good
  /// when its content changes, and a content when another Secret has it.
  public synchronized boolean isOpen(String id, String repository, List<Credential> credentials) {
    Optional<ObjectNode> record = read(id);
    if (record.isEmpty()) {
      return true;
    }
    JsonNode entry = record.get().path(repository);
    if (entry.path(EVERYBODY).asBoolean()) {
      return true;
    }
    for (JsonNode secret : entry.path(SECRETS)) {
      for (Credential each : credentials) {
        boolean sameSecret =
            !each.isOfNode() && each.source().uid().equals(secret.path("uid").asText());
        if (sameSecret || each.hash().equals(secret.path("hash").asText())) {
          return true;
        }
      }
    }
    return false;
  }

  /// Forgets images that are not here any more.
  public synchronized void keep(List<String> ids) {
    try (var all = Files.newDirectoryStream(folder, "*.json")) {
      for (Path each : all) {
        if (!ids.contains(String.valueOf(each.getFileName()).replace(".json", ""))) {
          Files.delete(each);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("records of access in " + folder, e);
    }
  }

  private Path file(String id) {
    return folder.resolve(id + ".json");
  }

  private Optional<ObjectNode> read(String id) {
    try {
      return JSON.readTree(Files.readAllBytes(file(id))) instanceof ObjectNode record
          ? Optional.of(record)
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("record of access to " + id, e);
    }
  }

  private void write(String id, ObjectNode record) {
    try {
      Path fresh = folder.resolve(id + ".new");
      Files.writeString(fresh, record.toPrettyString());
      Files.move(fresh, file(id), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("record of access to " + id, e);
    }
  }
}
