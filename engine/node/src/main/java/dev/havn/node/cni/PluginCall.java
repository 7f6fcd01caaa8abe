// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One call of a plugin: a program that is told by its environment what to do and reads its part of
/// the configuration (specification, section 2).
///
/// @param programs folders in which it is looked for
/// @param timeMax that it may take
/// @param namespace the node's own network, in which it works; null for the machine's
record PluginCall(
    NetworkList list, List<Path> programs, Duration timeMax, @Nullable NetworkNamespace namespace) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN_MAX = 512;
  private static final Map<String, String> NAMES =
      Map.of("ADD", "add", "DEL", "delete", "CHECK", "check", "STATUS", "status", "GC", "gc");

  /// @param verb such as `ADD`
  /// @param attachment that it is about, null for none
  /// @param more of the configuration
  /// @return what it prints, empty for nothing
  Optional<ObjectNode> run(
      String verb, ObjectNode plugin, @Nullable Attachment attachment, ObjectNode more)
      throws CniException {
    try {
      return ask(verb, plugin, attachment, more);
    } catch (CniException e) {
      throw new CniException(
          e.code(),
          "plugin %s failed (%s): %s"
              .formatted(described(plugin), NAMES.getOrDefault(verb, verb), e.getMessage()),
          e);
    }
  }

  private static String described(ObjectNode plugin) {
    String type = "type=\"" + plugin.path("type").asText() + '"';
    return plugin.has("name") ? type + " name=\"" + plugin.path("name").asText() + '"' : type;
  }

  private Optional<ObjectNode> ask(
      String verb, ObjectNode plugin, @Nullable Attachment attachment, ObjectNode more)
      throws CniException {
    List<String> program = List.of(find(plugin.path("type").asText()).toString());
    Map<String, String> variables = variables(verb, attachment);
    Program.Answer answer;
    try {
      answer =
          Program.ask(
              namespace == null ? program : namespace.command(program),
              variables,
              input(plugin, attachment, more).toString(),
              timeMax);
    } catch (IOException e) {
      throw new CniException(
          CniException.UNKNOWN, "netplugin failed with no error message: " + e.getMessage(), e);
    }
    if (answer.status() != 0) {
      throw failure(answer);
    }
    return answer.output().isBlank() ? Optional.empty() : Optional.of(object(answer.output()));
  }

  private Path find(String type) throws CniException {
    for (Path folder : programs) {
      Path program = folder.resolve(type);
      if (Files.isRegularFile(program) && Files.isExecutable(program)) {
        return program;
      }
    }
    throw new CniException(
        CniException.UNKNOWN,
        "failed to find plugin \"%s\" in path [%s]"
            .formatted(
                type, programs.stream().map(Path::toString).collect(Collectors.joining(" "))));
  }

  private Map<String, String> variables(String verb, @Nullable Attachment attachment) {
    Map<String, String> all = new HashMap<>();
    all.put("CNI_COMMAND", verb);
    all.put("CNI_PATH", programs.stream().map(Path::toString).collect(Collectors.joining(":")));
    if (attachment != null) {
      all.put("CNI_CONTAINERID", attachment.id());
      all.put("CNI_IFNAME", Sandbox.LINK);
      all.put("CNI_ARGS", attachment.arguments());
      // What a restart of the machine took away a plugin must not look for.
      boolean isThere = !verb.equals("DEL") || Files.exists(attachment.network());
      all.put("CNI_NETNS", isThere ? attachment.network().toString() : "");
    }
    return all;
  }

  private ObjectNode input(ObjectNode plugin, @Nullable Attachment attachment, ObjectNode more) {
    ObjectNode input = plugin.deepCopy();
    input.put("name", list.name()).put("cniVersion", list.version().toString());
    ObjectNode wanted = JsonNodeFactory.instance.objectNode();
    if (attachment != null) {
      for (Map.Entry<String, JsonNode> each : attachment.capabilities().properties()) {
        if (NetworkList.takes(plugin, each.getKey())) {
          wanted.set(each.getKey(), each.getValue());
        }
      }
    }
    if (!wanted.isEmpty()) {
      input.set("runtimeConfig", wanted);
    }
    input.setAll(more);
    return input;
  }

  private static ObjectNode object(String text) throws CniException {
    try {
      if (JSON.readTree(text) instanceof ObjectNode object) {
        return object;
      }
      throw new CniException(CniException.CANNOT_DECODE, "its answer is no object: " + cut(text));
    } catch (JsonProcessingException e) {
      throw new CniException(CniException.CANNOT_DECODE, "its answer is no JSON: " + cut(text), e);
    }
  }

  /// What a plugin that fails prints is an error (specification, section 5).
  private static CniException failure(Program.Answer answer) {
    if (answer.output().isBlank()) {
      return new CniException(
          CniException.UNKNOWN,
          answer.errors().isEmpty()
              ? "netplugin failed with no error message: exit status " + answer.status()
              : "netplugin failed: \"" + cut(answer.errors()) + '"');
    }
    try {
      JsonNode error = JSON.readTree(answer.output());
      String details = error.path("details").asText("");
      return new CniException(
          error.path("code").asInt(CniException.UNKNOWN),
          cut(error.path("msg").asText("") + (details.isEmpty() ? "" : "; " + details)));
    } catch (JsonProcessingException e) {
      return new CniException(
          CniException.CANNOT_DECODE,
          "netplugin failed but error parsing its diagnostic message \"%s\": %s"
              .formatted(cut(answer.output()), e.getOriginalMessage()),
          e);
    }
  }

  /// As much of what a program says as an event has room for.
  private static String cut(String text) {
    return text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "..." : text;
  }
}
