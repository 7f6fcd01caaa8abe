// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// A kubeconfig file, into which a cluster's context is merged and from which it is removed.
/// Everything else in the file stays.
public final class Kubeconfig {
  private static final List<String> LISTS = List.of("clusters", "users", "contexts");

  private final Path file;

  public Kubeconfig(Path file) {
    this.file = file;
  }

  /// The file that kubectl would use: the first of `KUBECONFIG`, else `~/.kube/config`.
  public static Path ofKubectl(Map<String, String> environment) {
    String listed = environment.getOrDefault("KUBECONFIG", "");
    for (String each : listed.split(java.io.File.pathSeparator, -1)) {
      if (!each.isBlank()) {
        return Path.of(each);
      }
    }
    return Path.of(
        environment.getOrDefault("HOME", System.getProperty("user.home")), ".kube", "config");
  }

  /// What a context consists of; the strings are PEM.
  public record Access(
      String server, String authority, String clientCertificate, String clientKey) {}

  /// Adds or replaces the entries called `name` and makes it the current context.
  public void merge(String name, Access access) {
    Map<String, Object> config = read();
    put(config, "clusters", name, "cluster", cluster(access));
    put(config, "users", name, "user", user(access));
    put(config, "contexts", name, "context", Map.of("cluster", name, "user", name));
    config.put("current-context", name);
    write(config);
  }

  /// Removes the entries called `name`; a file without them stays as it is.
  public void remove(String name) {
    if (!Files.exists(file)) {
      return;
    }
    Map<String, Object> config = read();
    for (String list : LISTS) {
      entries(config, list).removeIf(entry -> name.equals(entry.get("name")));
    }
    if (name.equals(config.get("current-context"))) {
      config.put("current-context", "");
    }
    write(config);
  }

  private static Map<String, Object> cluster(Access access) {
    Map<String, Object> cluster = new LinkedHashMap<>();
    cluster.put("certificate-authority-data", base64(access.authority()));
    cluster.put("server", access.server());
    return cluster;
  }

  private static Map<String, Object> user(Access access) {
    Map<String, Object> user = new LinkedHashMap<>();
    user.put("client-certificate-data", base64(access.clientCertificate()));
    user.put("client-key-data", base64(access.clientKey()));
    return user;
  }

  private static String base64(String pem) {
    return Base64.getEncoder()
        .encodeToString(pem.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private static void put(
      Map<String, Object> config, String list, String name, String noun, Object value) {
    List<Map<String, Object>> entries = entries(config, list);
    entries.removeIf(entry -> name.equals(entry.get("name")));
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", name);
    entry.put(noun, value);
    entries.add(entry);
  }

  @SuppressWarnings("unchecked") // checked element by element
  private static List<Map<String, Object>> entries(Map<String, Object> config, String list) {
    List<Map<String, Object>> entries = new ArrayList<>();
    if (config.get(list) instanceof List<?> present) {
      for (Object entry : present) {
        if (entry instanceof Map<?, ?> map) {
          entries.add((Map<String, Object>) map);
        }
      }
    }
    config.put(list, entries);
    return entries;
  }

  @SuppressWarnings("unchecked") // a YAML mapping's keys that matter here are strings
  private Map<String, Object> read() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("apiVersion", "v1");
    config.put("kind", "Config");
    try {
      if (Files.exists(file)) {
        @Nullable Object loaded =
            new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
        if (loaded instanceof Map<?, ?> map) {
          config.putAll((Map<String, Object>) map);
        } else if (loaded != null) {
          throw new StartException(notKubeconfig("it is no YAML mapping"));
        }
      }
    } catch (IOException | YamlEngineException e) {
      throw new StartException(notKubeconfig(String.valueOf(e.getMessage())), e);
    }
    return config;
  }

  private String notKubeconfig(String why) {
    return "kubeconfig "
        + file
        + " cannot be read ("
        + why.lines().findFirst().orElse("")
        + "): mend it, or name another with --kubeconfig";
  }

  private void write(Map<String, Object> config) {
    try {
      Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
      Path folder = target.getParent();
      if (folder == null) {
        throw new StartException("kubeconfig " + file + " is no file name");
      }
      Files.createDirectories(folder);
      Path fresh =
          Files.createTempFile(
              folder,
              ".kubeconfig",
              "",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      DumpSettings block = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
      Files.writeString(fresh, new Dump(block).dumpToString(config));
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StartException(
          "kubeconfig "
              + file
              + " cannot be written ("
              + e.getMessage()
              + "): name another with --kubeconfig",
          e);
    }
  }
}
