// SPDX-License-Identifier: Apache-2.0
/// The data plane: listens, finds the rule of a request in the table of the moment and carries
/// bytes both ways, no faster than the slower side takes them. Start with [Proxy].
///
/// Everything about a connection, and what it is joined with, happens on one event loop of Netty,
/// without locks. Waits are those of sockets, so they are in the machine's time. May be imported
/// by: `dev.havn.ingress`.
@NullMarked
package dev.havn.ingress.proxy;

import org.jspecify.annotations.NullMarked;
