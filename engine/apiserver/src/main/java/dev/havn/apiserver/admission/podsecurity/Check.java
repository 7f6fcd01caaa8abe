// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/// One control of the Pod Security Standards.
@FunctionalInterface
interface Check {
  /// @param metadata of the pod or of the template of one
  Optional<Violation> of(JsonNode metadata, JsonNode spec);
}
