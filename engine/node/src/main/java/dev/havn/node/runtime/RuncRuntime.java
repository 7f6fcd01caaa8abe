// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Containers by runc, each below a conmon of its own that keeps its log and its exit code: they
/// outlive this process, and the next one finds them by the files they leave.
///
/// `pods/UID/containers/ID/` holds a container: `container.json` what it is, `config.json` its
/// bundle, `log`, `pid`, and the overlay's folders. `exits/ID` appears when it has ended.
public final class RuncRuntime implements ContainerRuntime {
  /// The programs it needs.
  public static final List<String> PROGRAMS =
      List.of("runc", "conmon", "ip", "mount", "umount", "unshare", "tar");

  private static final Logger LOG = LoggerFactory.getLogger(RuncRuntime.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long LOOK_EVERY_MILLIS = 100;
  private static final int PID_LOOKS_MAX = 200;

  private final Path folder;
  private final String id;
  private final ImageStore images;
  private final PodNetwork network;
  private final PodNamespaces namespaces;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final String version;
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private volatile Consumer<String> changed = _ -> {};
  private volatile boolean closed;

  /// @param id of cluster and node, in the names of all that is made outside of `folder`
  /// @param addressPrefix the first three parts of the pods' addresses
  public RuncRuntime(
      Path folder,
      String id,
      String addressPrefix,
      ImageStore images,
      InstantSource clock,
      ScheduledExecutorService executor) {
    try {
      this.folder = Files.createDirectories(folder);
      this.id = id;
      this.images = images;
      this.clock = clock;
      this.executor = executor;
      Files.createDirectories(folder.resolve("pods"));
      Files.createDirectories(folder.resolve("exits"));
      this.network = new PodNetwork(folder.resolve("addresses"), id, addressPrefix);
      network.open();
      this.namespaces = new PodNamespaces(Path.of("/run/havn-" + id));
      this.version = "runc://" + Program.must(List.of("runc", "--version")).split("\\s+")[2];
    } catch (IOException e) {
      throw new StartException(
          "RuntimeError", "runc runtime in " + folder + ": " + e.getMessage(), e);
    }
    look();
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public boolean needsImages() {
    return true;
  }

  private Path pod(String uid) {
    return folder.resolve("pods").resolve(uid);
  }

  private Path container(String uid, String containerId) {
    return pod(uid).resolve("containers").resolve(containerId);
  }

  private Path exit(String containerId) {
    return folder.resolve("exits").resolve(containerId);
  }

  /// Looks for containers that have ended; files tell nothing by themselves.
  private void look() {
    if (closed) {
      return;
    }
    try (Stream<Path> exits = Files.list(folder.resolve("exits"))) {
      for (Path file : exits.toList()) {
        String containerId = String.valueOf(file.getFileName());
        if (told.add(containerId)) {
          changed.accept(containerId.substring(0, 36));
        }
      }
    } catch (IOException e) {
      LOG.warn("exits in {} cannot be read: {}", folder, e.getMessage());
    }
    try {
      var unused = executor.schedule(this::look, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  @Override
  public String ensurePod(PodPlace place) {
    try {
      Path pod = Files.createDirectories(pod(place.uid()));
      Files.createDirectories(pod.resolve("containers"));
      namespaces.ensure(place);
      String address = place.sharing().hostNetwork() ? "" : network.ensure(place.uid());
      return address;
    } catch (IOException e) {
      throw new StartException(
          "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.getMessage(), e);
    }
  }

  @Override
  public void start(PodPlace place, ContainerSpec spec) {
    Image image =
        images
            .find(spec.image())
            .orElseThrow(
                () ->
                    new StartException(
                        "ErrImagePull", "image " + spec.image() + " is not loaded", null));
    String containerId = place.uid() + "-" + spec.name() + "-" + spec.attempt();
    Path home = container(place.uid(), containerId);
    try {
      Path rootfs = overlay(home, image);
      Bundle.Place at =
          new Bundle.Place(
              rootfs,
              place.hostName(),
              namespaces(place, spec),
              place.sysctls(),
              "/havn-" + id + "/" + place.uid() + "/" + spec.name() + "-" + spec.attempt());
      new Bundle(spec, image, at).write(home);
      record(home, containerId, spec, image);
      launch(home, containerId, spec);
    } catch (IOException e) {
      remove(place.uid(), containerId);
      throw new StartException(
          "RunContainerError",
          "failed to start container \"%s\": %s".formatted(spec.name(), e.getMessage()),
          e);
    }
  }

  /// By kind: the path of the namespace to join, or an empty one for a new one.
  private Map<String, String> namespaces(PodPlace place, ContainerSpec spec) throws IOException {
    Map<String, String> paths = namespaces.of(place);
    if (!place.sharing().hostNetwork()) {
      paths.put("network", "/run/netns/" + network.namespace(place.uid()));
    }
    if (!spec.processesOf().isEmpty()) {
      for (Container each : containers(place.uid())) {
        if (each.name().equals(spec.processesOf()) && each.running()) {
          Path pid = container(place.uid(), each.id()).resolve("pid");
          paths.put("pid", "/proc/" + Files.readString(pid).strip() + "/ns/pid");
        }
      }
    }
    return paths;
  }

  private static Path overlay(Path home, Image image) throws IOException {
    Path rootfs = Files.createDirectories(home.resolve("rootfs"));
    Path upper = Files.createDirectories(home.resolve("upper"));
    Path work = Files.createDirectories(home.resolve("work"));
    Program.must(List.of("chmod", "755", upper.toString(), rootfs.toString()));
    Program.must(
        List.of(
            "mount",
            "-t",
            "overlay",
            "overlay",
            "-o",
            "lowerdir=" + image.rootfs() + ",upperdir=" + upper + ",workdir=" + work,
            rootfs.toString()));
    return rootfs;
  }

  private void record(Path home, String containerId, ContainerSpec spec, Image image)
      throws IOException {
    ObjectNode json = JSON.createObjectNode().put("id", containerId).put("name", spec.name());
    json.put("attempt", spec.attempt()).put("image", spec.image()).put("imageId", image.id());
    json.put("started", clock.instant().toString()).put("tty", spec.terminal().tty());
    Files.writeString(home.resolve("container.json"), json.toString());
  }

  private void launch(Path home, String containerId, ContainerSpec spec) throws IOException {
    List<String> command = new ArrayList<>(List.of("conmon", "--api-version", "1"));
    command.addAll(List.of("-c", containerId, "-u", containerId, "-n", spec.name()));
    command.addAll(List.of("-r", Program.must(List.of("sh", "-c", "command -v runc"))));
    command.addAll(List.of("-b", home.toString(), "-p", home.resolve("pid").toString()));
    command.addAll(List.of("--exit-dir", folder.resolve("exits").toString()));
    command.addAll(List.of("--persist-dir", home.toString()));
    command.addAll(List.of("-l", "k8s-file:" + home.resolve("log")));
    command.addAll(List.of("--full-attach", "--log-level", "error"));
    if (spec.terminal().tty()) {
      command.add("-t");
    }
    if (spec.terminal().stdin()) {
      command.add("-i");
      if (!spec.terminal().once()) {
        command.add("--leave-stdin-open");
      }
    }
    Program.Result result =
        Program.run(
            List.of(
                "sh", "-c", quote(command) + " >/dev/null 2>'" + home.resolve("conmon.log") + "'"));
    if (!result.ok()) {
      throw new IOException(Files.readString(home.resolve("conmon.log")).strip());
    }
    for (int look = 0; !Files.exists(home.resolve("pid")); look++) {
      if (look == PID_LOOKS_MAX || Files.exists(exit(containerId))) {
        throw new IOException(
            "runc create failed: "
                + Files.readString(home.resolve("conmon.log")).strip()
                + createLog(home));
      }
      Pause.brief();
    }
    Program.must(List.of("runc", "start", containerId));
  }

  private static String createLog(Path home) throws IOException {
    Path log = home.resolve("log");
    return Files.exists(log) ? Files.readString(log).strip() : "";
  }

  private static String quote(List<String> words) {
    StringBuilder line = new StringBuilder();
    words.forEach(word -> line.append('\'').append(word.replace("'", "'\\''")).append("' "));
    return line.toString();
  }

  @Override
  public List<Container> containers(String podUid) {
    Path all = pod(podUid).resolve("containers");
    if (!Files.isDirectory(all)) {
      return List.of();
    }
    List<Container> found = new ArrayList<>();
    try (Stream<Path> homes = Files.list(all)) {
      for (Path home : homes.toList()) {
        @Nullable Container container = read(home);
        if (container != null) {
          found.add(container);
        }
      }
    } catch (IOException e) {
      throw new StartException(
          "RuntimeError", "containers of " + podUid + ": " + e.getMessage(), e);
    }
    found.sort(Comparator.comparingInt(Container::attempt));
    return found;
  }

  private @Nullable Container read(Path home) throws IOException {
    Path file = home.resolve("container.json");
    if (!Files.exists(file)) {
      return null;
    }
    JsonNode json = JSON.readTree(file.toFile());
    String containerId = json.path("id").asText();
    Path exit = exit(containerId);
    @Nullable Instant finished = null;
    int code = 0;
    if (Files.exists(exit)) {
      finished = Files.getLastModifiedTime(exit).toInstant();
      String text = Files.readString(exit).strip();
      code = text.matches("-?[0-9]{1,9}") ? Integer.parseInt(text) : 255;
    }
    return new Container(
        containerId,
        json.path("name").asText(),
        json.path("attempt").asInt(),
        json.path("image").asText(),
        json.path("imageId").asText(),
        Instant.parse(json.path("started").asText()),
        finished,
        code,
        Files.exists(home.resolve("oom")),
        home.resolve("log"));
  }

  @Override
  public void stop(String podUid, String containerId, Duration grace) {
    signal(containerId, grace.isZero() ? "KILL" : "TERM");
    if (!grace.isZero()) {
      var unused =
          executor.schedule(
              () -> signal(containerId, "KILL"), grace.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void signal(String containerId, String signal) {
    if (Files.exists(exit(containerId))) {
      return;
    }
    try {
      Program.Result result = Program.run(List.of("runc", "kill", containerId, signal));
      if (!result.ok()) {
        LOG.info("{} of {}: {}", signal, containerId, result.output());
      }
    } catch (IOException e) {
      LOG.warn("{} of {}: {}", signal, containerId, e.getMessage());
    }
  }

  @Override
  public void resize(String podUid, String containerId, Resources resources) {
    List<String> command = new ArrayList<>(List.of("runc"));
    command.addAll(RuncUpdate.words(containerId, resources));
    try {
      Program.must(command);
    } catch (IOException e) {
      throw new StartException("ResizeError", "resize: " + e.getMessage(), e);
    }
  }

  @Override
  public void remove(String podUid, String containerId) {
    Path home = container(podUid, containerId);
    try {
      Program.run(List.of("runc", "delete", "--force", containerId));
      if (Files.exists(home.resolve("rootfs"))) {
        Program.run(List.of("umount", "-l", home.resolve("rootfs").toString()));
      }
      Program.must(List.of("rm", "-rf", "--one-file-system", home.toString()));
      Files.deleteIfExists(exit(containerId));
      told.remove(containerId);
    } catch (IOException e) {
      LOG.warn("container {} is not wholly removed: {}", containerId, e.getMessage());
    }
  }

  @Override
  public void removePod(String podUid) {
    for (Container each : containers(podUid)) {
      remove(podUid, each.id());
    }
    try {
      network.remove(podUid);
      namespaces.remove(podUid);
      Program.must(List.of("rm", "-rf", "--one-file-system", pod(podUid).toString()));
      Program.run(
          List.of(
              "sh",
              "-c",
              "rmdir /sys/fs/cgroup/havn-"
                  + id
                  + "/"
                  + podUid
                  + " /sys/fs/cgroup/*/havn-"
                  + id
                  + "/"
                  + podUid
                  + " 2>/dev/null"));
    } catch (IOException e) {
      LOG.warn("pod {} is not wholly removed: {}", podUid, e.getMessage());
    }
  }

  @Override
  public List<String> pods() {
    try (Stream<Path> all = Files.list(folder.resolve("pods"))) {
      return all.map(path -> String.valueOf(path.getFileName())).toList();
    } catch (IOException e) {
      throw new StartException("RuntimeError", "pods in " + folder + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void onChange(Consumer<String> listener) {
    changed = listener;
  }

  @Override
  public int exec(
      String podUid,
      String containerId,
      List<String> command,
      boolean tty,
      Streams streams,
      Duration timeout) {
    List<String> words = new ArrayList<>(List.of("runc", "exec"));
    if (tty) {
      words.add("-t");
    }
    words.add(containerId);
    words.addAll(command);
    return RuncExec.run(
        tty ? List.of("script", "-qefc", quote(words), "/dev/null") : words, streams, timeout);
  }

  @Override
  public void attach(String podUid, String containerId, boolean tty, Streams streams) {
    Path home = container(podUid, containerId);
    try (Attachment attachment = new Attachment(home, tty)) {
      attachment.run(streams);
    } catch (IOException e) {
      throw new StartException("AttachError", "attach: " + e.getMessage(), e);
    }
  }

  @Override
  public void connect(String podUid, int port, InputStream in, OutputStream out) {
    try (Socket socket = new Socket()) {
      String address = network.ensure(podUid);
      socket.connect(new InetSocketAddress(address, port));
      Thread upward =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      in.transferTo(socket.getOutputStream());
                      socket.shutdownOutput();
                    } catch (IOException e) {
                      LOG.debug("forwarding to port {} ends: {}", port, e.getMessage());
                    }
                  });
      socket.getInputStream().transferTo(out);
      upward.interrupt();
    } catch (IOException e) {
      throw new StartException("ForwardError", "port " + port + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void removeAll() {
    pods().forEach(this::removePod);
    try {
      network.removeAll();
      namespaces.removeAll();
      Program.run(
          List.of(
              "sh",
              "-c",
              "rmdir /sys/fs/cgroup/havn-" + id + " /sys/fs/cgroup/*/havn-" + id + " 2>/dev/null"));
    } catch (IOException e) {
      LOG.warn("the network of {} is not wholly removed: {}", id, e.getMessage());
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
