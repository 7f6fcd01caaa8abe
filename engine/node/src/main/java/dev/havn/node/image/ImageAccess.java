// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.credential.Credential;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who may use an image that is here because it was pulled: `ID.json` says for each repository
/// whether all pods of the node may, or by which Secrets, as hashes, it was pulled. An image that
/// was loaded has no such file, or one that says so, and is for all. What cannot be read is closed.
///
/// Kubernetes: KEP-2535, the policy `NeverVerifyPreloadedImages`.
public final class ImageAccess {
  private static final Logger LOG = LoggerFactory.getLogger(ImageAccess.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String EVERYBODY = "everybody";
  private static final String SECRETS = "secrets";
  private static final String PRELOADED = "preloaded";
  private static final int SECRETS_MAX = 100;
  private static final int SALT_BYTES = 16;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Set<StandardOpenOption> NEW =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  private static final FileAttribute<?> OWN =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path folder;

  /// Images that are on their way.
  private final Set<String> expected = new HashSet<>();

  public ImageAccess(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("records of access in " + folder, e);
    }
  }

  /// An image is about to be here: it is closed until it is granted, also if nobody comes to that.
  ///
  /// @param here the images that are here already
  public synchronized void expect(String id, Collection<String> here) {
    expected.add(id);
    if (read(id).isEmpty() && !here.contains(id)) {
      write(id, JSON.createObjectNode());
    }
  }

  /// An image was loaded by who runs the node, for all.
  public synchronized void preloaded(String id) {
    Optional<ObjectNode> record = read(id);
    if (record.isPresent()) {
      write(id, record.get().put(PRELOADED, true));
    }
  }

  /// Whether who runs the node has loaded an image, so that no registry may have it.
  public synchronized boolean isPreloaded(String id) {
    return read(id).map(record -> record.path(PRELOADED).asBoolean()).orElse(true);
  }

  /// A registry has given the image to this credential.
  public synchronized void grant(String id, String repository, Optional<Credential> credential) {
    // One that nobody expected was loaded before.
    ObjectNode record = read(id).orElseGet(() -> JSON.createObjectNode().put(PRELOADED, true));
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
      String salt = salt();
      secret.put("salt", salt).put("hash", hash(salt, credential.get()));
      kept.add(secret);
      entry.putArray(SECRETS).addAll(kept);
    }
    write(id, record);
    expected.remove(id);
  }

  /// Whether somebody with these credentials may use it. A Secret by which it was pulled stays good
  /// when its content changes, and a content when another Secret has it.
  public synchronized boolean isOpen(String id, String repository, List<Credential> credentials) {
    Optional<ObjectNode> record = read(id);
    if (record.isEmpty() || record.get().path(PRELOADED).asBoolean()) {
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
        String known = hash(secret.path("salt").asText(""), each);
        if (sameSecret || known.equals(secret.path("hash").asText())) {
          return true;
        }
      }
    }
    return false;
  }

  /// Whether an image is nobody's secret: it was loaded, or its registry has given it to who showed
  /// no credential, or one that all pods may use.
  public synchronized boolean isForAll(String id) {
    Optional<ObjectNode> record = read(id);
    if (record.isEmpty() || record.get().path(PRELOADED).asBoolean()) {
      return true;
    }
    for (JsonNode entry : record.get()) {
      if (entry.path(EVERYBODY).asBoolean()) {
        return true;
      }
    }
    return false;
  }

  /// Forgets images that are not here any more.
  ///
  /// @param here tells those that are, while nothing is granted
  public synchronized void keep(Supplier<List<String>> here) {
    Set<String> ids = new HashSet<>(here.get());
    ids.addAll(expected);
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

  private static String salt() {
    byte[] salt = new byte[SALT_BYTES];
    RANDOM.nextBytes(salt);
    return HexFormat.of().formatHex(salt);
  }

  /// From which a password cannot be found by a table made beforehand. Records of older versions
  /// have no salt.
  private static String hash(String salt, Credential credential) {
    return salt.isEmpty()
        ? credential.hash()
        : Digests.ofBytes((salt + ":" + credential.hash()).getBytes(StandardCharsets.UTF_8));
  }

  private Path file(String id) {
    return folder.resolve(id + ".json");
  }

  private Optional<ObjectNode> read(String id) {
    try {
      return JSON.readTree(Files.readAllBytes(file(id))) instanceof ObjectNode record
          ? Optional.of(record)
          : Optional.of(JSON.createObjectNode());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      LOG.warn("the record of access to image {} cannot be read: {}", id, e.getMessage());
      return Optional.of(JSON.createObjectNode());
    }
  }

  private void write(String id, ObjectNode record) {
    try {
      Path fresh = folder.resolve(id + ".new");
      Files.deleteIfExists(fresh);
      try (FileChannel out = FileChannel.open(fresh, NEW, OWN)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(record.toPrettyString());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file(id), StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
        names.force(true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("record of access to " + id, e);
    }
  }
}
