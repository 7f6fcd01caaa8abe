// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

/// A node of this machine as packets see it.
///
/// @param node its name
/// @param link the bridge of its pods
/// @param address by which it is reached
/// @param zone that its labels name, empty for none
public record Place(String node, String link, String address, String zone) {}
