// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.server.Configuration.RuntimeChoice;
import dev.havn.server.Configuration.StoreChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// The YAML file of `havn up --config`: one mapping whose keys are the long flags without their
/// dashes, and `service-range` and `pod-range`. Unknown keys are errors.
public final class ConfigurationFile {
  private static final Set<String> KEYS =
      new TreeSet<>(
          Set.of(
              "bind",
              "port",
              "kubeconfig",
              "nodes",
              "runtime",
              "store",
              "service-range",
              "pod-range"));

  private final Path file;
  private final Map<?, ?> values;

  private ConfigurationFile(Path file, Map<?, ?> values) {
    this.file = file;
    this.values = values;
  }

  /// What the file says, over `base` where it says nothing.
  public static Configuration read(Path file, Configuration base) {
    ConfigurationFile yaml = new ConfigurationFile(file, load(file));
    yaml.refuseUnknownKeys();
    @Nullable String kubeconfig = yaml.text("kubeconfig");
    return new Configuration(
        base.dataDirectory(),
        yaml.text("bind", base.bind()),
        yaml.number("port", base.port()),
        kubeconfig == null ? base.kubeconfig() : Path.of(kubeconfig).toAbsolutePath(),
        yaml.number("nodes", base.nodes()),
        yaml.choice("runtime", RuntimeChoice.class, base.runtime()),
        yaml.choice("store", StoreChoice.class, base.store()),
        yaml.text("service-range", base.serviceRange()),
        yaml.text("pod-range", base.podRange()));
  }

  private static Map<?, ?> load(Path file) {
    try {
      @Nullable Object loaded =
          new Load(LoadSettings.builder().setLabel(file.toString()).build())
              .loadFromString(Files.readString(file));
      if (loaded == null) {
        return Map.of();
      }
      if (loaded instanceof Map<?, ?> map) {
        return map;
      }
      throw new StartException(
          "configuration " + file + " is no YAML mapping: its keys may be " + KEYS);
    } catch (IOException e) {
      throw new StartException("configuration " + file + " cannot be read: " + e.getMessage(), e);
    } catch (YamlEngineException e) {
      String where = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
      throw new StartException("configuration " + file + " is no YAML: " + where, e);
    }
  }

  private void refuseUnknownKeys() {
    for (Object key : values.keySet()) {
      if (!KEYS.contains(String.valueOf(key))) {
        throw new StartException(
            "configuration " + file + " has the unknown key '" + key + "': there are " + KEYS);
      }
    }
  }

  private @Nullable String text(String key) {
    @Nullable Object value = values.get(key);
    return value == null ? null : value.toString();
  }

  private String text(String key, String otherwise) {
    @Nullable String value = text(key);
    return value == null ? otherwise : value;
  }

  private int number(String key, int otherwise) {
    @Nullable Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Integer number) {
      return number;
    }
    throw new StartException(
        "configuration " + file + ": " + key + " must be a whole number, not '" + value + "'");
  }

  private <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
    @Nullable String value = text(key);
    if (value == null) {
      return otherwise;
    }
    for (E each : type.getEnumConstants()) {
      if (each.name().equals(value.toUpperCase(Locale.ROOT))) {
        return each;
      }
    }
    throw new StartException(
        "configuration "
            + file
            + ": "
            + key
            + " must be one of "
            + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT)
            + ", not '"
            + value
            + "'");
  }
}
