// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// How a command ended, as the `Status` that clients read.
final class ExitStatus {
  private ExitStatus() {}

  static ObjectNode of(int code) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.putObject("metadata");
    if (code == 0) {
      return status.put("status", "Success");
    }
    status.put("status", "Failure");
    status.put("message", "command terminated with non-zero exit code: exit status " + code);
    status.put("reason", "NonZeroExitCode");
    status
        .putObject("details")
        .putArray("causes")
        .addObject()
        .put("reason", "ExitCode")
        .put("message", String.valueOf(code));
    return status;
  }
}
