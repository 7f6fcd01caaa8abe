// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.addresses.AddressRange;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/// The nodes whose pods may have addresses that are not of the node's range, since plugins of CNI
/// give them.
///
/// @param names none where no plugins do so
/// @param ranges of these addresses, as far as they are known; they may change
public record PluggedNodes(Set<String> names, Supplier<List<AddressRange>> ranges) {
  public static final PluggedNodes NONE = new PluggedNodes(Set.of(), List::of);

  boolean isNone() {
    return names.isEmpty();
  }
}
