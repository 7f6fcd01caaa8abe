// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.reconcile.LabelSelectors;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whom a selector means; none means all, as does an empty one.
record Selector(@Nullable LabelSelector selector) {
  boolean selects(Map<String, String> labels) {
    return selector == null || LabelSelectors.matches(selector, labels);
  }
}
