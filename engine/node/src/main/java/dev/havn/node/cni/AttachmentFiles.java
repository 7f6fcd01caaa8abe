// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Attachments as files of a folder, one for each pod, by its id.
///
/// @param folder made with the first of them
record AttachmentFiles(Path folder) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger LOG = LoggerFactory.getLogger(AttachmentFiles.class);
  private static final String SUFFIX = ".json";

  private Path file(String id) {
    return folder.resolve(id + SUFFIX);
  }

  void write(Attachment attachment) throws IOException {
    Files.createDirectories(folder);
    Path fresh = folder.resolve(attachment.id() + ".new");
    Files.writeString(fresh, attachment.json().toString());
    Files.move(fresh, file(attachment.id()), StandardCopyOption.ATOMIC_MOVE);
  }

  private Attachment read(String id) throws IOException {
    return Attachment.parse(JSON.readTree(Files.readString(file(id))), file(id).toString());
  }

  /// One that a power cut tore tells of nothing that outlived it but what plugins have noted
  /// themselves; it is told in the log and deleted.
  Optional<Attachment> find(String id) throws IOException {
    try {
      return Optional.of(read(id));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonProcessingException | CniException e) {
      LOG.warn("what plugins have made for pod {} is not known: {}", id, e.getMessage());
      delete(id);
      return Optional.empty();
    }
  }

  /// Whether every one of them can be read.
  boolean areWhole() throws IOException {
    for (String id : ids()) {
      try {
        Attachment unused = read(id);
      } catch (JsonProcessingException | CniException e) {
        LOG.warn("{} is torn: {}", file(id), e.getMessage());
        return false;
      }
    }
    return true;
  }

  /// All but one, and but those that are torn, of which nothing is known.
  List<Attachment> others(String id) throws IOException {
    List<Attachment> all = new ArrayList<>();
    for (String each : ids()) {
      try {
        if (!each.equals(id)) {
          all.add(read(each));
        }
      } catch (NoSuchFileException | JsonProcessingException | CniException e) {
        LOG.debug("{} is gone or torn", file(each), e);
      }
    }
    return all;
  }

  void delete(String id) throws IOException {
    Files.deleteIfExists(file(id));
  }

  List<String> ids() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(each -> each.endsWith(SUFFIX))
          .map(each -> each.substring(0, each.length() - SUFFIX.length()))
          .toList();
    }
  }
}
