// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.discovery.Discovery;
import dev.havn.apiserver.discovery.OpenApi;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What the server says of what it serves; made anew when that changes.
///
/// @param types all that are there, also those that are not shown
record Published(List<ResourceType> types, Discovery discovery, OpenApi openApi) {
  /// @param served which types are shown
  /// @param before whose documents are kept where nothing has changed
  static Published of(
      List<ResourceType> types, Predicate<ResourceType> served, @Nullable Published before) {
    List<ResourceType> shown = types.stream().filter(served).toList();
    return new Published(
        types,
        new Discovery(shown),
        before == null ? new OpenApi(shown) : before.openApi().with(shown));
  }
}
