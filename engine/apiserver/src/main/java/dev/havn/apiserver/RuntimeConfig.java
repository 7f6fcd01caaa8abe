// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which versions of Kubernetes' groups are served, as `--runtime-config` of kube-apiserver says
/// it: `api/all=false,apps/v1=true`. A version that is named wins over `api/ga`, `api/beta` and
/// `api/alpha`, and these over `api/all`. Custom resources are always served, and the parts of this
/// process find everything.
///
/// @param said in the order given
public record RuntimeConfig(Map<String, Boolean> said) {
  /// Everything is served.
  public static final RuntimeConfig ALL = new RuntimeConfig(Map.of());

  private static final String EVERYTHING = "api/all";
  private static final Set<String> KINDS = Set.of(EVERYTHING, "api/ga", "api/beta", "api/alpha");

  /// Reads what is said; a key without a value is switched on.
  ///
  /// @param known group versions, `v1` for the core group
  /// @throws IllegalArgumentException with the part that cannot be meant
  public static RuntimeConfig parse(String text, Set<String> known) {
    Map<String, Boolean> said = new LinkedHashMap<>();
    for (String part : text.split(",")) {
      String[] pair = part.strip().split("=", 2);
      String key = pair[0].equals("api/v1") ? "v1" : pair[0];
      String value = pair.length == 1 ? "true" : pair[1];
      if (!KINDS.contains(key) && !known.contains(key)) {
        throw new IllegalArgumentException(
            "unknown api group version '" + key + "': there are " + new TreeSet<>(known));
      }
      if (!value.equals("true") && !value.equals("false")) {
        throw new IllegalArgumentException(key + " must be true or false, not '" + value + "'");
      }
      said.put(key, value.equals("true"));
    }
    return new RuntimeConfig(Map.copyOf(said));
  }

  /// Whether a version of a group of Kubernetes is served.
  public boolean serves(String apiVersion) {
    return said.isEmpty() || decided(apiVersion, true);
  }

  /// Whether a version is switched on that is served to nobody who does not ask for it.
  public boolean asksFor(String apiVersion) {
    return decided(apiVersion, false);
  }

  private boolean decided(String apiVersion, boolean otherwise) {
    String version = apiVersion.substring(apiVersion.indexOf('/') + 1);
    String kind =
        version.contains("alpha") ? "api/alpha" : version.contains("beta") ? "api/beta" : "api/ga";
    for (String key : new String[] {apiVersion, kind, EVERYTHING}) {
      @Nullable Boolean value = said.get(key);
      if (value != null) {
        return value;
      }
    }
    return otherwise;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(said)
        .forEach((key, value) -> text.append(text.isEmpty() ? "" : ",").append(key + "=" + value));
    return text.toString();
  }
}
