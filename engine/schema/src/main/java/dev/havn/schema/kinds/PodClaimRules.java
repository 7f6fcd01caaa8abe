// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;

/// Claims to devices: a pod names them, its containers use them by these names.
final class PodClaimRules {
  private PodClaimRules() {}

  /// @return the names by which containers may use claims
  static Set<String> check(At claims) {
    Set<String> names = new TreeSet<>();
    for (At claim : claims.items()) {
      At name = claim.at("name");
      if (name.needs()) {
        if (names.add(name.text())) {
          name.has(Formats::label);
        } else {
          name.duplicate();
        }
      }
      At direct = claim.at("resourceClaimName");
      At template = claim.at("resourceClaimTemplateName");
      if (direct.isThere() && template.isThere()) {
        claim.invalid(
            "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
      } else if (!direct.isThere() && !template.isThere()) {
        claim.invalid("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
      }
      direct.ifThere(each -> each.has(Formats::subdomain));
      template.ifThere(each -> each.has(Formats::subdomain));
    }
    return names;
  }

  /// @param ofPod the names that the pod gives
  static void used(At claims, Set<String> ofPod) {
    Set<String> seen = new HashSet<>();
    for (At claim : claims.items()) {
      String name = claim.at("name").text();
      if (name.isEmpty()) {
        claim.required("");
        continue;
      }
      once(claim, name, seen);
      if (!ofPod.contains(name)) {
        claim
            .errors()
            .add(
                new FieldError(
                    FieldError.Type.NOT_FOUND,
                    claim.path(),
                    '"' + name + '"',
                    "must be one of the names in pod.spec.resourceClaims"
                        + (ofPod.isEmpty() ? " which is empty" : ": " + String.join(", ", ofPod))));
      }
    }
  }

  /// A claim is used wholly, or by some of its requests, each once.
  private static void once(At claim, String name, Set<String> seen) {
    At request = claim.at("request");
    if (seen.contains(name)) {
      claim.errors().add(FieldError.duplicate(claim.path(), name));
      return;
    }
    String key = request.isEmpty() ? name : name + "/" + request.text();
    if (!request.isEmpty()) {
      request.has(Formats::label);
    }
    boolean overlaps =
        request.isEmpty() && seen.stream().anyMatch(each -> each.startsWith(name + "/"));
    if (overlaps || !seen.add(key)) {
      claim.errors().add(FieldError.duplicate(claim.path(), key));
    }
    seen.add(key);
  }
}
