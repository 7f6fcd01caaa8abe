// SPDX-License-Identifier: Apache-2.0
/// The Container Runtime Interface, version 1: what a node says to containerd, CRI-O and their
/// like. Start at `CriClient`. Streams come over SPDY, of which `Spdy` is the client.
///
/// May be imported by: `dev.havn.node.runtime`, `server`.
@NullMarked
package dev.havn.node.cri;

import org.jspecify.annotations.NullMarked;
