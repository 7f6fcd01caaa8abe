// SPDX-License-Identifier: Apache-2.0
package dev.havn.addresses;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The addresses that a cluster, a node or a Service has: a range of one family, or one of each
/// (KEP-563). Outside they are in CIDR notation with a comma between.
///
/// @param all the cluster's own family first
public record Ranges(List<AddressRange> all) {
  /// @throws IllegalArgumentException when there is none, or several of a family
  public Ranges {
    all = List.copyOf(all);
    Set<AddressFamily> families = new HashSet<>();
    if (all.isEmpty() || !all.stream().allMatch(each -> families.add(each.family()))) {
      throw new IllegalArgumentException(
          all + " must be one range of addresses, or one of each family");
    }
  }

  /// @param text such as `10.244.0.0/16`, `fd00:10:244::/56` or `10.244.0.0/16,fd00:10:244::/56`
  /// @throws IllegalArgumentException when it is none of these
  public static Ranges parse(String text) {
    return new Ranges(Stream.of(text.split(",", -1)).map(AddressRange::parse).toList());
  }

  /// The one of the cluster's own family.
  public AddressRange first() {
    return all.getFirst();
  }

  public Optional<AddressRange> of(AddressFamily family) {
    return all.stream().filter(each -> each.family() == family).findFirst();
  }

  public boolean has(AddressFamily family) {
    return of(family).isPresent();
  }

  /// The cluster's own first.
  public List<AddressFamily> families() {
    return all.stream().map(AddressRange::family).toList();
  }

  public boolean contains(String address) {
    return all.stream().anyMatch(each -> each.contains(address));
  }

  /// How many nodes have room for their pods in each.
  public int nodes() {
    return all.stream().mapToInt(AddressRange::nodes).min().orElseThrow();
  }

  /// The addresses of one node's pods: of each family those with the same number.
  ///
  /// @param index from 0
  public Ranges ofNode(int index) {
    return new Ranges(all.stream().map(each -> each.ofNode(index)).toList());
  }

  /// Those with this number, of each family.
  public List<String> addresses(long number) {
    return all.stream().map(each -> each.address(number)).toList();
  }

  @Override
  public String toString() {
    return all.stream().map(AddressRange::toString).collect(Collectors.joining(","));
  }
}
