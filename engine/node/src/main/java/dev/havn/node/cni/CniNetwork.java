// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
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

  /// The number of a node's own address in its range.
  static final int OWN = 1;

  private final Settings settings;
  private final AttachmentFiles files;
  private final CniPlaces places;

  /// @param folder for what is noted
  /// @param timeMax that a plugin may take
  /// @param namespace the node's own network, in which plugins work; null for the machine's
  /// @param ranges the addresses of the node's pods, for plugins that take theirs from it
  /// @param bound whether pods may have no others
  public record Settings(
      Path folder,
      CniPlaces places,
      Duration timeMax,
      @Nullable NetworkNamespace namespace,
      Ranges ranges,
      boolean bound) {}

  public CniNetwork(Settings settings) {
    this.settings = settings;
    this.files = new AttachmentFiles(settings.folder());
    this.places = settings.places();
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
    Attachment begun = begin(sandbox, list);
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
      requireBound(result, list);
      LinkFilters.lookAtBridged(result.hostLinks(), settings.namespace());
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

  /// Notes what a pod asks for. Of two that ask for the same the second one finds it taken.
  private synchronized Attachment begin(Sandbox sandbox, NetworkList list) throws IOException {
    NetworkSelection asked = NetworkSelection.of(sandbox.annotations(), list.name());
    Attachment begun =
        new Attachment(
            sandbox.id(),
            sandbox.network(),
            list,
            places.programs(),
            sandbox.arguments(),
            Capabilities.of(sandbox, asked, list, settings.ranges()),
            null);
    if (!asked.isNone()) {
      TakenAddresses.of(
              list,
              files.others(sandbox.id()),
              settings.ranges(),
              settings.bound(),
              settings.namespace())
          .requireFree(asked);
    }
    files.write(begun);
    return begun;
  }

  /// Other nodes reach pods by the range of the node, and it has the first address itself.
  private void requireBound(CniResult result, NetworkList list) throws CniException {
    Ranges ranges = settings.ranges();
    for (String each : result.addresses()) {
      boolean isOwn = ranges.contains(each) && !ranges.addresses(OWN).contains(each);
      if (settings.bound() && !isOwn) {
        throw new CniException(
            CniException.INVALID_CONFIGURATION,
            "network %s gives address %s, which is not for pods of this node (%s): of several nodes, each one's pods need addresses of its range, which a plugin takes that has the capability 'ipRanges'"
                .formatted(list.name(), each, ranges));
      }
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
    return call(attachment.list(), attachment.programs());
  }

  private PluginCall call(NetworkList list, List<Path> programs) {
    return new PluginCall(list, programs, settings.timeMax(), settings.namespace());
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

  /// Tells plugins which pods there are, so that they free what is left of others. It is told of
  /// the pods of all nodes, and only where nobody else seems to have any: plugins keep one book of
  /// a network for the whole machine, and would free what others use. Nobody may get a network
  /// meanwhile, on any node.
  public void collect(Neighbours neighbours) throws IOException {
    Optional<NetworkList> list = NetworkList.first(places.configurations());
    if (list.isEmpty() || !list.get().isCollected()) {
      return;
    }
    String name = list.get().name();
    Optional<Path> stranger = neighbours.sign(name);
    if (stranger.isPresent()) {
      LOG.info(
          "plugins of network {} are not told to free what is left of former pods: another runtime may have some of its own there, as of {}",
          name,
          stranger.get());
      return;
    }
    SortedSet<String> ids = new TreeSet<>();
    for (Path folder : neighbours.notes()) {
      AttachmentFiles ofNode = new AttachmentFiles(folder);
      if (!ofNode.areWhole()) {
        LOG.warn(
            "plugins of network {} are not told to free what is left of former pods: not all pods of {} are known",
            name,
            folder);
        return;
      }
      ids.addAll(ofNode.ids());
    }
    collect(list.get(), ids);
  }

  private void collect(NetworkList list, SortedSet<String> ids) {
    ObjectNode more = JsonNodeFactory.instance.objectNode();
    // The second name is the one that the library had before the specification named the first.
    for (String key : List.of("cni.dev/valid-attachments", "cni.dev/attachments")) {
      ArrayNode valid = more.putArray(key);
      ids.forEach(id -> valid.addObject().put("containerID", id).put("ifname", Sandbox.LINK));
    }
    PluginCall call = call(list, places.programs());
    for (ObjectNode plugin : list.plugins()) {
      try {
        Optional<ObjectNode> unused = call.run("GC", plugin, null, more);
      } catch (CniException e) {
        LOG.warn("network {}: {}", list.name(), e.getMessage());
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
        PluginCall call = call(list.get(), places.programs());
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
