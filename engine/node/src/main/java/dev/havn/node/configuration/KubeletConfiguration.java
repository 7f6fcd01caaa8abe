// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How nodes work, in the format of a kubelet's `--config` file: `KubeletConfiguration` of
/// `kubelet.config.k8s.io/v1beta1`. Fields that nobody here would follow are refused.
///
/// @param imagesShownMax in a node's status, -1 for all of them
/// @param staticPodPath a folder of pods, or one of them; empty for that of the data directory
/// @param podProcessesMax processes and threads of a pod, -1 for no bound
/// @param namedSocket at which a runtime listens, empty where none is named
public record KubeletConfiguration(
    EvictionPolicy evictions,
    ImagePolicy images,
    int imagesShownMax,
    String staticPodPath,
    int podProcessesMax,
    String namedSocket,
    Shutdown shutdown,
    AllowedSysctls sysctls) {
  /// The field that names the socket of a runtime.
  public static final String RUNTIME_ENDPOINT = "containerRuntimeEndpoint";

  private static final String VERSION = "kubelet.config.k8s.io/v1beta1";
  private static final String KIND = "KubeletConfiguration";
  private static final String UNIX = "unix://";
  private static final Path CONTAINERD = Path.of("/run/containerd/containerd.sock");

  /// A kubelet has no bound where nobody says one: on a machine that others use as well, a single
  /// pod would take the last number of a process.
  private static final int POD_PROCESSES_MAX = 4_096;

  private static final Pattern PART = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(h|ms|m|s)");
  private static final Map<String, Integer> MILLIS =
      Map.of("h", 3_600_000, "m", 60_000, "s", 1_000, "ms", 1);
  private static final Set<String> FIELDS =
      new TreeSet<>(
          Set.of(
              "apiVersion",
              "kind",
              "allowedUnsafeSysctls",
              RUNTIME_ENDPOINT,
              "evictionHard",
              "evictionSoft",
              "evictionSoftGracePeriod",
              "evictionPressureTransitionPeriod",
              "evictionMaxPodGracePeriod",
              "evictionMinimumReclaim",
              "imageGCHighThresholdPercent",
              "imageGCLowThresholdPercent",
              "imageMinimumGCAge",
              "imageMaximumGCAge",
              "nodeStatusMaxImages",
              "podPidsLimit",
              "shutdownGracePeriod",
              "shutdownGracePeriodCriticalPods",
              "staticPodPath"));

  /// How long pods have when their node is shut down.
  ///
  /// @param all zero: as when a machine is switched off
  /// @param critical the part of it that is for critical pods
  public record Shutdown(Duration all, Duration critical) {}

  public static final KubeletConfiguration STANDARD = read(JsonNodeFactory.instance.objectNode());

  /// Reads and checks it.
  ///
  /// @throws IllegalArgumentException says what is wrong
  public static KubeletConfiguration of(JsonNode json) {
    if (!json.path("apiVersion").asText("").equals(VERSION)
        || !json.path("kind").asText("").equals(KIND)) {
      throw new IllegalArgumentException("expected kind " + KIND + " of " + VERSION);
    }
    for (Map.Entry<String, JsonNode> each : json.properties()) {
      if (!FIELDS.contains(each.getKey())) {
        throw new IllegalArgumentException(
            "field \"%s\" is not followed: those are %s".formatted(each.getKey(), FIELDS));
      }
    }
    return read(json);
  }

  private static KubeletConfiguration read(JsonNode json) {
    return new KubeletConfiguration(
        EvictionPolicy.of(json),
        images(json),
        number(json, "nodeStatusMaxImages", 50, -1, 100_000),
        json.path("staticPodPath").asText(""),
        number(json, "podPidsLimit", POD_PROCESSES_MAX, -1, Integer.MAX_VALUE),
        namedSocket(json),
        shutdown(json),
        AllowedSysctls.of(json));
  }

  /// At which the runtime `containerd` listens.
  public Path runtimeSocket() {
    return namedSocket.isEmpty() ? CONTAINERD : Path.of(namedSocket);
  }

  private static String namedSocket(JsonNode json) {
    String endpoint = json.path(RUNTIME_ENDPOINT).asText("");
    if (endpoint.isEmpty()) {
      return "";
    }
    String path = endpoint.startsWith(UNIX) ? endpoint.substring(UNIX.length()) : endpoint;
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException(
          "%s must be a socket of this machine such as unix://%s, not '%s'"
              .formatted(RUNTIME_ENDPOINT, CONTAINERD, endpoint));
    }
    return path;
  }

  private static ImagePolicy images(JsonNode json) {
    ImagePolicy usual = ImagePolicy.STANDARD;
    int high = number(json, "imageGCHighThresholdPercent", usual.highPercent(), 0, 100);
    int low = number(json, "imageGCLowThresholdPercent", usual.lowPercent(), 0, 100);
    if (low >= high) {
      throw new IllegalArgumentException(
          "imageGCLowThresholdPercent %d must be less than imageGCHighThresholdPercent %d"
              .formatted(low, high));
    }
    Duration ageMin = duration(json, "imageMinimumGCAge", usual.ageMin());
    Duration unusedMax = duration(json, "imageMaximumGCAge", usual.unusedMax());
    if (!unusedMax.isZero() && unusedMax.compareTo(ageMin) <= 0) {
      throw new IllegalArgumentException("imageMaximumGCAge must be more than imageMinimumGCAge");
    }
    return new ImagePolicy(high, low, ageMin, unusedMax);
  }

  private static Shutdown shutdown(JsonNode json) {
    Duration all = duration(json, "shutdownGracePeriod", Duration.ZERO);
    Duration critical = duration(json, "shutdownGracePeriodCriticalPods", Duration.ZERO);
    if (critical.compareTo(all) > 0) {
      throw new IllegalArgumentException(
          "shutdownGracePeriodCriticalPods must not be more than shutdownGracePeriod");
    }
    return new Shutdown(all, critical);
  }

  static int number(JsonNode json, String field, int otherwise, int least, int most) {
    JsonNode value = json.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.canConvertToInt() || value.intValue() < least || value.intValue() > most) {
      throw new IllegalArgumentException(
          "%s must be a whole number from %d to %d".formatted(field, least, most));
    }
    return value.intValue();
  }

  /// As Go writes them: `1m30s`.
  static Duration duration(JsonNode json, String field, Duration otherwise) {
    JsonNode value = json.path(field);
    return value.isMissingNode() || value.isNull() ? otherwise : duration(field, value);
  }

  /// As [#duration(JsonNode, String, Duration)], of a value that is there.
  ///
  /// @param field its name, for errors
  /// @throws IllegalArgumentException when it is no duration, or a negative one
  public static Duration duration(String field, JsonNode value) {
    String text = value.asText();
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    int at = 0;
    while (at < text.length() && part.find(at) && part.start() == at) {
      BigDecimal amount =
          new BigDecimal(part.group(1))
              .multiply(BigDecimal.valueOf(MILLIS.getOrDefault(part.group(2), 0)));
      sum = sum.plusMillis(amount.setScale(0, RoundingMode.HALF_UP).longValue());
      at = part.end();
    }
    if (at < text.length() || (text.isEmpty())) {
      if (text.equals("0")) {
        return Duration.ZERO;
      }
      throw new IllegalArgumentException(
          "%s must be a duration such as 1m30s, not '%s'".formatted(field, text));
    }
    return sum;
  }
}
