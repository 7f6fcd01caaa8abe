// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.Digests;
import dev.havn.node.image.Platform;
import dev.havn.reconcile.Api;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Pods on a real node, so that the first that a user starts finds loaded and profiled what it
/// needs. Their image is empty: programs and libraries are those of the machine.
final class TrainingPods {
  private static final String IMAGE = "localhost/havn-training:1";
  static final int PODS = 12;
  private static final int ROUNDS = 2;
  static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
  static final String PODS_PATH = "/api/v1/namespaces/default/pods";

  /// Where machines keep programs and what these need.
  private static final List<String> FOLDERS = List.of("/bin", "/lib", "/lib64", "/usr", "/nix");

  private TrainingPods() {}

  /// Gives up after a while on a machine on which such pods do not run: nothing depends on them.
  static void run(Cluster cluster, Path folder) throws IOException {
    var unused = cluster.runtimes().imageCommands().load(archive(folder));
    Api api = new Api(cluster.client("system:admin", List.of("system:masters")));
    boolean goesOn = true;
    for (int round = 0; round < ROUNDS && goesOn; round++) {
      api.create(DEPLOYMENTS, deployment().toString());
      boolean runs = TrainingLoad.await(() -> available(api) == PODS);
      api.delete(DEPLOYMENTS + "/training", Api.object().put("propagationPolicy", "Background"));
      goesOn = runs && TrainingLoad.await(() -> api.get(PODS_PATH).path("items").isEmpty());
    }
    if (!goesOn) {
      System.err.println("not trained with real pods: they do not run here");
    }
  }

  static int available(Api api) {
    return api.get(DEPLOYMENTS + "/training").path("status").path("availableReplicas").asInt();
  }

  static ObjectNode deployment() {
    ObjectNode deployment = Api.object();
    deployment.putObject("metadata").put("name", "training");
    ObjectNode spec = deployment.putObject("spec").put("replicas", PODS);
    spec.putObject("selector").putObject("matchLabels").put("app", "training");
    ObjectNode template = spec.putObject("template");
    template.putObject("metadata").putObject("labels").put("app", "training");
    ObjectNode pod = template.putObject("spec").put("terminationGracePeriodSeconds", 0);
    ObjectNode container = pod.putArray("containers").addObject();
    container.put("name", "main").put("image", IMAGE);
    container.putArray("command").add("sleep").add("3600");
    container.putArray("env").addObject().put("name", "PATH").put("value", "/bin:/usr/bin");
    ObjectNode requests = container.putObject("resources").putObject("requests");
    requests.put("cpu", "1m").put("memory", "1Mi");
    ArrayNode volumes = pod.putArray("volumes");
    ArrayNode mounts = container.putArray("volumeMounts");
    for (String each : FOLDERS) {
      if (Files.isDirectory(Path.of(each))) {
        String name = each.substring(1);
        volumes.addObject().put("name", name).putObject("hostPath").put("path", each);
        mounts.addObject().put("name", name).put("mountPath", each).put("readOnly", true);
      }
    }
    volumes.addObject().put("name", "scratch").putObject("emptyDir");
    mounts.addObject().put("name", "scratch").put("mountPath", "/scratch");
    return deployment;
  }

  /// A docker-archive of an image with one layer, in which there is nothing.
  static Path archive(Path folder) throws IOException {
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    tar(layer, Map.of());
    byte[] config =
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}"
            .formatted(Platform.architecture(), Digests.ofBytes(layer.toByteArray()))
            .getBytes(UTF_8);
    byte[] manifest =
        "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]}]"
            .formatted(IMAGE)
            .getBytes(UTF_8);
    Path file = folder.resolve("training.tar");
    try (OutputStream out = Files.newOutputStream(file)) {
      tar(
          out,
          Map.of(
              "config.json", config,
              "layer.tar", layer.toByteArray(),
              "manifest.json", manifest));
    }
    return file;
  }

  private static void tar(OutputStream out, Map<String, byte[]> files) throws IOException {
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      for (Map.Entry<String, byte[]> each : files.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry(each.getKey());
        entry.setSize(each.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(each.getValue());
        tar.closeArchiveEntry();
      }
    }
  }
}
