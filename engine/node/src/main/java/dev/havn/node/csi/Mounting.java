// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsResponse;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives a pod a volume: waits for nothing, asks the driver to stage and to publish it. Each step
/// may be done again when it was done already, as drivers must bear.
final class Mounting {
  private static final Logger LOG = LoggerFactory.getLogger(Mounting.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String node;
  private final CsiApi api;
  private final KubeletFolder folder;
  private final VolumePlaces places;
  private final Drivers drivers;
  private final PodTokens tokens;
  private final Expansion expansion;

  Mounting(
      String node,
      CsiApi api,
      KubeletFolder folder,
      VolumePlaces places,
      Drivers drivers,
      PodTokens tokens,
      Expansion expansion) {
    this.node = node;
    this.api = api;
    this.folder = folder;
    this.places = places;
    this.drivers = drivers;
    this.tokens = tokens;
    this.expansion = expansion;
  }

  /// One volume for one pod.
  ///
  /// @param isAgain whether the pod has it already
  record Wish(Pod pod, CsiVolume volume, DriverRules rules, boolean isAgain) {
    String uid() {
      return pod.getMetadata().getUid();
    }

    /// @throws StartException in the kubelet's words
    StartException failed(boolean isStaging, CsiException why) {
      String operation =
          volume.isBlock()
              ? isStaging ? "MapVolume.SetUpDevice" : "MapVolume.MapPodDevice"
              : isStaging ? "MountVolume.MountDevice" : "MountVolume.SetUp";
      return new StartException(
          volume.isBlock() ? "FailedMapVolume" : "FailedMount",
          "%s failed for volume \"%s\" : %s".formatted(operation, volume.name(), why.getMessage()),
          why);
    }
  }

  /// What the driver's attacher left for its other half; empty while the volume is not attached.
  Optional<Map<String, String>> publishContext(CsiVolume volume, DriverRules rules) {
    if (volume.isInline() || !rules.attachRequired()) {
      return Optional.of(Map.of());
    }
    return api.find("/apis/storage.k8s.io/v1/volumeattachments/" + volume.attachment(node))
        .map(each -> each.path("status"))
        .filter(each -> each.path("attached").asBoolean())
        .map(each -> texts(each.path("attachmentMetadata")));
  }

  private static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new TreeMap<>();
    object.properties().forEach(each -> texts.put(each.getKey(), each.getValue().asText()));
    return texts;
  }

  /// Stages and publishes.
  ///
  /// @throws StartException in the kubelet's words
  void mount(Wish wish, Map<String, String> publishContext) {
    boolean isStaging = !wish.volume().isInline();
    Requests requests;
    Set<Type> capabilities;
    try {
      Drivers.Registered registered = registered(wish.volume());
      wish.rules().requireMode(wish.volume().driver(), wish.volume().isInline());
      capabilities = registered.driver().capabilities();
      requests = new Requests(folder, places, registered, capabilities, wish.pod(), publishContext);
      if (isStaging && capabilities.contains(Type.STAGE_UNSTAGE_VOLUME)) {
        stage(wish.volume(), requests);
      }
    } catch (CsiException e) {
      throw wish.failed(isStaging, e);
    }
    try {
      publish(wish, requests);
      grow(wish, requests);
    } catch (CsiException e) {
      throw wish.failed(false, e);
    }
  }

  /// Lets a volume grow that its pod has already.
  ///
  /// @throws StartException in the kubelet's words
  void grow(Wish wish) {
    Optional<Drivers.Registered> registered = drivers.find(wish.volume().driver());
    if (registered.isEmpty() || expansion.due(wish.volume()).isEmpty()) {
      return;
    }
    try {
      Set<Type> capabilities = registered.get().driver().capabilities();
      grow(
          wish, new Requests(folder, places, registered.get(), capabilities, wish.pod(), Map.of()));
    } catch (CsiException e) {
      throw wish.failed(false, e);
    }
  }

  /// How full a volume is that its pod has, where its driver can say.
  Optional<NodeGetVolumeStatsResponse> stats(Wish wish) {
    Optional<Drivers.Registered> found = drivers.find(wish.volume().driver());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Drivers.Registered registered = found.get();
    try {
      if (!registered.driver().capabilities().contains(Type.GET_VOLUME_STATS)) {
        return Optional.empty();
      }
      Path target = places.target(wish.uid(), wish.volume());
      return Optional.of(
          registered
              .driver()
              .stats(wish.volume().handle(), folder.named(target, registered.endpoint())));
    } catch (CsiException e) {
      LOG.warn("how full volume {} is: {}", wish.volume().name(), e.getMessage());
      return Optional.empty();
    }
  }

  private void grow(Wish wish, Requests requests) throws CsiException {
    if (requests.capabilities().contains(Type.EXPAND_VOLUME)) {
      Optional<Expansion.Due> due = expansion.due(wish.volume());
      if (due.isPresent()) {
        expansion.expand(wish, requests, due.get());
      }
    }
  }

  private Drivers.Registered registered(CsiVolume volume) throws CsiException {
    Optional<Drivers.Registered> found = drivers.find(volume.driver());
    if (found.isEmpty()) {
      String at =
          volume.isBlock()
              ? "blockMapper.SetUpDevice failed to get CSI client"
              : volume.isInline()
                  ? "mounter.SetUpAt failed to get CSI client"
                  : "attacher.MountDevice failed to create newCsiDriverClient";
      throw new CsiException(
          "kubernetes.io/csi: %s: driver name %s not found in the list of registered CSI drivers"
              .formatted(at, volume.driver()));
    }
    return found.get();
  }

  private void stage(CsiVolume volume, Requests requests) throws CsiException {
    Map<String, String> secrets = secrets("NodeStageSecretRef", volume.secrets().stage());
    try {
      places.prepareStaging(volume);
    } catch (IOException e) {
      throw new CsiException(
          "kubernetes.io/csi: attacher.MountDevice failed to create dir \"%s\":  %s"
              .formatted(places.staging(volume), e.getMessage()),
          e);
    }
    NodeStageVolumeRequest request = requests.stage(volume, secrets);
    try {
      requests.driver().stage(request);
    } catch (CsiException e) {
      if (e.isFinal()) {
        forgetStaging(volume, e);
      }
      throw e;
    }
  }

  private void forgetStaging(CsiVolume volume, CsiException why) {
    try {
      places.removeStaging(
          new VolumePlaces.Placed(
              volume.name(),
              volume.driver(),
              volume.handle(),
              "",
              volume.isBlock(),
              places.staging(volume)));
    } catch (IOException e) {
      // It stays noted, and is unstaged when nobody uses it.
      why.addSuppressed(e);
    }
  }

  private void publish(Wish wish, Requests requests) throws CsiException {
    CsiVolume volume = wish.volume();
    Map<String, String> secrets =
        new HashMap<>(secrets("NodePublishSecretRef", volume.secrets().publish()));
    Map<String, String> attributes = new TreeMap<>(volume.attributes());
    if (wish.rules().podInfo()) {
      attributes.putAll(podInfo(wish));
    }
    Map<String, String> tokens = tokens(wish);
    (wish.rules().tokensInSecrets() ? secrets : attributes).putAll(tokens);
    try {
      places.prepareTarget(wish.uid(), volume);
    } catch (IOException e) {
      throw new CsiException(
          "kubernetes.io/csi: mounter.SetUpAt failed to save volume info data: " + e.getMessage(),
          e);
    }
    NodePublishVolumeRequest request = requests.publish(volume, attributes, secrets);
    try {
      requests.driver().publish(request);
    } catch (CsiException e) {
      // What a pod has is not taken away because it could not be renewed.
      if (e.isFinal() && !wish.isAgain()) {
        forgetTarget(wish, e);
      }
      throw e;
    }
  }

  private void forgetTarget(Wish wish, CsiException why) {
    try {
      for (VolumePlaces.Placed each : places.ofPod(wish.uid())) {
        if (each.name().equals(wish.volume().name())) {
          places.removeTarget(each);
        }
      }
    } catch (IOException e) {
      // It stays noted, and is unpublished with the pod.
      why.addSuppressed(e);
    }
  }

  private static Map<String, String> podInfo(Wish wish) {
    Pod pod = wish.pod();
    @Nullable String account = pod.getSpec().getServiceAccountName();
    return Map.of(
        "csi.storage.k8s.io/pod.name", pod.getMetadata().getName(),
        "csi.storage.k8s.io/pod.namespace", pod.getMetadata().getNamespace(),
        "csi.storage.k8s.io/pod.uid", wish.uid(),
        "csi.storage.k8s.io/serviceAccount.name", account == null ? "" : account,
        "csi.storage.k8s.io/ephemeral", String.valueOf(wish.volume().isInline()));
  }

  private Map<String, String> tokens(Wish wish) {
    if (wish.rules().tokens().isEmpty() || wish.volume().isBlock()) {
      return Map.of();
    }
    ObjectNode byAudience = JSON.createObjectNode();
    for (DriverRules.TokenRequest each : wish.rules().tokens()) {
      PodTokens.Token token = tokens.of(wish.pod(), each.audience(), each.seconds());
      byAudience
          .putObject(each.audience())
          .put("token", token.text())
          .put("expirationTimestamp", token.expires());
    }
    return Map.of("csi.storage.k8s.io/serviceAccount.tokens", byAudience.toString());
  }

  private Map<String, String> secrets(String field, CsiVolume.@Nullable Reference reference)
      throws CsiException {
    return reference == null ? Map.of() : secrets(api, field, reference);
  }

  static Map<String, String> secrets(CsiApi api, String field, CsiVolume.Reference reference)
      throws CsiException {
    Optional<JsonNode> found =
        api.find(
            "/api/v1/namespaces/%s/secrets/%s".formatted(reference.namespace(), reference.name()));
    if (found.isEmpty()) {
      throw new CsiException(
          "fetching %s %s failed: kubernetes.io/csi: failed to find the secret %s in the namespace %s with error: secrets \"%s\" not found"
              .formatted(
                  field, reference, reference.name(), reference.namespace(), reference.name()));
    }
    Map<String, String> values = new HashMap<>();
    found
        .get()
        .path("data")
        .properties()
        .forEach(
            each ->
                values.put(
                    each.getKey(),
                    new String(
                        Base64.getDecoder().decode(each.getValue().asText()),
                        StandardCharsets.UTF_8)));
    return values;
  }
}
