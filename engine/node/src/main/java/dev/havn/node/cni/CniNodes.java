// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

/// Plugins that make the networks of all nodes of a server.
///
/// @param several whether there is more than one node: they find each other's pods by the ranges of
///   their addresses, so that no pod may have one of another range
public record CniNodes(CniPlaces places, Neighbours neighbours, boolean several) {}
