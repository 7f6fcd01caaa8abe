// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The networks of pods that the machine's plugins make. What is made, or was begun, is noted in a
/// folder, so that it is taken away whatever happens to this process and to the configuration.
///
/// Threads: any, one at a time for each pod.
public final class CniNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(CniNetwork.class);
  private static final String PREVIOUS = "prevResult";

  private final AttachmentFiles files;
  private final CniPlaces places;
  private final Duration timeMax;

  /// @param folder for what is noted
  /// @param timeMax that a plugin may take
  public CniNetwork(Path folder, CniPlaces places, Duration timeMax) {
    this.files = new AttachmentFiles(folder);
    this.places = places;
    this.timeMax = timeMax;
  }

  /// Gives a pod its network. One that fails leaves nothing, or what a later [#detach] finds.
  ///
  /// @return the pod's addresses, those of IPv4 first; at least one
  /// @throws CniException in the words of CNI's library
  public List<String> attach(Sandbox sandbox) throws IOException {
    NetworkList list =
        NetworkList.first(places.configurations())
            .orElseThrow(
                () ->
                    new CniException(
                        CniException.INVALID_CONFIGURATION, "cni plugin not initialized"));
    Attachment begun =
        new Attachment(
            sandbox.id(),
            sandbox.network(),
            list,
            places.programs(),
            sandbox.arguments(),
            Capabilities.of(sandbox),
            null);
    files.write(begun);
    try {
      @Nullable CniResult result = null;
      for (ObjectNode plugin : list.plugins()) {
        result = add(begun, plugin, result);
      }
      if (result == null || result.addresses().isEmpty()) {
        throw new CniException(
            CniException.CANNOT_DECODE,
            "failed to find network info for sandbox \"%s\"".formatted(sandbox.id()));
      }
      Attachment made = begun.with(result);
      files.write(made);
      LinkFilters.lookAtBridged(result.hostLinks());
      return result.addresses();
    } catch (IOException e) {
      try {
        detach(sandbox.id());
      } catch (IOException stays) {
        e.addSuppressed(stays);
      }
      throw e;
    }
  }

  private CniResult add(Attachment begun, ObjectNode plugin, @Nullable CniResult before)
      throws CniException {
    ObjectNode more = JsonNodeFactory.instance.objectNode();
    if (before != null) {
      more.set(PREVIOUS, before.json());
    }
    Optional<ObjectNode> answer = call(begun).run("ADD", plugin, begun, more);
    if (answer.isEmpty()) {
      throw new CniException(
          CniException.CANNOT_DECODE,
          "plugin type=\"%s\" failed (add): it gives no result"
              .formatted(plugin.path("type").asText()));
    }
    return CniResult.of(answer.get(), begun.list().version());
  }

  private PluginCall call(Attachment attachment) {
    return new PluginCall(attachment.list(), attachment.programs(), timeMax);
  }

  /// The addresses of a pod whose network is made; empty when it is not, or not wholly.
  public List<String> find(String id) throws IOException {
    Optional<CniResult> result = files.find(id).map(Attachment::result);
    return result.isEmpty() ? List.of() : result.get().addresses();
  }

  /// Takes a pod's network away, the last plugin first. Nothing is forgotten when one fails.
  public void detach(String id) throws IOException {
    Optional<Attachment> found = files.find(id);
    if (found.isEmpty()) {
      return;
    }
    Attachment attachment = found.get();
    for (ObjectNode plugin : attachment.list().plugins().reversed()) {
      Optional<ObjectNode> unused =
          call(attachment).run("DEL", plugin, attachment, made(attachment));
    }
    files.delete(id);
  }

  private static ObjectNode made(Attachment attachment) {
    ObjectNode more = JsonNodeFactory.instance.objectNode();
    @Nullable CniResult result = attachment.result();
    if (result != null && attachment.list().version().isAtLeast(Version.V0_4_0)) {
      more.set(PREVIOUS, result.json());
    }
    return more;
  }

  /// Asks the plugins whether a pod's network is as they made it.
  ///
  /// @throws CniException when it is not
  public void check(String id) throws IOException {
    Optional<Attachment> found = files.find(id);
    if (found.isEmpty() || !found.get().list().isChecked()) {
      return;
    }
    for (ObjectNode plugin : found.get().list().plugins()) {
      Optional<ObjectNode> unused =
          call(found.get()).run("CHECK", plugin, found.get(), made(found.get()));
    }
  }

  /// Tells plugins which pods there are, so that they free what is left of others.
  public void collect() throws IOException {
    Optional<NetworkList> list = NetworkList.first(places.configurations());
    if (list.isEmpty() || !list.get().isCollected()) {
      return;
    }
    ObjectNode more = JsonNodeFactory.instance.objectNode();
    // The second name is the one that the library had before the specification named the first.
    for (String key : List.of("cni.dev/valid-attachments", "cni.dev/attachments")) {
      ArrayNode valid = more.putArray(key);
      for (String id : files.ids()) {
        valid.addObject().put("containerID", id).put("ifname", Sandbox.LINK);
      }
    }
    PluginCall call = new PluginCall(list.get(), places.programs(), timeMax);
    for (ObjectNode plugin : list.get().plugins()) {
      try {
        Optional<ObjectNode> unused = call.run("GC", plugin, null, more);
      } catch (CniException e) {
        LOG.warn("network {}: {}", list.get().name(), e.getMessage());
      }
    }
  }

  /// What keeps pods from getting a network; empty when nothing does.
  public Optional<String> problem() {
    try {
      Optional<NetworkList> list = NetworkList.first(places.configurations());
      if (list.isEmpty()) {
        return Optional.of("cni plugin not initialized");
      }
      if (list.get().hasStatus()) {
        PluginCall call = new PluginCall(list.get(), places.programs(), timeMax);
        for (ObjectNode plugin : list.get().plugins()) {
          Optional<ObjectNode> unused =
              call.run("STATUS", plugin, null, JsonNodeFactory.instance.objectNode());
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// Takes all networks away. One that cannot be is told in the log and noted no more.
  public void detachAll() throws IOException {
    for (String id : files.ids()) {
      try {
        detach(id);
      } catch (IOException e) {
        LOG.warn("the network of pod {} is not wholly removed: {}", id, e.getMessage());
        files.delete(id);
      }
    }
    Files.deleteIfExists(files.folder());
  }

  /// Whether anything is noted.
  public boolean isUsed() throws IOException {
    return !files.ids().isEmpty();
  }
}
