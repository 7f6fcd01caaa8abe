// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// What `/version` says.
final class VersionPage {
  private VersionPage() {}

  static ObjectNode json() {
    ObjectNode version = JsonNodeFactory.instance.objectNode();
    version.put("major", "1").put("minor", "36");
    version.put("emulationMajor", "1").put("emulationMinor", "36");
    version.put("minCompatibilityMajor", "1").put("minCompatibilityMinor", "35");
    version
        .put("gitVersion", ApiServer.VERSION)
        .put("gitCommit", "havn")
        .put("gitTreeState", "clean");
    version.put("buildDate", "1970-01-01T00:00:00Z").put("goVersion", "none");
    version.put("compiler", "javac");
    version.put("platform", "linux/" + System.getProperty("os.arch"));
    return version;
  }
}
