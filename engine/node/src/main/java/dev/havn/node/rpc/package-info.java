// SPDX-License-Identifier: Apache-2.0
/// gRPC over Unix sockets, with plugins of the node and with runtimes. Loads gRPC with its first
/// use. Start at `UnixSockets`.
///
/// May be imported by: `dev.havn.node` and its packages.
@NullMarked
package dev.havn.node.rpc;

import org.jspecify.annotations.NullMarked;
