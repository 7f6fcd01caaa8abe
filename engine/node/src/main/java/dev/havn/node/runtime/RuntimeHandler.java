// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

/// What a runtime keeps pods apart by, and what it can do; as `status.runtimeHandlers` of a node
/// tells of it.
///
/// @param name empty for the one of pods without a class
/// @param recursiveReadOnly mounts of volumes that hold others are read-only with all that is in
///   them
/// @param ownUsers gives pods users of their own
public record RuntimeHandler(String name, boolean recursiveReadOnly, boolean ownUsers) {}
