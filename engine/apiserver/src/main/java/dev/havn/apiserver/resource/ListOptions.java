// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What must be right in the options of a list or a watch.
final class ListOptions {
  private static final String MATCH = "resourceVersionMatch";
  private static final String INITIAL = "sendInitialEvents";

  private ListOptions() {}

  static void check(Call call) {
    call.number("timeoutSeconds", 0);
    call.number("limit", 0);
    List<FieldError> errors = new ArrayList<>();
    if (call.query(INITIAL) != null) {
      checkInitialEvents(call, errors);
      refuse(errors);
      return;
    }
    @Nullable String match = call.query(MATCH);
    boolean watch = call.info().verb().equals("watch");
    if (match != null) {
      if (watch) {
        errors.add(
            FieldError.forbidden(
                MATCH,
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
      } else {
        checkMatch(call, match, errors);
      }
    } else if (watch && call.query("continue") != null) {
      errors.add(
          FieldError.forbidden(
              MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
    refuse(errors);
  }

  private static void checkMatch(Call call, String match, List<FieldError> errors) {
    @Nullable String revision = call.query("resourceVersion");
    if (revision == null) {
      errors.add(
          FieldError.forbidden(
              MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (call.query("continue") != null) {
      errors.add(
          FieldError.forbidden(
              MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
    List<String> known = List.of("Exact", "NotOlderThan", "");
    if (!known.contains(match)) {
      errors.add(FieldError.notSupported(MATCH, match, known));
    }
    if (match.equals("Exact") && "0".equals(revision)) {
      errors.add(
          FieldError.forbidden(
              MATCH, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
    }
  }

  private static void checkInitialEvents(Call call, List<FieldError> errors) {
    @Nullable String match = call.query(MATCH);
    if (!call.info().verb().equals("watch")) {
      errors.add(FieldError.forbidden(INITIAL, "sendInitialEvents is forbidden for list"));
      return;
    }
    String expected = "NotOlderThan";
    if (!expected.equals(match)) {
      errors.add(
          FieldError.forbidden(
              MATCH, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
      if (match != null) {
        errors.add(FieldError.notSupported(MATCH, match, List.of(expected)));
      }
    }
    if (call.query("continue") != null) {
      errors.add(
          FieldError.forbidden(
              MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
  }

  private static void refuse(List<FieldError> errors) {
    if (!errors.isEmpty()) {
      throw ApiException.invalid("meta.k8s.io", "ListOptions", "", errors);
    }
  }
}
